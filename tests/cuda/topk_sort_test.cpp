// What only the sort kernel has: rows of a part of a warp, of several warps and of a whole block, runs cut to the winners, rows
// behind the last one of a block, columns without an element.
#include <algorithm>
#include <random>

#include "cuda/sort_shape.hpp"
#include "direct.hpp"

namespace topkit::test::topk_sort_test {
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

// Rows whose least and greatest element are so far apart that words do not tell keys apart that share their high bits: `together` of
// them, which differ in the low bits or not at all.
template <class Raw>
std::vector<Raw> crowds(std::int64_t rows, std::int64_t cols, std::int64_t together, unsigned seed) {
  constexpr int kLowBits = sizeof(Raw) == 8 ? 30 : 8;
  std::mt19937_64 random(seed);
  std::vector<Raw> x;
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::size_t begin = x.size();
    for (std::int64_t c = 0; c < cols; ++c) {
      const Raw crowd = static_cast<Raw>(c / together * 1009 % 4093 + 1) << (8 * sizeof(Raw) - 13);
      const Raw low = random() % 4 == 0 ? 5 : static_cast<Raw>(random()) & ((Raw{1} << kLowBits) - 1);
      x.push_back(crowd | low);
    }
    x[begin] = 0;
    x.back() = static_cast<Raw>(~Raw{0});
    std::shuffle(x.begin() + static_cast<std::ptrdiff_t>(begin), x.end(), random);
  }
  return x;
}

template <class Raw>
void expect_crowds(DType dtype) {
  unsigned seed = 0;
  for (const std::int64_t cols : {40, 200, 512, 700, 2500, 4000})
    for (const std::int64_t together : {2, 3, 7, 16, 17, 40, 4000})
      for (const std::int64_t k : {std::int64_t{1}, std::int64_t{39}, cols / 2, cols}) {
        const auto x = crowds<Raw>(cols < 300 ? 9 : 3, cols, together, ++seed);
        ASSERT_TRUE(matches_oracle(cuda::run_sort, dtype, x, cols, k, 0, seed))
            << together << " together, " << cols << " columns";
        if (k != cols / 2) continue;
        ASSERT_TRUE(matches_oracle(cuda::run_sort, dtype, x, cols, k, 0, seed, 0, {}, Order::index))
            << together << " together, " << cols << " columns, by index";
      }
}

TEST(TopkSort, keys_of_32_bits_that_words_do_not_tell_apart) { expect_crowds<std::uint32_t>(DType::u32); }
TEST(TopkSort, keys_of_64_bits_that_words_do_not_tell_apart) { expect_crowds<std::uint64_t>(DType::u64); }

// The best of a run is not among its first sixteen, which are in order.
TEST(TopkSort, the_best_of_a_run_that_begins_in_order) {
  for (const std::int64_t cols : {300, 2000})
    for (const std::int64_t at : {17, 40, 299}) {
      std::vector<std::uint32_t> x(static_cast<std::size_t>(cols), 0x80000000U);
      x[0] = 0;
      x[static_cast<std::size_t>(at)] += 3;
      for (const std::int64_t k : {1, 2, 20}) {
        ASSERT_TRUE(matches_oracle(cuda::run_sort, DType::u32, x, cols, k, 0, 1)) << at;
        x[1] = 0xffffffffU;
        ASSERT_TRUE(matches_oracle(cuda::run_sort, DType::u32, x, cols, k, 0, 1)) << at;
        x[1] = 0x80000000U;
      }
    }
}

TEST(TopkSort, shapes_hold_the_row) {
  for (const DType dtype : {DType::u8, DType::bf16, DType::f32, DType::f64}) {
    for (std::int64_t cols = 0; cols <= cuda::kMostWideSortCols; ++cols) {
      Problem p{.device = DeviceKind::cuda, .dtype = dtype};
      p.cols = cols;
      ASSERT_TRUE(cuda::sort_can(p));
      const cuda::SortShape shape = cuda::sort_shape(p);
      ASSERT_GE(shape.room.threads * cuda::kSortItems, cols);
      ASSERT_EQ(shape.room.threads * cuda::kSortItems, 1 << shape.room.column_bits);
      ASSERT_LE(shape.room.threads * shape.rows, 1024);
      ASSERT_EQ(shape.room.threads * shape.rows % 32, 0);
      ASSERT_EQ(shape.room.bytes % 16, 0U);
      ASSERT_LE(shape.shared_bytes, 99U * 1024) << "what every device has";
    }
  }
}

}  // namespace
}  // namespace topkit::test::topk_sort_test
