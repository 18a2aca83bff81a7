// What only rows in the registers of many clusters have: parts that share no bound, lists longer than what is read of each
// at first, more ties than a block ranks at once; and what only streamed rows have: a sample that misleads.
#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <random>

#include "algorithms.hpp"
#include "cuda/grid_join.cuh"
#include "cuda/grid_narrow.cuh"
#include "cuda/grid_shape.hpp"
#include "cuda/launch.hpp"
#include "cuda/stream_strata.cuh"
#include "direct.hpp"

namespace topkit::test::topk_grid_test {
namespace {

// Four and five clusters of eight blocks whose threads hold a granule each.
constexpr std::int64_t kCols = 70001;

template <class Raw>
testing::AssertionResult selects(DType dtype, const std::vector<Raw>& rows, std::int64_t cols, int parts,
                                 std::int64_t k, int offset = 0, Order order = Order::value) {
  static std::uint64_t lane_order = 0;
  Plan plan;
  plan.row_parts = parts;
  plan.cluster_blocks = 1 << cuda::kLogGridCluster;
  plan.items_per_thread = bytes(dtype) == 4 && cols < 60000 ? 4 : 8;
  const auto lists = static_cast<std::size_t>(parts + 1) << cuda::kLogGridCluster;
  const std::size_t bytes = rows.size() / static_cast<std::size_t>(cols) * lists * (cuda::kClusterMostK * 8 + 4);
  return matches_oracle(cuda::run_grid, dtype, rows, cols, k, offset, lane_order++ % 8, bytes, plan, order);
}

template <class Element>
std::vector<std::uint32_t> row_of(std::int64_t cols, Element element) {
  std::vector<std::uint32_t> row(static_cast<std::size_t>(cols));
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = std::bit_cast<std::uint32_t>(static_cast<float>(element(i)));
  return row;
}

testing::AssertionResult selects(const std::vector<std::uint32_t>& row, int parts, std::int64_t k, int offset = 0) {
  return selects(DType::f32, row, static_cast<std::int64_t>(row.size()), parts, k, offset);
}

TEST(TopkGrid, random_rows_of_all_parts) {
  std::mt19937 random(1);
  for (const int parts : {1, 2, 5})
    for (const std::int64_t k : {1, 2, 50, 129, 256}) {
      const auto row = row_of(kCols, [&](auto) { return static_cast<int>(random() % 1000000); });
      ASSERT_TRUE(selects(row, parts, k, static_cast<int>(k % 4)));
    }
}

TEST(TopkGrid, rows_beside_each_other_in_every_order) {
  std::mt19937 random(2);
  std::vector<std::uint32_t> rows(3 * 30000);
  for (auto& element : rows) element = std::bit_cast<std::uint32_t>(static_cast<float>(random() % 5000));
  for (const Order order : {Order::value, Order::index})
    for (const std::int64_t k : {1, 50, 256}) ASSERT_TRUE(selects(DType::f32, rows, 30000, 3, k, 1, order));
}

TEST(TopkGrid, equal_elements_win_by_index_across_parts) {
  for (const int parts : {2, 4})
    for (const std::int64_t k : {1, 50, 256}) {
      ASSERT_TRUE(selects(row_of(kCols, [](auto) { return 1; }), parts, k));
      ASSERT_TRUE(selects(row_of(kCols, [](auto i) { return i % 3; }), parts, k, 1));
      // Ties in the last part, what is above them elsewhere.
      ASSERT_TRUE(selects(row_of(kCols, [](auto i) { return i > 69000 ? 2 : i % 5000 == 7 ? 3 : 0; }), parts, k, 2));
    }
}

// Lists in order of which a few have all winners: as whole rows in order have, of few values or many.
TEST(TopkGrid, winners_of_few_lists_in_order) {
  for (const std::int64_t k : {20, 100, 256})
    for (const std::size_t equals : {1U, 40U, 300U, 2000U}) {
      ASSERT_TRUE(selects(row_of(kCols, [&](auto i) { return i / equals; }), 4, k));
      ASSERT_TRUE(selects(row_of(kCols, [&](auto i) { return 100000 - i / equals; }), 4, k, 1));
      ASSERT_TRUE(selects(row_of(kCols, [&](auto i) { return i % equals == 0 && i > 9000 ? 9 : 1; }), 4, k, 3));
    }
}

// Ties in whole lines, each one block's: what is read of its list at first does not end behind the winners.
TEST(TopkGrid, ties_of_one_block_reach_beyond_what_is_read_of_its_list) {
  for (const int parts : {1, 4})
    for (const std::int64_t k : {50, 100, 200}) {
      ASSERT_TRUE(selects(row_of(kCols, [](auto i) { return i / 32 % 37 == 5 ? 1 : 0; }), parts, k));
      ASSERT_TRUE(
          selects(row_of(kCols, [](auto i) { return i / 32 % 8 == 3 ? 1
                                                    : i % 9999 == 7 ? 2
                                                                    : 0; }), parts, k, 1));
      ASSERT_TRUE(selects(row_of(kCols, [](auto i) { return i / 32 % 64 < 3 ? 1 : 0; }), parts, k, 2));
    }
}

TEST(TopkGrid, lists_longer_than_what_is_read_of_each_at_first) {
  std::mt19937 random(3);
  for (const int parts : {1, 4})
    for (const std::int64_t k : {5, 50, 256}) {
      ASSERT_TRUE(selects(row_of(kCols, [](auto i) { return static_cast<double>(i); }), parts, k));
      ASSERT_TRUE(selects(row_of(kCols, [](auto i) { return -static_cast<double>(i); }), parts, k, 3));
      // All winners in one run of one block.
      ASSERT_TRUE(
          selects(row_of(kCols, [&](auto i) { return i / 700 == 55 ? 10.0 + static_cast<double>(random() % 99) : 0; }),
                  parts, k));
      // One winner in each of many places, and nothing else anywhere.
      const float none = -std::numeric_limits<float>::infinity();
      ASSERT_TRUE(
          selects(row_of(kCols, [&](auto i) { return i % 1000 == 3 ? static_cast<float>(i) : none; }), parts, k));
    }
}

// More than a block's shared memory holds: 32 parts of equal elements.
TEST(TopkGrid, lists_that_are_merged_in_rounds) {
  constexpr std::int64_t kMany = 32 * 8 * 300;
  for (const std::int64_t k : {60, 256}) {
    ASSERT_TRUE(selects(row_of(kMany, [](auto) { return 7; }), 31, k));
    ASSERT_TRUE(selects(row_of(kMany, [](auto i) { return i % 4096 > 3000 ? 2 : 1; }), 31, k));
    ASSERT_TRUE(selects(row_of(kMany, [](auto i) { return static_cast<double>(i % 300); }), 31, k));
  }
}

TEST(TopkGrid, infinities_and_nan_at_the_bound) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::int64_t k : {3, 100}) {
    ASSERT_TRUE(selects(row_of(kCols, [&](auto i) { return i % 5 == 0 ? nan : inf; }), 2, k));
    ASSERT_TRUE(selects(row_of(kCols, [&](auto i) { return i == 69999 ? nan : i % 2 == 0 ? inf : 0; }), 3, k, 1));
    ASSERT_TRUE(selects(row_of(kCols, [&](auto) { return -inf; }), 4, k, 2));
    ASSERT_TRUE(selects(row_of(kCols, [&](auto i) { return i % 2 == 0 ? -0.0 : 0.0; }), 2, k));
  }
}

TEST(TopkGrid, rows_shorter_than_their_parts) {
  std::mt19937 random(5);
  for (const std::int64_t cols : {1, 3, 65, 300, 2048, 8193})
    for (const int parts : {1, 7}) {
      const auto row = row_of(cols, [&](auto) { return static_cast<int>(random() % 1000) - 500; });
      for (const std::int64_t k : {std::int64_t{1}, std::min<std::int64_t>(cols, 256)})
        ASSERT_TRUE(selects(row, parts, k, static_cast<int>(cols % 4)));
    }
}

TEST(TopkGrid, narrow_types) {
  std::mt19937 random(6);
  std::vector<std::uint16_t> half(2 * kCols);
  for (auto& element : half) element = static_cast<std::uint16_t>(random());
  for (const std::int64_t k : {1, 50, 256}) {
    ASSERT_TRUE(selects(DType::bf16, half, kCols, 3, k, 3));
    ASSERT_TRUE(selects(DType::f16, half, kCols, 2, k));
  }
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(kCols));
  for (auto& element : bytes) element = static_cast<std::uint8_t>(random());
  for (const std::int64_t k : {1, 50, 256}) ASSERT_TRUE(selects(DType::u8, bytes, kCols, 3, k, 5));
}

// A row that does not begin with 16 bytes may need a part more than the plan's, for which there is room.
TEST(TopkGrid, a_row_that_just_fits_may_begin_anywhere) {
  std::mt19937 random(7);
  const auto row = row_of(8 * 512 * 4 * 4, [&](auto) { return static_cast<int>(random() % 1000000); });
  for (int offset = 0; offset < 4; ++offset) ASSERT_TRUE(selects(row, 1, 50, offset));
}

// Blocks that run at once hold the rows, one of 512 elements of 16 bytes and more has several clusters.
TEST(TopkGrid, parts_are_only_what_runs_at_once) {
  for (const int sms : {16, 78, 114, 132, 148, 188})
    for (const DType dtype : {DType::f32, DType::bf16, DType::i32, DType::u8})
      for (const std::int64_t rows : {1, 2, 3, 8, 30})
        for (const std::int64_t cols :
             {1000, 524288, 1000000, 1048576, 2000001, 3900000, 8388608, 8500000, 11000000, 16777216}) {
          Problem p{.device = DeviceKind::cuda, .dtype = dtype};
          p.rows = rows;
          p.cols = cols;
          p.k = 100;
          const cuda::GridParts shape = cuda::grid_parts(p, sms, true);
          if (shape.parts == 0) continue;
          const int blocks = shape.parts << cuda::kLogGridCluster;
          EXPECT_LE(rows * blocks, is_fast(p) && shape.vecs <= 8 ? 2 * (sms - 8) : sms - 8);
          EXPECT_LE(blocks + (1 << cuda::kLogGridCluster), cuda::kMostGridLists);
          EXPECT_LE(cuda::grid_share(cuda::cluster_granules(p), shape.parts), shape.vecs * cuda::kClusterThreads);
        }
}

// Rows of a few chunks of 16384 elements of f32, behind a sample by one block or a cluster.
template <class Raw>
testing::AssertionResult streams(DType dtype, const std::vector<Raw>& rows, std::int64_t cols, int blocks,
                                 std::int64_t k, int offset = 0, Order order = Order::value) {
  static std::uint64_t lane_order = 0;
  Plan plan;
  plan.cluster_blocks = blocks;
  Problem p{.device = DeviceKind::cuda, .dtype = dtype};
  p.rows = static_cast<std::int64_t>(rows.size()) / cols;
  p.cols = cols;
  p.k = k;
  plan.workspace_bytes = cuda::grid_shape(p, blocks).workspace_bytes;
  return matches_oracle(cuda::run_grid, dtype, rows, cols, k, offset, lane_order++ % 8, plan.workspace_bytes, plan,
                        order);
}

testing::AssertionResult streams(const std::vector<std::uint32_t>& row, std::int64_t k, int offset = 0) {
  return streams(DType::f32, row, static_cast<std::int64_t>(row.size()), 1, k, offset);
}

TEST(GridStreamed, random_rows_behind_samples_of_every_size) {
  std::mt19937 random(11);
  std::vector<std::uint32_t> rows(2 * kCols);
  for (auto& element : rows) element = std::bit_cast<std::uint32_t>(static_cast<float>(random() % 1000000));
  for (const int blocks : {1, 8, 16})
    for (const std::int64_t k : {1, 50, 300, 2048})
      ASSERT_TRUE(
          streams(DType::f32, rows, kCols, blocks, k, static_cast<int>(k % 4), k == 300 ? Order::index : Order::value));
}

TEST(GridStreamed, rows_of_few_values_and_in_order) {
  for (const std::int64_t k : {1, 50, 2000}) {
    ASSERT_TRUE(streams(row_of(kCols, [](auto) { return 1; }), k));
    ASSERT_TRUE(streams(row_of(kCols, [](auto i) { return i % 3; }), k, 1));
    ASSERT_TRUE(streams(row_of(kCols, [](auto i) { return static_cast<double>(i); }), k, 2));
    ASSERT_TRUE(streams(row_of(kCols, [](auto i) { return -static_cast<double>(i); }), k, 3));
    ASSERT_TRUE(streams(row_of(kCols, [](auto i) { return i % 2 == 0 ? -0.0 : 0.0; }), k));
  }
}

TEST(GridStreamed, infinities_and_nan_at_the_bound) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::int64_t k : {3, 100}) {
    ASSERT_TRUE(streams(row_of(kCols, [&](auto) { return nan; }), k));
    ASSERT_TRUE(streams(row_of(kCols, [&](auto i) { return i % 5 == 0 ? nan : inf; }), k));
    ASSERT_TRUE(streams(row_of(kCols, [&](auto i) { return i == 69999 ? nan : i % 2 == 0 ? inf : 0; }), k, 1));
    ASSERT_TRUE(streams(row_of(kCols, [&](auto) { return -inf; }), k, 2));
  }
}

TEST(GridStreamed, narrow_types) {
  std::mt19937 random(12);
  std::vector<std::uint16_t> half(2 * kCols);
  for (auto& element : half) element = static_cast<std::uint16_t>(random());
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(kCols));
  for (auto& element : bytes) element = static_cast<std::uint8_t>(random());
  for (const std::int64_t k : {1, 50, 2000}) {
    ASSERT_TRUE(streams(DType::bf16, half, kCols, 8, k, 3));
    ASSERT_TRUE(streams(DType::f16, half, kCols, 1, k));
    ASSERT_TRUE(streams(DType::u8, bytes, kCols, 1, k, 5));
  }
}

TEST(GridStreamed, rows_shorter_than_a_chunk) {
  std::mt19937 random(13);
  for (const std::int64_t cols : {1, 3, 5, 65, 300, 2048, 8193})
    for (int offset = 0; offset < 4; ++offset) {
      const auto row = row_of(cols, [&](auto) { return static_cast<int>(random() % 1000) - 500; });
      for (const std::int64_t k :
           {std::int64_t{1}, std::min<std::int64_t>(cols, 256), std::min<std::int64_t>(cols, 2048)})
        ASSERT_TRUE(streams(row, k, offset)) << cols;
    }
}

// The granules of a row of kCols elements of f32 that a sample by one block takes: 512 strata at most.
std::vector<std::int64_t> sampled_granules() {
  constexpr std::uint32_t kGranules = kCols / 4, kWidth = (kGranules + 511) / 512;
  std::vector<std::int64_t> all;
  for (std::uint32_t q = 0; q < kGranules / kWidth; ++q) {
    const auto mixed = static_cast<std::uint64_t>(cuda::mix(q)) * kWidth >> 32;
    all.push_back(static_cast<std::int64_t>(q * kWidth + mixed));
  }
  return all;
}

TEST(GridStreamed, fewer_than_k_above_a_misleading_bound_are_looked_for_again) {
  std::mt19937 random(14);
  auto row = row_of(kCols, [&](auto) { return static_cast<float>(random() % 100000) / 100000; });
  const auto sampled = sampled_granules();
  for (std::size_t q = 0; q < 40; ++q)
    row[static_cast<std::size_t>(sampled[q]) * 4 + q % 4] = std::bit_cast<std::uint32_t>(3.0F);
  for (const std::int64_t k : {41, 50, 64}) ASSERT_TRUE(streams(row, k));
}

TEST(GridStreamed, more_than_the_list_holds_are_looked_for_again) {
  std::mt19937 random(15);
  auto row = row_of(kCols, [&](auto) { return 1 + static_cast<int>(random() % 1000); });
  for (const std::int64_t g : sampled_granules())
    for (std::int64_t e = 0; e < 4; ++e) row[static_cast<std::size_t>(g * 4 + e)] = 0;
  for (const std::int64_t k : {1, 50}) ASSERT_TRUE(streams(row, k));
}

constexpr std::size_t kBehind = 600;  // places behind the room, to see that nothing is written there
constexpr cuda::Candidate kUntouched = 0x5a5a5a5a5a5a5a5a;

struct Narrowed {
  std::vector<cuda::Candidate> kept;
  int count = 0;
};

Narrowed narrowed(const std::vector<cuda::Candidate>& list, int most, int k, std::uint64_t lane_order) {
  Narrowed out{std::vector<cuda::Candidate>(static_cast<std::size_t>(most) + kBehind, kUntouched), 0};
  simt::settings().seed = lane_order;
  const auto kernel = [](const cuda::Candidate* from, int count, cuda::Candidate* to, int room, int winners,
                         int* kept) {
    using namespace cuda;
    const int n =
        narrow_list<kJoinThreads>(from, count, to, room, winners, cluster_log_group(winners, 0), shared<NarrowState>());
    if (threadIdx.x == 0) *kept = n;
  };
  cuda::launch(+kernel, cuda::LaunchShape{.kernel = "narrow_list", .block = cuda::kJoinThreads}, list.data(),
               static_cast<int>(list.size()), out.kept.data(), most, k, &out.count);
  return out;
}

TEST(GridNarrow, keeps_the_best_and_few_more) {
  std::mt19937 random(8);
  for (const unsigned keys : {1U, 3U, 1000000U})
    for (const int k : {1, 60, 200}) {
      std::vector<cuda::Candidate> list;
      for (std::uint32_t i = 0; i < 5000; ++i) list.push_back(cuda::candidate(random() % keys, 3 * i));
      std::shuffle(list.begin(), list.end(), random);
      const Narrowed now = narrowed(list, 400, k, random() % 8);
      ASSERT_GE(now.count, k);
      ASSERT_LE(now.count, 400) << keys << " keys";
      std::sort(list.begin(), list.end(), std::greater<>());
      for (int i = 0; i < k; ++i)
        ASSERT_EQ(std::count(now.kept.begin(), now.kept.begin() + now.count, list[static_cast<std::size_t>(i)]), 1);
    }
}

// One thread's candidates are the best of all: its best alone says nothing about them, and the count tells that there is no room.
TEST(GridNarrow, says_when_too_many_are_left) {
  std::vector<cuda::Candidate> list;
  for (std::uint32_t i = 0; i < 8000; ++i) list.push_back(cuda::candidate(i % 512 == 7 ? 1000 + i : i % 100, i));
  for (const int room : {384, 8}) {
    const Narrowed now = narrowed(list, room, 15, 1);
    EXPECT_GE(now.count, 15);
    EXPECT_EQ(std::count(now.kept.begin() + room, now.kept.end(), kUntouched), kBehind) << room << " places";
  }
}

}  // namespace
}  // namespace topkit::test::topk_grid_test
