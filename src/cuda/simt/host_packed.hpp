// Packed and NaN-keeping arithmetic of the host stand-in.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "host_types.hpp"

namespace topkit::simt {

inline float from_f16(std::uint16_t h) {
  const int exponent = h >> 10 & 31, mantissa = h & 1023;
  const float magnitude = exponent == 31  ? (mantissa != 0 ? NAN : INFINITY)
                          : exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -24)
                                          : std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
  return (h & 0x8000) != 0 ? -magnitude : magnitude;
}
inline float from_bf16(std::uint16_t h) { return std::bit_cast<float>(static_cast<std::uint32_t>(h) << 16); }

// max.NaN: the canonical NaN when one is there; +0 is above -0.
template <bool kMax, float (*decode)(std::uint16_t)>
std::uint32_t pick_nan(std::uint32_t a, std::uint32_t b) {
  return halves<std::uint16_t>(a, b, [](std::uint16_t x, std::uint16_t y) -> std::uint16_t {
    const float u = decode(x), v = decode(y);
    if (std::isnan(u) || std::isnan(v)) return 0x7FFF;
    if (u == v) return ((x & 0x8000) != 0) == kMax ? y : x;
    return (u > v) == kMax ? x : y;
  });
}
template <float (*decode)(std::uint16_t)>
std::uint32_t not_less_mask(std::uint32_t a, std::uint32_t b) {
  return halves<std::uint16_t>(
      a, b, [](std::uint16_t x, std::uint16_t y) -> std::uint16_t { return decode(x) < decode(y) ? 0 : 0xFFFF; });
}
template <bool kOrEqual, float (*decode)(std::uint16_t)>
std::uint32_t compare_mask(std::uint32_t a, std::uint32_t b) {
  return halves<std::uint16_t>(a, b, [](std::uint16_t x, std::uint16_t y) -> std::uint16_t {
    const float u = decode(x), v = decode(y);
    return u > v || (kOrEqual && u == v) ? 0xFFFF : 0;
  });
}

template <float (*decode)(std::uint16_t)>
std::uint32_t add_zero_halves(std::uint32_t v) {
  return halves<std::uint16_t>(v, v, [](std::uint16_t x, std::uint16_t) -> std::uint16_t {
    return std::isnan(decode(x)) ? 0x7FFF : x == 0x8000 ? 0 : x;
  });
}

}  // namespace topkit::simt

namespace topkit::cuda {

inline float max_nan(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return std::bit_cast<float>(0x7FFFFFFFU);
  return a == b ? (std::signbit(a) ? b : a) : (a > b ? a : b);
}
inline float min_nan(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return std::bit_cast<float>(0x7FFFFFFFU);
  return a == b ? (std::signbit(a) ? a : b) : (a < b ? a : b);
}
inline std::uint32_t max_nan_f16x2(std::uint32_t a, std::uint32_t b) {
  return simt::pick_nan<true, simt::from_f16>(a, b);
}
inline std::uint32_t min_nan_f16x2(std::uint32_t a, std::uint32_t b) {
  return simt::pick_nan<false, simt::from_f16>(a, b);
}
inline std::uint32_t max_nan_bf16x2(std::uint32_t a, std::uint32_t b) {
  return simt::pick_nan<true, simt::from_bf16>(a, b);
}
inline std::uint32_t min_nan_bf16x2(std::uint32_t a, std::uint32_t b) {
  return simt::pick_nan<false, simt::from_bf16>(a, b);
}
inline std::uint32_t gt_mask_f16x2(std::uint32_t a, std::uint32_t b) {
  return simt::compare_mask<false, simt::from_f16>(a, b);
}
inline std::uint32_t ge_mask_f16x2(std::uint32_t a, std::uint32_t b) {
  return simt::compare_mask<true, simt::from_f16>(a, b);
}
inline std::uint32_t gt_mask_bf16x2(std::uint32_t a, std::uint32_t b) {
  return simt::compare_mask<false, simt::from_bf16>(a, b);
}
inline std::uint32_t ge_mask_bf16x2(std::uint32_t a, std::uint32_t b) {
  return simt::compare_mask<true, simt::from_bf16>(a, b);
}

inline std::uint32_t not_less_f16x2(std::uint32_t a, std::uint32_t b) {
  return simt::not_less_mask<simt::from_f16>(a, b);
}
inline std::uint32_t not_less_bf16x2(std::uint32_t a, std::uint32_t b) {
  return simt::not_less_mask<simt::from_bf16>(a, b);
}

inline std::uint32_t float_bits(float v) { return std::bit_cast<std::uint32_t>(v); }
inline float f16_to_float(std::uint16_t bits) { return simt::from_f16(bits); }
inline float bits_float(std::uint32_t v) { return std::bit_cast<float>(v); }
// As the device has it: the sign of the difference, which is that of -0 for less_sign(-0, +0).
inline std::uint32_t less_sign(float a, float b) {
  const float difference = a - b;
  return std::isnan(difference) ? 0x7FFFFFFFU : std::bit_cast<std::uint32_t>(difference);
}
inline std::uint32_t half_signs(std::uint32_t v) {
  return ((v & 0x8000) != 0 ? 0xFFFFU : 0U) | ((v & 0x80000000U) != 0 ? 0xFFFF0000U : 0U);
}
inline std::uint32_t add_zero_f16x2(std::uint32_t v) { return simt::add_zero_halves<simt::from_f16>(v); }
inline std::uint32_t add_zero_bf16x2(std::uint32_t v) { return simt::add_zero_halves<simt::from_bf16>(v); }
inline float add_zero(float v) { return std::isnan(v) ? std::bit_cast<float>(0x7FFFFFFFU) : v + 0.0F; }

}  // namespace topkit::cuda
