// What only the partition kernels have: buckets of a sample, chunks of a row, buckets and rows that are taken in pieces.
#include <array>
#include <random>

#include "cuda/partition_shape.hpp"
#include "direct.hpp"
#include "engines.hpp"

namespace topkit::test::topk_partition_test {
namespace {

Plan plan_of(std::int64_t rows, std::int64_t cols, std::int64_t k, std::size_t& bytes) {
  Problem problem{.dtype = DType::u32};
  problem.rows = rows;
  problem.cols = cols;
  problem.k = k;
  const cuda::PartitionShape shape = cuda::partition_shape(problem, 2);
  bytes = shape.workspace_bytes;
  Plan plan;
  plan.items_per_thread = shape.sample_vecs;
  return plan;
}

void expect_partition(const std::vector<std::uint32_t>& rows, std::int64_t cols, std::int64_t k) {
  std::size_t bytes = 0;
  const Plan plan = plan_of(static_cast<std::int64_t>(rows.size()) / cols, cols, k, bytes);
  const auto seed = static_cast<std::uint64_t>(k);
  ASSERT_TRUE(matches_oracle(cuda::run_partition, DType::u32, rows, cols, k, 0, seed, bytes, plan));
  ASSERT_TRUE(matches_oracle(cuda::run_partition, DType::f32, rows, cols, k, 1, seed, bytes, plan));
}

TEST(TopkPartition, any_number_of_winners_of_rows_over_many_chunks) {
  std::mt19937 random(1);
  for (const std::int64_t cols : {5, 4097, 30000}) {
    std::vector<std::uint32_t> rows(static_cast<std::size_t>(2 * cols));
    for (std::uint32_t& element : rows) element = static_cast<std::uint32_t>(random());
    for (const std::int64_t k : {std::int64_t{1}, cols / 16 + 1, cols / 2, cols - 1, cols})
      expect_partition(rows, cols, k);
  }
}

TEST(TopkPartition, equal_keys_spread_over_buckets) {
  std::mt19937 random(2);
  for (const std::uint32_t mask : {0xff00ff00U, 7U, 1U, 0U}) {
    std::vector<std::uint32_t> rows(40000);
    for (std::uint32_t& element : rows) element = static_cast<std::uint32_t>(random()) & mask;
    expect_partition(rows, 40000, 9000);
    expect_partition(rows, 20000, 20000);
  }
}

// Rows padded with zeros, smallest first, few winners: one bucket of everything, open to the highest key there is, and what
// crosses its room lies in the highest bin of its range.
TEST(TopkPartition, a_piece_reaches_up_to_the_highest_key) {
  Engine partition{.algorithm = "partition", .device = kDLCUDA};
  partition.ordinal = kWhole;
  Trial trial(for_cuda(drawn(DType::i32, 3, 50304, 50, 32998294522)));
  EXPECT_TRUE(trial.matches_oracle(partition, true));
}

// Where a row of f32 or u32 is sampled, a thread of the sample having one granule: each element of these granules.
std::vector<bool> sampled(std::uint32_t cols) {
  std::vector<bool> is(cols, false);
  const std::uint32_t stride = cols / 4 / cuda::kPartitionThreads;
  for (std::uint32_t i = 0; i < cuda::kPartitionThreads; ++i) {
    const auto jitter = static_cast<std::uint32_t>(std::uint64_t{(i + 1) * 0x9E3779B1U} * stride >> 32);
    for (std::uint32_t e = 0; e < 4; ++e) is[4 * (i * stride + jitter) + e] = true;
  }
  return is;
}

TEST(TopkPartition, winners_that_the_sample_does_not_meet_are_looked_for_in_the_row) {
  constexpr std::uint32_t kCols = 60000;
  std::mt19937 random(3);
  const std::vector<bool> is = sampled(kCols);
  for (const std::uint32_t others : {0U, 0x3f800000U}) {
    // Nearly all of the row is worse than what was sampled of it, or better.
    std::vector<std::uint32_t> rows(kCols);
    for (std::uint32_t i = 0; i < kCols; ++i)
      rows[i] = static_cast<std::uint32_t>(random()) % 100000 + (is[i] ? 0x30000000U : others);
    expect_partition(rows, kCols, 3000);
    expect_partition(rows, kCols, 11000);
  }
}

TEST(TopkPartition, a_bucket_of_more_than_a_block_orders_is_taken_in_pieces) {
  constexpr std::uint32_t kCols = 50000;
  std::mt19937 random(4);
  std::vector<bool> is = sampled(kCols);
  std::vector<std::uint32_t> rows(kCols);
  // A crowd between two neighbours of the sample, of distinct keys or of one.
  for (const std::uint32_t distinct : {1U, 3U, 20000U}) {
    for (std::uint32_t i = 0; i < kCols; ++i)
      rows[i] = !is[i] && i % 2 == 0 ? 0x30000000U + static_cast<std::uint32_t>(random()) % distinct
                                     : static_cast<std::uint32_t>(random()) % 0x60000000U / 2 * 2 + 1;
    expect_partition(rows, kCols, 40000);
    expect_partition(rows, kCols, 25000);
  }
}

TEST(TopkPartition, crowds_within_crowds_find_their_buckets) {
  // Three scales, each a hair's breadth of the one above.
  std::mt19937 random(5);
  std::vector<std::uint32_t> rows(40000);
  for (std::uint32_t& element : rows) {
    const std::uint32_t width = std::array{0x10U, 0x10000U, 0x3f000000U}[random() % 3];
    element = 0x30000000U + static_cast<std::uint32_t>(random()) % width;
  }
  expect_partition(rows, 40000, 30000);
  expect_partition(rows, 40000, 5000);
}

TEST(TopkPartition, few_winners_of_a_long_row_have_room) {
  std::mt19937 random(6);
  std::vector<std::uint32_t> rows(300000);
  for (std::uint32_t& element : rows) element = static_cast<std::uint32_t>(random());
  expect_partition(rows, 300000, 20);
  Problem problem{.dtype = DType::f32};
  problem.rows = 1;
  problem.cols = (std::int64_t{1} << 31) - 1;
  problem.k = 2049;
  // The sample has one element of 65536, and eight of it are wanted at least.
  EXPECT_GT(cuda::partition_shape(problem, cuda::kMostSampleVecs).capacity, 8U * 65536U);
}

TEST(TopkPartition, more_rows_than_the_workspace_holds_are_done_in_rounds) {
  Problem problem{.dtype = DType::f32};
  problem.rows = 100000;
  problem.cols = 32768;
  problem.k = 16384;
  const cuda::PartitionShape shape = cuda::partition_shape(problem, cuda::kMostSampleVecs);
  EXPECT_LT(shape.rows, problem.rows);
  EXPECT_LE(shape.workspace_bytes, std::size_t{256} << 20);
  EXPECT_EQ(cuda::partition_launches(problem, shape), (problem.rows + shape.rows - 1) / shape.rows * 3);
}

}  // namespace
}  // namespace topkit::test::topk_partition_test
