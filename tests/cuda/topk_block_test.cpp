// What only the block kernel has: a bound from every warp's share, words that leave out bits of the key, parts that are
// merged, the continuation when too many elements pass.
#include <algorithm>
#include <bit>
#include <cmath>
#include <random>

#include "cuda/block_shape.hpp"
#include "direct.hpp"

namespace topkit::test::topk_block_test {
namespace {

struct Size {
  std::int64_t cols, k;
};
// One warp and many; winners in one part and in several; shares of every kind (block_bound.cuh).
constexpr Size kSizes[] = {{900, 17}, {2048, 64},  {2050, 40},  {4096, 128}, {4096, 64}, {3001, 10},  {9000, 5},
                           {1024, 1}, {1024, 256}, {2500, 200}, {400, 200},  {512, 256}, {8192, 129}, {4096, 256}};

std::uint32_t bits(float value) { return std::bit_cast<std::uint32_t>(value); }

TEST(TopkBlock, winners_that_differ_in_their_low_bits_are_ordered_by_them) {
  std::mt19937 random(1);
  for (const Size size : kSizes) {
    // A wide range above the bound leaves no room for the low bits in a word; a narrow one has many equal keys.
    for (const float top : {1e30F, 2.0F, 1.00001F}) {
      std::vector<std::uint32_t> rows(static_cast<std::size_t>(2 * size.cols));
      for (std::uint32_t& element : rows)
        element = bits(1.0F + (top - 1.0F) * static_cast<float>(random() % 256) / 256) + random() % 3;
      ASSERT_TRUE(matches_oracle(cuda::run_block, DType::f32, rows, size.cols, size.k, 0, size.k));
      ASSERT_TRUE(matches_oracle(cuda::run_block, DType::u32, rows, size.cols, size.k, 1, size.k));
    }
  }
}

TEST(TopkBlock, too_many_above_the_bound_raise_it) {
  std::mt19937 random(2);
  for (const Size size : kSizes) {
    std::vector<std::uint32_t> one_thread, few, sparse, sorted;
    for (std::int64_t i = 0; i < 2 * size.cols; ++i) {
      // Most slices have low maxima, so a low bound lets the others' elements pass.
      one_thread.push_back(bits(i / 4 % 32 < 20 ? static_cast<float>(random() % 65536) : -1.0F));
      // Less than k above what most elements are equal to.
      few.push_back(bits(random() % 512 == 0 ? 3.0F + static_cast<float>(random() % 4) : 1.0F));
      sparse.push_back(bits(random() % 16 == 0 ? static_cast<float>(random() % 3) : 0.0F));
      // One warp has all winners: halving finds a bound, or does not get there within its tries.
      sorted.push_back(bits(1.0F + static_cast<float>(i % size.cols)));
    }
    std::vector<std::uint32_t> far = sorted;
    for (std::size_t i = 5; i < far.size(); i += static_cast<std::size_t>(size.cols)) far[i] = bits(1e38F);
    for (int offset = 0; offset < 4; ++offset)
      for (const auto& rows : {one_thread, few, sparse, sorted, far})
        ASSERT_TRUE(matches_oracle(cuda::run_block, DType::f32, rows, size.cols, size.k, offset, 3));
  }
}

// Keys of all 16 bits take as many tries as there are to tell a crowd's.
TEST(TopkBlock, a_crowd_between_few_is_told_by_the_last_try) {
  std::mt19937 random(6);
  for (const Size size : kSizes) {
    Problem problem{.device = DeviceKind::cuda, .dtype = DType::bf16};
    problem.cols = size.cols;
    problem.k = size.k;
    if (cuda::block_shape(problem).warps == 0) continue;
    for (unsigned i = 0; i < 12; ++i) {
      const auto crowd = static_cast<std::uint16_t>(random());
      std::vector<std::uint16_t> rows(static_cast<std::size_t>(2 * size.cols), crowd);
      for (std::size_t j = random() % 9; j < rows.size(); j += 20 + random() % 200)
        rows[j] = static_cast<std::uint16_t>(random() % 3 == 0 ? crowd + 1 + random() % (i + 1) : random());
      ASSERT_TRUE(matches_oracle(cuda::run_block, DType::u16, rows, size.cols, size.k, static_cast<int>(i % 2), 3));
      ASSERT_TRUE(matches_oracle(cuda::run_block, DType::bf16, rows, size.cols, size.k, static_cast<int>(i % 3), 4));
    }
  }
}

TEST(TopkBlock, of_equal_elements_the_first_columns_win) {
  std::mt19937 random(3);
  for (const Size size : kSizes) {
    for (const std::uint32_t distinct : {1U, 2U, 5U, 40U}) {
      std::vector<std::uint32_t> rows(static_cast<std::size_t>(2 * size.cols));
      for (std::uint32_t& element : rows) element = bits(1.0F + static_cast<float>(random() % distinct));
      for (std::size_t i = 7; i < rows.size(); i += static_cast<std::size_t>(size.cols) / 3 + 5) rows[i] = bits(99.0F);
      ASSERT_TRUE(matches_oracle(cuda::run_block, DType::f32, rows, size.cols, size.k, static_cast<int>(distinct % 4),
                                 distinct));
    }
  }
}

TEST(TopkBlock, infinities_nan_and_zeros_at_the_bound) {
  const std::uint32_t special[] = {0x7f800000, 0xff800000, 0x7fc00001, 0xffc00002, 0, 0x80000000, 1, 0x80000001};
  std::mt19937 random(4);
  for (const Size size : kSizes) {
    for (const std::size_t kinds : {1, 2, 4, 8}) {
      std::vector<std::uint32_t> rows(static_cast<std::size_t>(2 * size.cols));
      for (std::size_t from = 0; from + kinds <= 8; from += 2) {
        for (std::uint32_t& element : rows) element = special[from + random() % kinds];
        ASSERT_TRUE(matches_oracle(cuda::run_block, DType::f32, rows, size.cols, size.k, 0, from));
      }
    }
  }
}

TEST(TopkBlock, sixteen_bit_maxima_are_counted_whatever_they_are) {
  constexpr std::uint16_t kInf = 0x7f80, kNan = 0x7fc1, kSign = 0x8000;
  const auto bf16 = [](float value) { return static_cast<std::uint16_t>(bits(value) >> 16); };
  std::mt19937 random(5);
  for (const Size size : kSizes) {
    Problem problem{.device = DeviceKind::cuda, .dtype = DType::bf16};
    problem.cols = size.cols;
    problem.k = size.k;
    if (cuda::block_shape(problem).warps == 0) continue;
    // Half a part of survivors and more, ties of the bound with either sign of zero, and bounds that are no number.
    std::vector<std::vector<std::uint16_t>> kinds(6);
    for (std::int64_t i = 0; i < 2 * size.cols; ++i) {
      const std::uint32_t die = random();
      const float value = std::normal_distribution<float>()(random);
      kinds[0].push_back(bf16(value));
      kinds[1].push_back(die % 100 == 0 ? bf16(1 + std::abs(value)) : static_cast<std::uint16_t>(die >> 16 & kSign));
      kinds[2].push_back(die % 3 == 0 ? kNan : static_cast<std::uint16_t>(kInf | (die >> 16 & kSign)));
      kinds[3].push_back(die % 50 == 0 ? bf16(value) : static_cast<std::uint16_t>(kInf | kSign));
      kinds[4].push_back(bf16(static_cast<float>(i % size.cols % 1000) / 500 - 1));
      kinds[5].push_back(static_cast<std::uint16_t>(die));
    }
    for (std::size_t kind = 0; kind < kinds.size(); ++kind)
      for (const int offset : {0, 3})
        ASSERT_TRUE(matches_oracle(cuda::run_block, DType::bf16, kinds[kind], size.cols, size.k, offset, kind));
  }
}

TEST(TopkBlock, a_part_of_a_row_has_as_many_warps_as_it_fills) {
  for (const int masks : {1, 2}) {
    const int vecs = 8 / masks, warps = 16;
    for (int granules = 1; granules <= warps * 32 * masks * vecs; ++granules) {
      for (const int k : {1, 5, 32, 33, 64, 128, 256}) {
        const cuda::BlockShape shape = cuda::part_shape(granules, masks * vecs, k, warps);
        ASSERT_GE(shape.warps * 32 * masks * vecs, granules);
        ASSERT_LE(shape.warps, warps);
        ASSERT_TRUE(shape.warps == 1 || granules >= 32 * shape.warps) << "each lane has a granule";
        ASSERT_GE((shape.warps - shape.spared) * shape.votes * shape.share, k);
        // No more than hold it and its winners.
        ASSERT_LE(shape.warps, std::max((granules + 255) / 256, (k + 31) / 32));
      }
    }
  }
  EXPECT_EQ(cuda::part_shape(512, 8, 64, 2).warps, 2);
  EXPECT_EQ(cuda::part_shape(60, 8, 64, 2).warps, 1);
}

}  // namespace
}  // namespace topkit::test::topk_block_test
