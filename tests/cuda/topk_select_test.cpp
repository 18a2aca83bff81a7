// What only the select kernel has: rows by one block and by clusters, cuts inside a crowd of equal keys, digits that say nothing.
#include <bit>
#include <random>

#include "cuda/select_sort_shape.hpp"
#include "direct.hpp"
#include "engines.hpp"

namespace topkit::test::topk_select_test {
namespace {

template <class Raw>
std::vector<Raw> random_rows(std::int64_t count, std::uint64_t mask, std::uint64_t or_bits = 0) {
  std::mt19937_64 random(static_cast<unsigned>(count));
  std::vector<Raw> rows(static_cast<std::size_t>(count));
  for (Raw& element : rows) element = static_cast<Raw>((random() & mask) | or_bits);
  return rows;
}

template <class Raw>
void expect_selected(DType dtype, const std::vector<Raw>& rows, std::int64_t cols, std::int64_t k) {
  std::uint64_t seed = static_cast<std::uint64_t>(k);
  for (const int blocks : {1, 2, 4, 16}) {
    Plan plan;
    plan.cluster_blocks = blocks;
    ASSERT_TRUE(
        matches_oracle(cuda::run_select, dtype, rows, cols, k, static_cast<int>(seed % 4), seed, 0, plan, Order::index))
        << blocks << " blocks";
    ++seed;
  }
}

TEST(TopkSelect, any_number_of_winners) {
  for (const std::int64_t cols : {1, 17, 1000, 4097, 9000})
    for (const std::int64_t k : {std::int64_t{1}, cols / 16 + 1, cols / 2, cols - 1, cols})
      if (k >= 1 && k <= cols) {
        expect_selected(DType::f32, random_rows<std::uint32_t>(2 * cols, ~0ULL), cols, k);
        expect_selected(DType::bf16, random_rows<std::uint16_t>(2 * cols, ~0ULL), cols, k);
        expect_selected(DType::u8, random_rows<std::uint8_t>(2 * cols, ~0ULL), cols, k);
        expect_selected(DType::f64, random_rows<std::uint64_t>(2 * cols, ~0ULL), cols, k);
      }
}

TEST(TopkSelect, keys_that_differ_only_here_and_there) {
  for (const std::uint64_t mask : {0xffULL << 56, 0xffULL << 24, 0x3ULL, 0x80000000ffULL, 0ULL})
    for (const std::int64_t k : {1, 60, 3100, 4999}) {
      expect_selected(DType::u64, random_rows<std::uint64_t>(5000, mask), 5000, k);
      expect_selected(DType::i32, random_rows<std::uint32_t>(5000, mask, 0x10000000), 5000, k);
      expect_selected(DType::u8, random_rows<std::uint8_t>(5000, mask, 0xf0), 5000, k);
    }
}

// The largest and the smallest key are those of a crowd.
TEST(TopkSelect, crowds_at_both_ends_of_the_keys) {
  for (const std::uint32_t end : {0U, ~0U}) {
    std::vector<std::uint32_t> rows = random_rows<std::uint32_t>(6000, ~0ULL);
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (i % 3 != 0) rows[i] = end;
    for (const std::int64_t k : {10, 1990, 2010, 3990, 4010, 6000}) expect_selected(DType::u32, rows, 6000, k);
  }
}

TEST(TopkSelect, best_first_by_one_block_and_by_several) {
  for (const std::int64_t cols : {1, 17, 1000, 5000})
    for (const std::int64_t k : {std::int64_t{1}, cols / 2, cols - 1, cols})
      for (const std::uint64_t mask : {~0ULL, 0x8000ff01ULL, 0ULL})
        for (const int blocks : {1, 3}) {
          if (k < 1 || (k + blocks - 1) / blocks > cuda::kMostSelectSorted) continue;
          Plan plan;
          plan.cluster_blocks = blocks;
          ASSERT_TRUE(matches_oracle(cuda::run_select, DType::f32, random_rows<std::uint32_t>(2 * cols, mask), cols, k,
                                     static_cast<int>(k % 4), static_cast<std::uint64_t>(k), 0, plan));
          ASSERT_TRUE(matches_oracle(cuda::run_select, DType::bf16, random_rows<std::uint16_t>(2 * cols, mask), cols, k,
                                     static_cast<int>(k % 4), static_cast<std::uint64_t>(k), 0, plan));
        }
}

// Ties too many for a cell of one place, not for one of two; of one key that lie together; and too many for any.
TEST(TopkSelect, best_first_where_few_to_many_share_a_key) {
  constexpr std::int64_t kCols = 12000;
  for (const std::int64_t period : {11, 150, 300, 700})
    for (const std::uint32_t hot : {0U, 0x7fc00001U}) {
      std::vector<std::uint32_t> rows = random_rows<std::uint32_t>(2 * kCols, ~0ULL);
      for (std::int64_t i = 0; i < 2 * kCols; ++i) {
        const bool tied = i % kCols % 64 < 32 && i % 3 != 0;
        const float value = static_cast<float>(i % kCols % period) / static_cast<float>(period) - 0.25F;
        rows[static_cast<std::size_t>(i)] = hot != 0 && tied ? hot : std::bit_cast<std::uint32_t>(value);
      }
      std::vector<std::uint16_t> halves;
      for (const std::uint32_t element : rows) halves.push_back(static_cast<std::uint16_t>(element >> 16));
      for (const std::int64_t k : {500, 6000, 11000})
        for (const int blocks : {2, 3}) {
          Plan plan;
          plan.cluster_blocks = blocks;
          const auto seed = static_cast<std::uint64_t>(k + period);
          ASSERT_TRUE(matches_oracle(cuda::run_select, DType::f32, rows, kCols, k, blocks % 2, seed, 0, plan));
          ASSERT_TRUE(matches_oracle(cuda::run_select, DType::bf16, halves, kCols, k, blocks % 2, seed, 0, plan));
        }
    }
}

// Keys that many share, several of them in one bin: what one element a thread says is enough, and where it says too little cells do.
TEST(TopkSelect, best_first_where_crowds_share_a_bin) {
  constexpr std::int64_t kCols = 12000;
  std::vector<std::uint32_t> rows = random_rows<std::uint32_t>(2 * kCols, ~0ULL);
  for (const std::uint32_t distinct : {2U, 11U, 40U}) {
    std::vector<std::uint32_t> crowds;
    for (const std::uint32_t any : rows)
      crowds.push_back(std::bit_cast<std::uint32_t>(8.0F - static_cast<float>((any >> 7) % distinct) / 8));
    for (const std::int64_t k : {700, 6000, 11000})
      for (const int blocks : {2, 3}) {
        Plan plan;
        plan.cluster_blocks = blocks;
        ASSERT_TRUE(matches_oracle(cuda::run_select, DType::f32, crowds, kCols, k, blocks % 2, distinct, 0, plan));
      }
  }
}

TEST(TopkSelect, both_orders_and_ragged_rows) {
  const Engine select{.algorithm = "select", .device = kDLCUDA, .ordinal = kWhole};
  std::uint64_t seed = 0;
  for (const DType dtype : {DType::f32, DType::f16, DType::i8, DType::i64}) {
    for (const std::int64_t cols : {900, 5000, 30000}) {
      for (const std::int64_t k : {1, 70, 800, 4000}) {
        if (k > cols) continue;
        for (const Order order : {Order::index, Order::any}) {
          for (const bool same : {false, true}) {
            Request request = for_cuda(drawn(dtype, 3, cols, k, ++seed));
            request.order = order;
            if (same) request.distribution = "all_equal";
            ASSERT_TRUE(Trial(request).matches_oracle(select, true));
          }
          Request request = ragged(dtype, 3, cols, k, static_cast<int>(seed % 16));
          request.order = order;
          ASSERT_TRUE(Trial(request).matches_oracle(select, true));
        }
      }
    }
  }
}

TEST(TopkSelect, blocks_that_sort_have_room) {
  Problem problem{.order = Order::value};
  for (const DType dtype : {DType::bf16, DType::f32})
    for (const std::int64_t cols : {1, 2048, 4096, 16384, 32768, 40000, 65535, 65536})
      for (const std::int64_t k : {std::int64_t{1}, cols / 4, cols / 2, cols})
        for (const int blocks : {1, 2, 7, 16}) {
          problem.dtype = dtype;
          problem.rows = 1;
          problem.cols = cols;
          problem.k = k;
          if (!cuda::select_can_sort(problem, blocks)) continue;
          for (const bool aligned : {false, true}) {
            const cuda::SelectSortShape shape = cuda::select_sort_shape(problem, blocks, aligned);
            ASSERT_LE(shape.row.shared_bytes, cuda::kSelectShared);
            ASSERT_GE(shape.most * static_cast<std::size_t>(blocks), static_cast<std::size_t>(k));
            ASSERT_GE(shape.row.threads * cuda::kMostSelectSorted / cuda::kMostSelectThreads, shape.most);
            ASSERT_EQ(shape.row.threads % cuda::kSelectSortThreads, 0);
            for (const std::size_t at : {shape.pairs_at, shape.cells_at, shape.row.share_at, shape.counters_at})
              ASSERT_EQ(at % 128, 0U);
          }
        }
  problem = {.order = Order::value, .rows = 64, .cols = 32768, .k = 16384};
  ASSERT_GT(cuda::select_sort_shape(problem, 2, true).cells, 0U);
}

TEST(TopkSelect, shapes_have_room) {
  Problem problem{.order = Order::any};
  problem.rows = problem.k = 1;
  for (const DType dtype : {DType::u8, DType::bf16, DType::f32, DType::f64})
    for (std::int64_t cols = 0; cols < 600000; cols = cols * 9 / 8 + 1)
      for (int log = 0; 1 << log <= cuda::kMostSelectBlocks; ++log) {
        problem.dtype = dtype;
        problem.cols = cols;
        if (cols * bytes(dtype) >> log > cuda::kMostSelectShare) continue;
        const cuda::SelectShape shape = cuda::select_shape(problem, log, false);
        const std::int64_t granules = cols * bytes(dtype) / 16 + 2, share = (granules + (1 << log) - 1) >> log;
        ASSERT_GE(static_cast<std::int64_t>(shape.threads) * shape.vecs, share - 1);
        ASSERT_LE(shape.threads, cuda::kMostSelectThreads);
        ASSERT_LE(shape.shared_bytes, std::size_t{160} << 10);
        ASSERT_EQ(shape.share_at % 128, 0U);
        ASSERT_EQ(static_cast<int>(shape.vecs) % cuda::select_vecs(bytes(dtype)), 0);
      }
}

}  // namespace
}  // namespace topkit::test::topk_select_test
