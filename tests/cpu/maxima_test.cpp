#include "support/engines.hpp"

namespace topkit::test {
namespace {

TEST(Maxima, EveryLengthUpTo300WithDrawnOptions) {
  for (std::int64_t cols = 1; cols <= 300; ++cols)
    for (int d = 0; d < kDTypes; ++d) {
      const auto seed = static_cast<std::uint64_t>(cols * 100 + d);
      const std::int64_t k = 1 + static_cast<std::int64_t>(seed * 7919 % static_cast<std::uint64_t>(cols));
      Trial trial(drawn(static_cast<DType>(d), 6, cols, k, seed));
      for (const Engine& engine : engines_of("maxima")) ASSERT_TRUE(trial.matches_oracle(engine));
    }
}

}  // namespace
}  // namespace topkit::test
