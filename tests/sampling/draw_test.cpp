// Draws against a race written out again in float64.
#include <gtest/gtest.h>

#include <random>

#include "sampling/math.hpp"
#include "sampling/philox.hpp"
#include "support.hpp"

namespace topkit::test {
namespace {

std::vector<float> normal_logits(std::int64_t count, float spread, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> x(static_cast<std::size_t>(count));
  for (float& v : x) v = normal(random);
  return x;
}

// The generator itself is held to known answers by philox_test.cpp.
std::uint32_t noise(std::uint64_t seed, std::uint64_t position, std::uint32_t draw, std::uint32_t id, bool second) {
  const std::uint32_t block = id / 4 + (second ? 0x80000000U : 0U);
  return sampling::philox<sampling::OneLane<>>(
             seed, {{block, draw, static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(position >> 32)}})
      .word[id % 4];
}

struct Raced {
  std::int64_t token;
  double margin;  // by which it won, in bits
};

Raced race(const std::vector<double>& z, const std::vector<std::int64_t>& kept, double t, std::uint64_t seed,
           std::uint64_t position, std::uint32_t draw) {
  double best = -1e300, next = -1e300;
  std::int64_t token = -1;
  for (const std::int64_t i : kept) {
    const auto id = static_cast<std::uint32_t>(i);
    const std::uint32_t r = noise(seed, position, draw, id, false);
    const long double low = r < 65536 ? (noise(seed, position, draw, id, true) + 0.5L) * 0x1p-32L : 0.5L;
    const long double v = (r + low) * 0x1p-32L;
    const long double e = -std::log1p(-v) / std::log(2.0L);
    const double score = (z[static_cast<std::size_t>(i)] - z[static_cast<std::size_t>(kept[0])]) / t / std::log(2.0) -
                         static_cast<double>(std::log2(e));
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

TEST(Draw, is_the_race_of_float64_on_every_instruction_set) {
  struct Case {
    std::int64_t cols;
    std::int32_t k;
    float t, spread;
  };
  for (const Case& c : {Case{1, 0, 1, 1}, Case{5, 0, 1, 1}, Case{37, 0, 0.7F, 2}, Case{1000, 0, 1, 3},
                        Case{1000, 50, 0.8F, 3}, Case{4099, 0, 1.3F, 1}, Case{4099, 300, 2, 1}, Case{777, 3, 1, 4}}) {
    const std::vector<float> x = normal_logits(4 * c.cols, c.spread, 11);
    constexpr std::int64_t kDraws = 50;
    tk_sampling options = sampling();
    options.temperature = c.t;
    options.top_k = c.k;
    options.seed = 0x123456789abcdef;
    options.position = 0xfedcba9876543210;
    std::vector<std::int64_t> first;
    for (const std::string& isa : isas()) {
      options.isa = isa.c_str();
      const auto tokens = draw(x, {4, c.cols, kDraws}, options);
      if (first.empty()) first = tokens;
      EXPECT_EQ(tokens, first) << isa;
    }
    int close = 0;
    for (std::int64_t r = 0; r < 4; ++r) {
      const std::vector<double> z = widened(x, r, c.cols);
      std::vector<std::int64_t> kept = oracle_order(z);
      if (c.k > 0) kept.resize(std::min<std::size_t>(kept.size(), static_cast<std::size_t>(c.k)));
      for (std::int64_t d = 0; d < kDraws; ++d) {
        const Raced raced = race(z, kept, c.t, options.seed, options.position, static_cast<std::uint32_t>(d));
        if (raced.margin < 1e-4) {
          ++close;
          continue;
        }
        EXPECT_EQ(first[static_cast<std::size_t>(r * kDraws + d)], raced.token)
            << c.cols << " row " << r << " draw " << d;
      }
    }
    EXPECT_LT(close, 4);
  }
}

}  // namespace
}  // namespace topkit::test
