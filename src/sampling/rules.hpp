// What one row asks, resolved: arrays read, clamped, and turned into the constants that its tokens meet.
#pragma once

#include <cstdint>

#include "args.hpp"
#include "math.hpp"

namespace topkit::sampling {

inline constexpr float kGreedyTemperature = 1e-5F;
inline constexpr float kMostTemperature = 18446744073709551616.0F;  // 2^64: keeps 1 / T a normal number
inline constexpr float kLog2E = 1.44269504F;
inline constexpr float kLeastShare = 1.17549435e-38F;  // the least normal number
inline constexpr float kLn2 = 0.693147181F;
inline constexpr std::uint64_t kWhole = std::uint64_t{1} << 32;  // p == 1

struct Rules {
  float inv_t;      // greedy: 1
  float c;          // of the draw: inv_t * log2 e
  float c_filter;   // of what the filters look at; c unless temperature comes last
  float least_y;    // min-p: y >= least_y is kept; -inf: off
  std::uint64_t p;  // in units of 2^-32; kWhole: off
  std::int64_t k;   // 0: off; greedy: 1
  std::uint64_t seed, position;
  bool greedy;
};

// Top-p keeps what has less mass than this before it. p < kWhole; mass below 2^62. Exact: no product is rounded.
constexpr std::uint64_t limit_of(std::uint64_t p, std::uint64_t mass, bool inclusive) {
  const std::uint64_t high = (mass >> 32) * p, low = (mass & 0xFFFFFFFFU) * p;  // p * mass = high * 2^32 + low
  const std::uint64_t floor = high + (low >> 32);
  return floor + (inclusive || (low & 0xFFFFFFFFU) != 0 ? 1 : 0);
}

// A temperature that is in range; NaN is the least.
constexpr float temperature_of(float t) { return !(t > 0) ? 0 : t > kMostTemperature ? kMostTemperature : t; }
// 1 / T of a row that is not greedy, T in range; O: one lane.
template <class O>
constexpr float inverse_temperature(float t) {
  return t <= kGreedyTemperature ? 1.0F : O::Div(1.0F, t);
}

// O: one lane.
template <class O>
constexpr Rules rules_of(const SampleArgs& args, std::int64_t row) {
  Rules rules{};
  // All of them before any is used: on a device each is a wait for memory.
  const float given_t = args.temperature[row];
  const std::int64_t k = args.top_k[row];
  const float p = args.top_p[row], min_p = args.min_p[row];
  rules.seed = args.seed[row];
  rules.position = args.position[row];
  const float t = temperature_of(given_t);
  rules.greedy = args.problem.op != SampleOp::logprobs && (t <= kGreedyTemperature || k == 1);
  rules.inv_t = rules.greedy ? 1.0F : inverse_temperature<O>(t);
  rules.c = O::Mul(rules.inv_t, kLog2E);
  rules.c_filter = args.problem.temperature_last ? kLog2E : rules.c;
  rules.k = rules.greedy ? 1 : k < 0 ? 0 : k;

  rules.p = !(p < 1) ? kWhole : !(p > 0) ? 0 : static_cast<std::uint64_t>(O::Mul(p, 4294967296.0F));
  rules.least_y = !(min_p > 0) ? -__builtin_inff()
                  : min_p >= 1 ? 0.0F
                               : log2<O>(min_p < kLeastShare ? kLeastShare : min_p);
  if (rules.greedy) {  // the first alone, whatever the filters would say of it
    rules.p = kWhole;
    rules.least_y = -__builtin_inff();
  }
  return rules;
}

// Logprobs in nats. Of a certain token +0, whichever of a row's zeros is called its largest.
template <class O>
constexpr float logprob_of(float y, float log2_of_mass) {
  return O::Add(O::Mul(O::Sub(y, log2_of_mass), kLn2), 0.0F);
}
template <class O>
constexpr float logsumexp_of(float z_max, float inv_t, float log2_of_mass) {
  return O::Add(O::Mul(z_max, inv_t), O::Mul(log2_of_mass, kLn2));
}

}  // namespace topkit::sampling
