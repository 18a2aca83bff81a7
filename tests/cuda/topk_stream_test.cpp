// What only the stream kernel has: a sample that misleads, lists that overflow, the best element alone.
#include <algorithm>
#include <bit>
#include <random>

#include "cuda/stream_run.cuh"
#include "cuda/stream_strata.cuh"
#include "direct.hpp"

namespace topkit::test::topk_stream_test {
namespace {

constexpr std::int64_t kCols = 40000;
constexpr std::int64_t kChunkElements = 32 * 4;  // of f32
constexpr std::uint32_t kTileChunks = 64;        // 16 warps of 4 vectors

std::uint32_t bits(float value) { return std::bit_cast<std::uint32_t>(value); }

// Noise below 1, and one large element in each of the first `spikes` chunks that the sample takes, each in a group of its
// own: a thread's four vectors are one group, and so are four neighbouring lanes.
std::vector<std::uint32_t> misleading(std::uint32_t spikes, float height) {
  std::mt19937 random(5);
  std::vector<std::uint32_t> row(kCols);
  for (std::uint32_t& element : row) element = bits(static_cast<float>(random() % 100000) / 100000);
  const cuda::Strata strata((kCols / 4 + 31) / 32, kTileChunks);
  EXPECT_GE(strata.taken(), spikes);
  for (std::uint32_t q = 0; q < spikes; ++q) row[strata.at(q) * kChunkElements + q % 4 * 32] = bits(height);
  return row;
}

TEST(TopkStream, fewer_than_k_above_a_misleading_threshold_are_streamed_again) {
  for (const float height : {2.0F, 1e30F}) {
    const std::vector<std::uint32_t> row = misleading(40, height);
    for (const std::int64_t k : {41, 50, 64})
      ASSERT_TRUE(matches_oracle(cuda::run_stream, DType::f32, row, kCols, k, 0, static_cast<std::uint64_t>(k)));
  }
}

TEST(TopkStream, ties_that_overflow_the_list_keep_the_first_columns) {
  std::mt19937 random(7);
  for (const unsigned distinct : {1U, 2U, 3U, 40U}) {
    std::vector<std::uint32_t> rows(2 * kCols);
    for (std::uint32_t& element : rows) element = bits(1.0F + static_cast<float>(random() % distinct));
    // A few above all others, the last of them at the end of a row.
    for (std::size_t i = 77; i < rows.size(); i += 7993) rows[i] = bits(99.0F);
    rows[kCols - 1] = bits(99.0F);
    for (int offset = 0; offset < 4; ++offset)
      ASSERT_TRUE(matches_oracle(cuda::run_stream, DType::f32, rows, kCols, 37 + 500 * offset, offset, distinct));
  }
}

TEST(TopkStream, ties_of_a_row_over_several_blocks_keep_the_first_columns) {
  std::mt19937 random(9);
  for (const int blocks : {2, 4, 8}) {
    Plan plan;
    plan.cluster_blocks = blocks;
    for (const unsigned distinct : {1U, 2U, 5U, 300U}) {
      std::vector<std::uint32_t> rows(2 * kCols);
      for (std::uint32_t& element : rows) element = bits(1.0F + static_cast<float>(random() % distinct));
      for (std::size_t i = 31 * distinct; i < rows.size(); i += 9973) rows[i] = bits(1e9F);
      for (const std::int64_t k : {40, 1000})
        ASSERT_TRUE(matches_oracle(cuda::run_stream, DType::f32, rows, kCols, k, static_cast<int>(k % 3), random() % 16,
                                   0, plan));
    }
  }
}

// Most of the sample's maxima have one key: its first elements are held before the pass, those of a granule that is not whole
// too, unless they lie far from the row's beginning. Nothing beats NaN, or 255.
TEST(TopkStream, of_a_crowd_at_the_threshold_the_first_columns_win) {
  std::mt19937 random(11);
  for (const int blocks : {1, 2}) {
    Plan plan;
    plan.cluster_blocks = blocks;
    for (const std::uint32_t crowd : {bits(0.0F), bits(3.0F), 0x7f800000U, 0x7fc00001U}) {
      for (const std::size_t from : {0, 3, 38000}) {
        std::vector<std::uint32_t> rows(2 * kCols);
        for (std::size_t i = 0; i < rows.size(); ++i)
          rows[i] = i % kCols >= from && random() % 4 != 0 ? crowd : bits(-1.0F);
        for (const std::uint32_t above : {bits(9.0F), 0x7fc00002U, 0xff800000U})
          for (std::size_t i = 1; i < rows.size(); i += 7001 + above % 7) rows[i] = above;
        for (const std::int64_t k : {2, 50, 600})
          for (const int offset : {0, 1})
            ASSERT_TRUE(matches_oracle(cuda::run_stream, DType::f32, rows, kCols, k, offset, random() % 16, 0, plan));
      }
    }
    std::vector<std::uint8_t> bytes(2 * kCols);
    for (std::uint8_t& element : bytes) element = random() % 300 == 0 ? 7 : 255;
    for (const int offset : {0, 5})
      ASSERT_TRUE(matches_oracle(cuda::run_stream, DType::u8, bytes, kCols, 100, offset, random() % 16, 0, plan));
  }
}

// A threshold of hundreds of winners needs groups of a sample that are more of them than its rank.
TEST(TopkStream, hundreds_of_winners_have_a_threshold) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::u8})
    for (const int blocks : {1, 2, 4, 8, 16})
      for (const std::int64_t cols : {32768, 65536, 131072, 400000})
        for (const std::int64_t k : {256, 700, 1400, 2048}) {
          // A granule is the least group: where most have a winner no rank tells more.
          if (2 * k * (16 / bytes(dtype)) > cols) continue;
          Problem p{.device = DeviceKind::cuda, .dtype = dtype};
          p.rows = 1;
          p.cols = cols;
          p.k = k;
          Plan plan;
          plan.cluster_blocks = blocks;
          const cuda::StreamShape shape = cuda::stream_shape(plan, p);
          const int groups = cuda::stream_groups(shape);
          EXPECT_LE(groups, cuda::kMostGroups);
          EXPECT_GE(shape.lanes, blocks);
          const double all = 16.0 * 32 * 16 / bytes(dtype) * shape.tile_vecs * blocks;
          const double sampled = std::min(all, static_cast<double>(cols)) * shape.sample_vecs / shape.tile_vecs *
                                 shape.heard / shape.lanes;
          EXPECT_LT(cuda::sample_rank(static_cast<int>(k), static_cast<float>(sampled), static_cast<float>(cols)),
                    groups * 15 / 16)
              << cols << " columns, k " << k << ", " << blocks << " blocks, " << bytes(dtype) << " bytes";
        }
}

TEST(TopkStream, of_equal_best_elements_the_first_column_wins) {
  std::mt19937 random(8);
  for (const std::int64_t cols : {1, 3, 5, 511, 2048, 9001, 40000}) {
    std::vector<std::uint32_t> noise, same, minus_infinity, zeros, nans;
    for (std::int64_t i = 0; i < 3 * cols; ++i) {
      noise.push_back(bits(static_cast<float>(random() % 1000)));
      same.push_back(bits(-2.5F));
      minus_infinity.push_back(0xff800000U);
      zeros.push_back(random() % 2 == 0 ? 0x80000000U : 0U);
      nans.push_back(random() % 3 == 0 ? 0x7fc00001U + random() % 5 : bits(1e30F));
    }
    for (const auto& rows : {noise, same, minus_infinity, zeros, nans})
      for (int offset = 0; offset < 4; ++offset)
        ASSERT_TRUE(matches_oracle(cuda::run_stream, DType::f32, rows, cols, 1, offset, random() % 16));
  }
}

}  // namespace
}  // namespace topkit::test::topk_stream_test
