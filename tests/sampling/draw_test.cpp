// Draws against a race written out again in float64.
#include <gtest/gtest.h>

#include "noise.hpp"
#include "support.hpp"

namespace topkit::test {
namespace {

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
