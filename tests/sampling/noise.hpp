// The noise of a draw and its race, written out again in float64. The generator is held to published answers by
// philox_test.cpp.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "sampling/philox.hpp"

namespace topkit::test {

inline std::uint32_t noise(std::uint64_t seed, std::uint64_t position, std::uint32_t draw, std::uint32_t id,
                           bool second) {
  const std::uint32_t block = id / 4 + (second ? 0x80000000U : 0U);
  return sampling::philox<sampling::OneLane<>>(
             seed, {{block, draw, static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(position >> 32)}})
      .word[id % 4];
}

// -ln(1 - v) of the uniform v that the two words make.
inline double exponential(std::uint32_t r, std::uint32_t more) {
  const double low = r < 65536 ? (more + 0.5) * 0x1p-32 : 0.5;
  return -std::log1p(-(r + low) * 0x1p-32);
}

struct Raced {
  std::int64_t token;
  double margin;  // by which it won, in nats
};

// z: of all tokens; kept: those that run; kept[0] is the best.
inline Raced race(const std::vector<double>& z, const std::vector<std::int64_t>& kept, double t, std::uint64_t seed,
                  std::uint64_t position, std::uint32_t draw) {
  double best = -1e300, next = -1e300;
  std::int64_t token = -1;
  for (const std::int64_t i : kept) {
    const auto id = static_cast<std::uint32_t>(i);
    const double e = exponential(noise(seed, position, draw, id, false), noise(seed, position, draw, id, true));
    const double score = (z[static_cast<std::size_t>(i)] - z[static_cast<std::size_t>(kept[0])]) / t - std::log(e);
    if (score > best) {
      next = best;
      best = score;
      token = i;
    } else {
      next = std::max(next, score);
    }
  }
  return {token, best - next};
}

}  // namespace topkit::test
