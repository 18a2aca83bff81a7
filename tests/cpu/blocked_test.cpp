// What the maxima of chunks must not promise.
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "topkit/topkit.h"

namespace topkit::test {
namespace {

// Chunks of numbers that are all -inf tie with what a chunk with NaN, or the end of the row, says of itself.
template <class T>
void select_from_minus_infinity(bool nan) {
  constexpr std::int64_t kCols = 17003, kK = 5;
  std::vector<T> x(kCols, -std::numeric_limits<T>::infinity());
  if (nan) x[9000] = std::numeric_limits<T>::quiet_NaN();
  std::vector<std::int64_t> found(kK);
  tk_options options;
  tk_options_init(&options);
  options.nan = TK_NAN_LAST;
  options.order = TK_ORDER_INDEX;
  options.algorithm = "blocked";
  for (std::int64_t cols = kCols - 80; cols <= kCols; ++cols) {
    std::int64_t k = kK;
    DLTensor row{x.data(), {kDLCPU, 0}, 1, {kDLFloat, 8 * sizeof(T), 1}, &cols, nullptr, 0};
    DLTensor indices{found.data(), {kDLCPU, 0}, 1, {kDLInt, 64, 1}, &k, nullptr, 0};
    ASSERT_EQ(tk_topk(&row, k, &options, nullptr, &indices, nullptr, nullptr), TK_OK);
    ASSERT_EQ(found, (std::vector<std::int64_t>{0, 1, 2, 3, 4})) << cols;
  }
}
TEST(Blocked, minus_infinity_is_not_passed_over) {
  for (const bool nan : {false, true}) {
    select_from_minus_infinity<float>(nan);
    select_from_minus_infinity<double>(nan);
  }
}

}  // namespace
}  // namespace topkit::test
