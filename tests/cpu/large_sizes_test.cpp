// Every engine on rows of 300 to 70 000 columns, sizes and options drawn.
#include <algorithm>

#include "distributions.hpp"
#include "support/all_types.hpp"
#include "support/trial.hpp"

namespace topkit::test {
namespace {

class LargeSizes : public ForEveryType {};
INSTANTIATE_TEST_SUITE_P(AllTypes, LargeSizes, every_type(), type_name);

// Sizes spread evenly over their logarithm; half of them beside a multiple of 256, where blocks and vectors end.
std::int64_t draw_size(bench::Random& random, std::int64_t low, std::int64_t high) {
  std::int64_t n = low << random.below(8);
  n += random.below(n);
  if (random.below(2) == 0) n = n / 256 * 256 + random.below(3) - 1;
  return std::clamp(n, low, high);
}

std::int64_t draw_k(bench::Random& random, std::int64_t n) {
  const std::int64_t some = 1 + random.below(200);
  const std::int64_t choices[] = {1, 8, 16, 50, some, n / 100, n / 16, n / 3, n - 1, n};
  return std::min(choices[random.below(std::ssize(choices))], n);
}

TEST_P(LargeSizes, agree_with_the_oracle) {
  bench::Random random(static_cast<std::uint64_t>(GetParam()) + 1000);
  for (int i = 0; i < 70; ++i) {
    const std::int64_t n = draw_size(random, 300, 70000);
    const std::int64_t k = draw_k(random, n);
    ASSERT_TRUE(all_engines_match(drawn(dtype(), 1 + random.below(2), n, k, random.bits())));
  }
}

TEST_P(LargeSizes, agree_with_the_oracle_on_plain_rows) {
  bench::Random random(static_cast<std::uint64_t>(GetParam()) + 2000);
  for (int i = 0; i < 30; ++i) {
    Request request{.dtype = dtype(), .rows = 2};
    request.cols = draw_size(random, 300, 70000);
    request.k = draw_k(random, request.cols);
    request.largest = random.below(3) != 0;
    request.seed = random.bits();
    ASSERT_TRUE(all_engines_match(request));
  }
}

}  // namespace
}  // namespace topkit::test
