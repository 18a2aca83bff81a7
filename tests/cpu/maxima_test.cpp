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

// Guesses become steady, floods are ties, and keys that were cut to equal words are equal or are not.
TEST(Maxima, ManyRowsWhoseLastWinnersAreTies) {
  for (const char* distribution : {"all_equal", "two_values", "few_distinct", "sparse", "signed_zeros", "nan_hotspots",
                                   "some_infinite", "cluster_among_nan", "late_next_key", "lone_nan_rows", "levels"})
    for (const DType dtype : {DType::f32, DType::bf16, DType::i32, DType::f64, DType::u8})
      for (const auto& [cols, k] : {std::pair{256, 8}, std::pair{1000, 32}, std::pair{130, 60}}) {
        Request request{.dtype = dtype, .rows = 45, .cols = cols, .k = k};
        request.distribution = distribution;
        request.nan = k == 32 ? Nan::last : Nan::largest;
        request.largest = k != 60;
        Trial trial(request);
        for (const Engine& engine : engines_of("maxima")) ASSERT_TRUE(trial.matches_oracle(engine)) << distribution;
      }
}

}  // namespace
}  // namespace topkit::test
