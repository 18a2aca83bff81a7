#include "support/engines.hpp"

namespace topkit::test {
namespace {

TEST(Argmax, EveryLengthUpTo300WithDrawnOptions) {
  for (std::int64_t cols = 1; cols <= 300; ++cols)
    for (int d = 0; d < kDTypes; ++d) {
      Request request = drawn(static_cast<DType>(d), 6, cols, 1, static_cast<std::uint64_t>(cols * 100 + d));
      request.k = 1;
      Trial trial(request);
      for (const Engine& engine : engines_of("argmax")) ASSERT_TRUE(trial.matches_oracle(engine));
    }
}

}  // namespace
}  // namespace topkit::test
