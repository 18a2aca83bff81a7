#include "cli/demo/straightforward.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace topkit::cli::demo {
namespace {

TEST(Straightforward, keeps_what_its_filters_say_and_draws_in_proportion) {
  const std::vector<float> logits{std::log(1.0F), std::log(4.0F), std::log(3.0F), std::log(2.0F)};
  std::mt19937_64 random(1);
  Straightforward sampler;
  std::array<int, 4> counts{};
  for (int i = 0; i < 10000; ++i)
    ++counts[static_cast<std::size_t>(sampler.draw(logits, {.temperature = 1, .top_k = 0, .top_p = 1}, random))];
  EXPECT_EQ(sampler.kept(), 4);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(counts[i], 1000 * std::exp(logits[i]), 250);
  sampler.draw(logits, {.temperature = 1, .top_k = 3, .top_p = 1}, random);
  EXPECT_EQ(sampler.kept(), 3);
  sampler.draw(logits, {.temperature = 1, .top_k = 0, .top_p = 0.75F}, random);  // 0.4, 0.3 and the one that crosses
  EXPECT_EQ(sampler.kept(), 3);
  sampler.draw(logits, {.temperature = 0.1F, .top_k = 0, .top_p = 0.9F}, random);
  EXPECT_EQ(sampler.kept(), 1);
}

}  // namespace
}  // namespace topkit::cli::demo
