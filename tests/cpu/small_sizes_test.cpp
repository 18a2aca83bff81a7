// Every engine at every small size: all tails, all thresholds between kernels, all options drawn anew for each.
#include <set>

#include "support/all_types.hpp"
#include "support/trial.hpp"

namespace topkit::test {
namespace {

class SmallSizes : public ForEveryType {};
INSTANTIATE_TEST_SUITE_P(AllTypes, SmallSizes, every_type(), type_name);

TEST_P(SmallSizes, agree_with_the_oracle_from_0_to_300_columns) {
  for (std::int64_t n = 0; n <= 300; ++n) {
    for (const std::int64_t k : std::set<std::int64_t>{0, 1, 2, n / 8, n / 2, n - 1, n}) {
      if (k < 0 || k > n) continue;
      const auto seed = static_cast<std::uint64_t>((GetParam() * 301 + n) * 301 + k);
      ASSERT_TRUE(all_engines_match(drawn(dtype(), 1 + n % 4, n, k, seed)));
    }
  }
}

TEST_P(SmallSizes, agree_with_the_oracle_on_plain_rows) {
  for (std::int64_t n = 1; n <= 300; ++n) {
    for (const std::int64_t k : std::set<std::int64_t>{1, std::min<std::int64_t>(n, 8), (n + 3) / 4, n}) {
      Request request{.dtype = dtype(), .rows = 3, .cols = n, .k = k};
      request.seed = static_cast<std::uint64_t>(n);
      ASSERT_TRUE(all_engines_match(request));
    }
  }
}

}  // namespace
}  // namespace topkit::test
