// What only the warp kernel has: words that leave out bits of the key, batches of survivors, ties cut at the bound.
#include <algorithm>
#include <bit>
#include <cmath>
#include <random>

#include "cuda/warp_shape.hpp"
#include "direct.hpp"

namespace topkit::test::topk_warp_test {
namespace {

// One (cols, k) for each number of lanes a row may have, and for several words a lane.
struct Size {
  std::int64_t cols, k;
};
constexpr Size kSizes[] = {{128, 4}, {256, 8}, {512, 16}, {1024, 32}, {1024, 128}, {1000, 20}, {37, 37}};

std::uint32_t bits(float value) { return std::bit_cast<std::uint32_t>(value); }

TEST(TopkWarp, a_loser_that_shares_the_last_winners_high_bits_stays_out) {
  std::mt19937 random(1);
  for (const Size size : kSizes) {
    for (std::uint64_t trial = 0; trial < 20; ++trial) {
      std::vector<std::uint32_t> rows;
      for (int r = 0; r < 8; ++r) {
        std::vector<std::uint32_t> row(static_cast<std::size_t>(size.cols));
        for (std::size_t i = 0; i < row.size(); ++i) row[i] = bits(1000.0F - static_cast<float>(i));
        // The k-th best and the next differ in the last bit only.
        if (size.k < size.cols) row[static_cast<std::size_t>(size.k) - 1] = row[static_cast<std::size_t>(size.k)] + 1;
        std::shuffle(row.begin(), row.end(), random);
        rows.insert(rows.end(), row.begin(), row.end());
      }
      ASSERT_TRUE(matches_oracle(cuda::run_warp, DType::f32, rows, size.cols, size.k, 0, trial));
    }
  }
}

TEST(TopkWarp, any_number_of_survivors_is_sorted_batch_by_batch) {
  std::mt19937 random(2);
  for (const Size size : kSizes) {
    std::vector<std::uint32_t> rising, falling, one_lane;
    for (std::int64_t i = 0; i < 3 * size.cols; ++i) {
      rising.push_back(bits(static_cast<float>(i)));
      falling.push_back(bits(-static_cast<float>(i)));
      // Most slices have low maxima, so a low bound lets the others' elements pass.
      one_lane.push_back(bits(i / 4 % 32 < 20 ? static_cast<float>(random() % 65536) : -1.0F));
    }
    for (int offset = 0; offset < 4; ++offset)
      for (const auto& rows : {rising, falling, one_lane})
        ASSERT_TRUE(matches_oracle(cuda::run_warp, DType::f32, rows, size.cols, size.k, offset, 3));
  }
}

TEST(TopkWarp, of_many_that_equal_the_bound_the_first_columns_win) {
  std::mt19937 random(3);
  for (const Size size : kSizes) {
    for (const std::uint32_t distinct : {1U, 2U, 5U}) {
      std::vector<std::uint32_t> rows(static_cast<std::size_t>(5 * size.cols));
      for (std::uint32_t& element : rows) element = bits(1.0F + static_cast<float>(random() % distinct));
      // A few above the bound leave less room for what equals it.
      for (std::size_t i = 7; i < rows.size(); i += static_cast<std::size_t>(size.cols) / 3 + 5) rows[i] = bits(99.0F);
      for (int offset = 0; offset < 4; ++offset) {
        ASSERT_TRUE(matches_oracle(cuda::run_warp, DType::f32, rows, size.cols, size.k, offset, distinct));
        ASSERT_TRUE(matches_oracle(cuda::run_warp, DType::u32, rows, size.cols, size.k, offset, distinct));
      }
    }
  }
}

TEST(TopkWarp, few_winners_among_zeros) {
  std::mt19937 random(6);
  for (const Size size : kSizes) {
    for (const std::uint32_t one_in : {5U, 20U, 100U}) {
      std::vector<std::uint32_t> rows(static_cast<std::size_t>(9 * size.cols));
      for (std::uint32_t& element : rows)
        element = random() % one_in == 0
                      ? bits(std::ldexp(1.0F + static_cast<float>(random() % 3), static_cast<int>(random() % 40) - 30))
                      : random() % 2 << 31;
      const std::vector<std::uint16_t> halves = [&] {
        std::vector<std::uint16_t> some;
        for (const std::uint32_t element : rows) some.push_back(static_cast<std::uint16_t>(element >> 16));
        return some;
      }();
      for (int offset = 0; offset < 4; ++offset) {
        ASSERT_TRUE(matches_oracle(cuda::run_warp, DType::f32, rows, size.cols, size.k, offset, one_in));
        ASSERT_TRUE(matches_oracle(cuda::run_warp, DType::bf16, halves, size.cols, size.k, offset, one_in));
      }
    }
  }
}

TEST(TopkWarp, infinities_nan_and_zeros_at_the_bound) {
  const std::uint32_t special[] = {0x7f800000, 0xff800000, 0x7fc00001, 0xffc00002, 0, 0x80000000, 1, 0x80000001};
  std::mt19937 random(4);
  for (const Size size : kSizes) {
    for (const std::size_t kinds : {1, 2, 4, 6, 8}) {
      std::vector<std::uint32_t> rows(static_cast<std::size_t>(4 * size.cols));
      for (std::size_t from = 0; from + kinds <= 8; ++from) {
        for (std::uint32_t& element : rows) element = special[from + random() % kinds];
        ASSERT_TRUE(matches_oracle(cuda::run_warp, DType::f32, rows, size.cols, size.k, 0, from));
        std::vector<std::uint16_t> halves(rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i)
          halves[i] = static_cast<std::uint16_t>(special[from + random() % kinds] >> 16);
        ASSERT_TRUE(matches_oracle(cuda::run_warp, DType::bf16, halves, size.cols, size.k, 0, from));
      }
    }
  }
}

TEST(TopkWarp, blocks_of_a_wave_take_each_row_once) {
  std::mt19937 random(5);
  for (const Size size : {Size{1024, 32}, {1000, 20}, {96, 17}}) {
    std::vector<std::uint32_t> rows(static_cast<std::size_t>(37 * size.cols));
    for (std::uint32_t& element : rows) element = bits(static_cast<float>(random() % 999));
    const Plan plan{.block_threads = cuda::kWaveThreads};
    ASSERT_TRUE(matches_oracle(cuda::run_warp, DType::f32, rows, size.cols, size.k, 0, 7, 0, plan));
    const std::vector<std::uint16_t> halves(rows.begin(), rows.end());
    ASSERT_TRUE(matches_oracle(cuda::run_warp, DType::bf16, halves, size.cols, size.k, 0, 7, 0, plan));
    ASSERT_TRUE(matches_oracle(cuda::run_block, DType::bf16, halves, size.cols, size.k, 0, 7, 0, plan));
  }
}

TEST(TopkWarp, rows_that_nearly_fill_the_device_have_the_largest_blocks) {
  EXPECT_EQ(cuda::alone_threads(4096, 132), cuda::kWaveThreads);
  EXPECT_EQ(cuda::alone_threads(132 * 32 + 1, 132), cuda::kAloneThreads);
  EXPECT_EQ(cuda::alone_threads(132 * 24, 132), cuda::kAloneThreads);
  EXPECT_EQ(cuda::alone_threads(1, 0), cuda::kAloneThreads);
}

}  // namespace
}  // namespace topkit::test::topk_warp_test
