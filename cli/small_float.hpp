// Floating types narrower than f32, read bit by bit.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace topkit::cli {

// Sign, exponent and mantissa of a small float; the exponent of ones is NaN or infinity where the type has infinity.
inline float small_float(unsigned raw, int exponent_bits, int mantissa_bits, bool has_infinity) {
  const unsigned ones = (1U << exponent_bits) - 1, mantissa_ones = (1U << mantissa_bits) - 1;
  const unsigned exponent = raw >> mantissa_bits & ones, mantissa = raw & mantissa_ones;
  const int bias = static_cast<int>(ones >> 1);
  float magnitude = 0;
  if (exponent == ones && has_infinity)
    magnitude = mantissa == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  else if (exponent == ones && mantissa == mantissa_ones)
    magnitude = std::numeric_limits<float>::quiet_NaN();
  else if (exponent == 0)
    magnitude = std::ldexp(static_cast<float>(mantissa), 1 - bias - mantissa_bits);
  else
    magnitude =
        std::ldexp(static_cast<float>(mantissa + mantissa_ones + 1), static_cast<int>(exponent) - bias - mantissa_bits);
  return (raw >> (exponent_bits + mantissa_bits) & 1U) != 0 ? -magnitude : magnitude;
}

inline float f16_to_float(std::uint16_t raw) { return small_float(raw, 5, 10, true); }

}  // namespace topkit::cli
