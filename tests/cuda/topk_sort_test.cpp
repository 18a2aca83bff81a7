// What only the sort kernel has: rows of a part of a warp, of several warps and of a whole block, runs cut to the winners, rows
// behind the last one of a block, columns without an element.
#include <random>

#include "cuda/sort_shape.hpp"
#include "direct.hpp"

namespace topkit::test {
namespace {

std::vector<std::uint32_t> rows_of(std::int64_t rows, std::int64_t cols, std::uint32_t mask) {
  std::mt19937 random(static_cast<unsigned>(rows * cols) + mask);
  std::vector<std::uint32_t> x(static_cast<std::size_t>(rows * cols));
  for (std::uint32_t& element : x) element = static_cast<std::uint32_t>(random()) & mask;
  return x;
}

TEST(TopkSort, rows_of_every_number_of_threads) {
  std::uint64_t lane_order = 0;
  for (const std::int64_t cols :
       {1, 7, 8, 9, 16, 17, 31, 33, 64, 65, 127, 129, 255, 256, 257, 500, 511, 1000, 1025, 3000}) {
    for (const std::int64_t k : {std::int64_t{1}, cols / 3, cols / 2 + 1, cols}) {
      if (k < 1) continue;
      for (const std::uint32_t mask : {0xffffffffU, 0x3U, 0U}) {
        const auto x = rows_of(cols < 100 ? 37 : 3, cols, mask);
        ASSERT_TRUE(matches_oracle(cuda::run_sort, DType::u32, x, cols, k, 1, lane_order++));
        ASSERT_TRUE(matches_oracle(cuda::run_sort, DType::f32, x, cols, k, 0, lane_order++));
      }
    }
  }
}

TEST(TopkSort, the_longest_rows_fill_a_block) {
  for (const std::int64_t k : {std::int64_t{1}, std::int64_t{257}, std::int64_t{5000}, cuda::kMostSortCols})
    for (const std::uint32_t mask : {0xffffffffU, 0x7U})
      ASSERT_TRUE(matches_oracle(cuda::run_sort, DType::f32, rows_of(2, cuda::kMostSortCols, mask), cuda::kMostSortCols,
                                 k, 0, static_cast<std::uint64_t>(k)));
}

TEST(TopkSort, shapes_hold_the_row) {
  for (const DType dtype : {DType::u8, DType::bf16, DType::f32, DType::f64}) {
    for (std::int64_t cols = 0; cols <= cuda::kMostWideSortCols; ++cols) {
      Problem p{.device = DeviceKind::cuda, .dtype = dtype};
      p.cols = cols;
      ASSERT_TRUE(cuda::sort_can(p));
      const cuda::SortShape shape = cuda::sort_shape(p);
      ASSERT_GE(shape.row_threads * cuda::kSortItems, cols);
      ASSERT_LE(shape.row_threads * shape.rows, 1024);
      ASSERT_EQ(shape.row_threads * shape.rows % 32, 0);
      ASSERT_EQ(shape.row_bytes % 16, 0U);
      ASSERT_LE(shape.shared_bytes, 99U * 1024) << "what every device has";
    }
  }
}

}  // namespace
}  // namespace topkit::test
