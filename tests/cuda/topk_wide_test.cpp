// What only the wide kernels have: rows without a sample, one bucket and several, buckets that a block takes in pieces, words
// without room, winners that the sample ended above, winners by ascending index.
#include <array>
#include <random>

#include "cuda/wide_shape.hpp"
#include "direct.hpp"
#include "engines.hpp"

namespace topkit::test::topk_wide_test {
namespace {

using Rows = std::vector<std::uint64_t>;

cuda::WideShape shape_of(std::int64_t rows, std::int64_t cols, std::int64_t k, Order order = Order::value) {
  Problem problem{.dtype = DType::u64, .order = order};
  problem.rows = rows;
  problem.cols = cols;
  problem.k = k;
  return cuda::wide_shape(problem);
}

void expect_wide(const Rows& rows, std::int64_t cols, std::int64_t k) {
  const std::size_t bytes = shape_of(static_cast<std::int64_t>(rows.size()) / cols, cols, k).workspace_bytes;
  const auto seed = static_cast<std::uint64_t>(k);
  ASSERT_TRUE(matches_oracle(cuda::run_wide, DType::u64, rows, cols, k, 0, seed, bytes));
  ASSERT_TRUE(matches_oracle(cuda::run_wide, DType::f64, rows, cols, k, 1, seed, bytes));
  if (k > 4096) return;
  const std::size_t by_index =
      shape_of(static_cast<std::int64_t>(rows.size()) / cols, cols, k, Order::index).workspace_bytes;
  ASSERT_TRUE(matches_oracle(cuda::run_wide, DType::u64, rows, cols, k, 1, seed, by_index, {}, Order::index));
}

Rows random_rows(std::int64_t count, std::uint64_t mask) {
  std::mt19937_64 random(static_cast<unsigned>(count));
  Rows rows(static_cast<std::size_t>(count));
  for (std::uint64_t& element : rows) element = random() & mask;
  return rows;
}

TEST(TopkWide, any_number_of_winners) {
  for (const std::int64_t cols : {5, 1024, 1025, 4097, 30000})
    for (const std::int64_t k : {std::int64_t{1}, std::int64_t{50}, cols / 16 + 1, cols / 2, cols - 1, cols})
      if (k <= cols) expect_wide(random_rows(2 * cols, ~std::uint64_t{0}), cols, k);
}

TEST(TopkWide, keys_that_differ_only_here_and_there) {
  for (const std::uint64_t mask : {0xffULL << 56, 0xffULL << 28, 0x3ULL, 0xf0000000000000fULL, 0ULL})
    for (const std::int64_t k : {1, 60, 900, 3100, 17000}) expect_wide(random_rows(20000, mask), 20000, k);
}

// Where a row is sampled.
std::vector<bool> sampled(std::uint32_t cols, std::uint32_t size) {
  std::vector<bool> is(cols, false);
  for (std::uint32_t s = 0; s < size; ++s) {
    const auto jitter = static_cast<std::uint32_t>(std::uint64_t{(s + 1) * 0x9E3779B1U} * cols >> 32);
    is[static_cast<std::size_t>((std::uint64_t{s} * cols + jitter) / size)] = true;
  }
  return is;
}

TEST(TopkWide, a_row_that_is_not_as_its_sample) {
  constexpr std::uint32_t kCols = 20000;
  for (const std::int64_t k : {40, 1500, 3500, 15000}) {
    const auto size = static_cast<std::uint32_t>(shape_of(1, kCols, k).threads * cuda::kSortItems);
    const std::vector<bool> is = sampled(kCols, size);
    std::mt19937_64 random(3);
    // All others are better than the sample's best and find no room, or worse than its last; of many keys or of one.
    for (const std::uint64_t others : {0ULL, 0x3ff0000000000000ULL}) {
      for (const std::uint64_t distinct : {1ULL, 100000ULL}) {
        Rows rows(kCols);
        for (std::uint32_t i = 0; i < kCols; ++i)
          rows[i] = is[i] ? 0x3000000000000000U + random() % 100000 : others + random() % distinct;
        expect_wide(rows, kCols, k);
      }
    }
  }
}

TEST(TopkWide, a_bucket_of_more_than_a_block_orders_is_taken_in_pieces) {
  constexpr std::uint32_t kCols = 30000;
  std::mt19937_64 random(4);
  const std::vector<bool> is = sampled(kCols, 4096);
  for (const std::uint64_t distinct : {1U, 3U, 20000U}) {
    Rows rows(kCols);  // a crowd between two neighbours of the sample
    for (std::uint32_t i = 0; i < kCols; ++i)
      rows[i] = !is[i] && i % 3 != 0 ? 0x3000000000000000U + random() % distinct : random() % 0x6000000000000000U;
    for (const std::int64_t k : {10000, 25000}) expect_wide(rows, kCols, k);
  }
}

// Requests may ask for more by index than one block sees.
TEST(TopkWide, every_order_and_ragged_rows) {
  const Engine wide{.algorithm = "wide", .device = kDLCUDA, .ordinal = kWhole};
  std::uint64_t seed = 0;
  for (const DType dtype : {DType::f64, DType::i64, DType::u64}) {
    for (const std::int64_t cols : {900, 5000, 12000}) {
      for (const std::int64_t k : {1, 70, 800, 4000}) {
        if (k > cols) continue;
        for (const Order order : {Order::value, Order::index, Order::any}) {
          for (const bool same : {false, true}) {
            Request request = for_cuda(drawn(dtype, 3, cols, k, ++seed));
            request.order = order;
            if (same) request.distribution = "all_equal";
            ASSERT_TRUE(Trial(request).matches_oracle(wide, order == Order::index));
          }
          Request request = ragged(dtype, 3, cols, k, static_cast<int>(seed % 16));
          request.order = order;
          ASSERT_TRUE(Trial(request).matches_oracle(wide, order == Order::index));
        }
      }
    }
  }
}

TEST(TopkWide, shapes_have_room) {
  for (const std::int64_t rows : {1, 300, 1 << 20}) {
    for (const std::int64_t cols :
         {std::int64_t{0}, std::int64_t{4097}, std::int64_t{1} << 20, (std::int64_t{1} << 31) - 1}) {
      for (const std::int64_t k : {std::int64_t{0}, std::int64_t{64}, std::int64_t{3001}, cols}) {
        const cuda::WideShape shape = shape_of(rows, cols, k);
        ASSERT_GE(shape.capacity, shape.threads * cuda::kSortItems) << "a row without a sample is kept whole";
        ASSERT_GE(static_cast<std::int64_t>(shape.chunk) * shape.chunks, cols);
        ASSERT_LE(shape.buckets, cuda::kMostWideBuckets);
        ASSERT_GE(shape.rows, 1);
        ASSERT_LE(shape.workspace_bytes, std::max(std::size_t{64} << 20, shape.row_bytes));
        ASSERT_LT(shape.rows * std::max(shape.chunks, shape.buckets), (std::int64_t{1} << 30) + 1);
      }
    }
  }
}

}  // namespace
}  // namespace topkit::test::topk_wide_test
