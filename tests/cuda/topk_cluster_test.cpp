// What only the cluster kernel has: shares of a row in several blocks, each of which must fit its list whatever the row is.
#include <algorithm>
#include <array>
#include <bit>
#include <random>

#include "direct.hpp"

namespace topkit::test::topk_cluster_test {
namespace {

Plan blocks(int n) {
  Plan plan;
  plan.cluster_blocks = n;
  return plan;
}

std::vector<std::uint32_t> row_of(std::int64_t cols, auto element) {
  std::vector<std::uint32_t> row(static_cast<std::size_t>(cols));
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = std::bit_cast<std::uint32_t>(static_cast<float>(element(i)));
  return row;
}

testing::AssertionResult selects(const std::vector<std::uint32_t>& row, int n, std::int64_t k, int offset = 0) {
  static std::uint64_t order = 0;
  return matches_oracle(cuda::run_cluster, DType::f32, row, static_cast<std::int64_t>(row.size()), k, offset,
                        order++ % 8, 0, blocks(n));
}

constexpr std::int64_t kCols = 9001;

// The block, one of 2^log_blocks, that has element i of an aligned row of f32: lines of 32 elements are dealt (cluster_row.cuh).
std::size_t dealt_to(std::size_t i, int log_blocks) {
  const std::size_t line = i / 32, turn = (line >> log_blocks) % 64;
  return (line ^ turn ^ turn >> log_blocks ^ turn >> 2 * log_blocks) & ((std::size_t{1} << log_blocks) - 1);
}

TEST(TopkCluster, equal_elements_win_by_index_across_blocks) {
  for (const int n : {2, 7, 8, 16})
    for (const std::int64_t k : {1, 50, 200, 256}) {
      ASSERT_TRUE(selects(row_of(kCols, [](auto) { return 1; }), n, k));
      ASSERT_TRUE(selects(row_of(kCols, [](auto i) { return i % 3; }), n, k, 1));
      // The ties lie together, winners above them everywhere.
      ASSERT_TRUE(selects(row_of(kCols, [](auto i) { return i > 8000 ? 2 : i % 1000 == 7 ? 3 : 0; }), n, k, 2));
    }
}

TEST(TopkCluster, a_share_that_holds_more_than_its_list_is_thinned_out) {
  for (const int n : {2, 4, 7, 8})
    for (const std::int64_t k : {5, 64, 256}) {
      ASSERT_TRUE(selects(row_of(kCols, [](auto i) { return static_cast<double>(i); }), n, k));
      ASSERT_TRUE(selects(row_of(kCols, [](auto i) { return -static_cast<double>(i); }), n, k, 3));
      // All winners in one run, most of them equal, some not.
      ASSERT_TRUE(selects(row_of(kCols, [](auto i) { return i / 700 == 5 ? 9 + (i % 50 == 0 ? 1 : 0) : 0; }), n, k));
      // Half of the row above the bound in every block, with a trend of its own.
      ASSERT_TRUE(
          selects(row_of(kCols, [](auto i) { return i % 2 == 0 ? 100000.0 + static_cast<double>(i) : 0; }), n, k));
    }
}

// Sorted rows of 16 bits: of a block's best there are more than it can have winners, or not quite as many.
TEST(TopkCluster, equals_of_a_blocks_best_in_sixteen_bits) {
  constexpr std::uint16_t kNan = 0x7fff;
  std::uint64_t order = 0;
  const auto row_of = [](auto element) {
    std::vector<std::uint16_t> row(kCols);
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = static_cast<std::uint16_t>(element(i));
    return row;
  };
  const auto half = static_cast<std::size_t>(kCols) / 2;
  for (const DType dtype : {DType::bf16, DType::f16})
    for (const int n : {2, 4, 7, 8})
      for (const std::int64_t k : {5, 50, 200})
        for (const std::size_t equals : {37U, 300U, 1000U})
          for (const auto& row :
               {row_of([&](auto i) { return 0x3000 + i / equals; }),
                row_of([&](auto i) { return 0x4000 - i / equals; }),
                row_of([&](auto i) { return 0x3000 + std::min(i, 2 * half - i) / equals; }),
                row_of([&](auto i) { return i > half && i < half + equals ? kNan : 0x3000 + i / 64; })})
            ASSERT_TRUE(matches_oracle(cuda::run_cluster, dtype, row, kCols, k, static_cast<int>(k % 3), order++ % 8, 0,
                                       blocks(n)));
}

// More pass in a block than its fair share, and few enough for its list: in bins, whose range one outlier may widen until all lie in
// one of them, and of few keys by their positions.
TEST(TopkCluster, a_crowd_that_fits_its_list_is_put_into_order) {
  std::mt19937 random(7);
  for (const int n : {2, 4, 7, 8})
    for (const std::int64_t k : {5, 50, 130, 256})
      for (const std::size_t many : {400U, 1300U, 3000U}) {
        const auto hot = [&](auto i) { return i >= 2000 && i < 2000 + many; };
        ASSERT_TRUE(
            selects(row_of(kCols, [&](auto i) { return hot(i) ? 1 + random() % 100000 : random() % 2; }), n, k));
        ASSERT_TRUE(selects(row_of(kCols,
                                   [&](auto i) {
                                     return i == 2345 ? 1e30F : hot(i) ? 1 + static_cast<float>(i) * 0x1p-20F : 0;
                                   }),
                            n, k, 1));
        ASSERT_TRUE(selects(row_of(kCols, [&](auto i) { return hot(i) ? 1 + i % 3 : i % 2; }), n, k, 2));
        ASSERT_TRUE(
            selects(row_of(kCols, [&](auto i) { return i % 1500 == 7 ? 1e30F
                                                       : hot(i)      ? 1.0F
                                                                     : 0.0F; }), n, k, 3));
      }
}

// All groups have the best key: its first k lie where a thread's first granule is, or its first four, or farther, and a block has few
// of them, more than its list holds, or whole warps of them.
TEST(TopkCluster, ties_that_all_groups_have) {
  constexpr std::int64_t kLong = 40000;
  constexpr std::uint16_t kNan = 0x7fff, kInfinity = 0x7f80;
  std::mt19937 random(11);
  std::uint64_t turn = 0;
  for (const int n : {2, 4, 7, 8})
    for (const std::size_t begin : {0U, 1990U, 5000U, 20000U})
      for (const unsigned one_in : {1U, 2U, 9U, 50U}) {
        const std::int64_t k = std::array{3, 50, 90, 200}[turn++ % 4];
        const auto ties = [&](auto i) { return i >= begin && random() % one_in == 0; };
        ASSERT_TRUE(
            selects(row_of(kLong, [&](auto i) { return ties(i) ? 5.0 : static_cast<double>(random() % 500) / 100; }), n,
                    k, static_cast<int>(turn % 3)));
        std::vector<std::uint16_t> halves(kLong);
        for (std::size_t i = 0; i < halves.size(); ++i)
          halves[i] = static_cast<std::uint16_t>(ties(i) ? kNan : i % 100 == 7 ? kInfinity : 0x3f80 + random() % 100);
        ASSERT_TRUE(matches_oracle(cuda::run_cluster, DType::bf16, halves, kLong, k, static_cast<int>(turn % 5),
                                   turn % 8, 0, blocks(n), turn % 3 == 0 ? Order::index : Order::value));
      }
  // One block has more of them than its list holds, and finds the winners alone; or does not, for they begin late.
  for (const std::int64_t k : {5, 50, 150})
    for (const std::size_t begin : {0U, 7000U}) {
      const auto row = row_of(kLong, [&](auto i) {
        const bool tied = i >= begin && (dealt_to(i, 3) == 5 || i % 97 == 0);
        return tied ? 5.0 : static_cast<double>(i % 400) / 100;
      });
      ASSERT_TRUE(selects(row, 8, k));
      ASSERT_TRUE(selects(row, 4, k, 1));
    }
  // Two values of which all groups have either.
  ASSERT_TRUE(selects(row_of(kCols, [&](auto i) { return i % 64 < 32 ? 1 : 2; }), 8, 100, 1));
}

// Neighbours that win together: lists in no order, longer than what is compared with all others, are cut to few more than k.
TEST(TopkCluster, long_lists_in_no_order_are_cut) {
  std::mt19937 random(12);
  for (const int n : {2, 4, 7, 8, 16})
    for (const std::int64_t k : {5, 50, 130, 256}) {
      const auto run = [&](std::size_t i) { return i >= 3000 && i < 3000 + 900; };
      ASSERT_TRUE(selects(row_of(kCols, [&](auto i) { return run(i) ? 1 + random() % 100000 : 0; }), n, k));
      // One outlier leaves the bins nothing to tell apart; keys of which two are left, and positions.
      ASSERT_TRUE(selects(
          row_of(kCols, [&](auto i) { return i == 3333 ? 1e30
                                             : run(i)  ? 1 + 0x1p-20 * static_cast<double>(i)
                                                       : 0; }),
          n, k, 1));
      ASSERT_TRUE(selects(row_of(kCols, [&](auto i) { return run(i) ? 1 + i % 2 : 0; }), n, k, 2));
      ASSERT_TRUE(selects(row_of(kCols, [&](auto i) { return static_cast<double>(i % 500); }), n, k, 3));
    }
}

// Lists of unlike lengths, which are halved (many winners a block) and compared (few): none of a block, one, a whole warp's.
TEST(TopkCluster, blocks_with_unlike_numbers_of_winners) {
  std::mt19937 random(6);
  for (const auto& of_block :
       {std::array{0, 1, 33, 222}, {128, 0, 0, 128}, {129, 127, 0, 0}, {31, 32, 64, 129}, {256, 0, 0, 0}})
    for (const std::int64_t k : {33, 65, 200, 256}) {
      auto row = row_of(kCols, [&](auto) { return static_cast<int>(random() % 7); });
      std::array<int, 4> left = of_block;
      for (std::size_t i = 3; i < row.size(); i += 8)
        if (int& more = left[dealt_to(i, 2)]; more > 0) {
          --more;
          row[i] = std::bit_cast<std::uint32_t>(static_cast<float>(100 + random() % 1000));
        }
      ASSERT_TRUE(selects(row, 4, k));
      ASSERT_TRUE(selects(row, 2, k, 1));
    }
}

// One block has ties at the bound and nothing above, whose list comes in order; the others have few winners, in none.
TEST(TopkCluster, a_list_in_order_among_others) {
  for (const std::int64_t k : {20, 60, 64, 100})
    for (const std::size_t tied : {0U, 3U}) {
      const auto row = row_of(kCols, [&](auto i) {
        if (dealt_to(i, 2) == tied) return 5.0;
        return i % 97 == 11 ? 5.0 + static_cast<double>(i % 13) : -static_cast<double>(i % 1000);
      });
      ASSERT_TRUE(selects(row, 4, k));
      ASSERT_TRUE(selects(row, 8, k, 1));
    }
}

TEST(TopkCluster, infinities_and_nan_at_the_bound) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::int64_t k : {3, 100}) {
    ASSERT_TRUE(selects(row_of(kCols, [&](auto i) { return i % 5 == 0 ? nan : inf; }), 4, k));
    ASSERT_TRUE(selects(row_of(kCols, [&](auto i) { return i == 8999 ? nan : i % 2 == 0 ? inf : 0; }), 8, k, 1));
    ASSERT_TRUE(selects(row_of(kCols, [&](auto) { return -inf; }), 8, k, 2));
    ASSERT_TRUE(selects(row_of(kCols, [&](auto i) { return i % 900 == 3 ? 1 : -inf; }), 8, k));
    ASSERT_TRUE(selects(row_of(kCols, [&](auto i) { return i % 2 == 0 ? -0.0 : 0.0; }), 2, k));
    ASSERT_TRUE(selects(row_of(kCols, [&](auto i) { return i % 5 == 0 ? nan : inf; }), 7, k, 3));
  }
}

TEST(TopkCluster, rows_shorter_than_the_blocks_and_rows_that_just_fit) {
  std::mt19937 random(5);
  for (const std::int64_t cols : {1, 3, 17, 63, 64, 65, 2048, 8192, 8193, 16384, 16385})
    for (const int n : {2, 7, 8, 16}) {
      const auto row = row_of(cols, [&](auto) { return static_cast<int>(random() % 1000) - 500; });
      for (const std::int64_t k :
           {std::int64_t{1}, std::min<std::int64_t>(cols, 40), std::min<std::int64_t>(cols, 256)})
        ASSERT_TRUE(selects(row, n, k, static_cast<int>(cols % 4)));
    }
}

// Of one winner no block holds anything: every thread's best, first by position, over as many granules as there are.
TEST(TopkCluster, one_winner_wherever_it_lies) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (const int n : {2, 4, 8})
    for (const std::int64_t at : {0, 1, 3, 4, 2047, 2048, 4095, 8191, 8999, 9000})
      for (const int offset : {0, 1, 3}) {
        ASSERT_TRUE(
            selects(row_of(kCols, [&](auto i) { return i == static_cast<std::size_t>(at) ? 1 : -1; }), n, 1, offset));
        ASSERT_TRUE(
            selects(row_of(kCols, [&](auto i) { return i >= static_cast<std::size_t>(at) ? inf : 0; }), n, 1, offset));
        ASSERT_TRUE(selects(row_of(kCols, [&](auto i) { return i >= static_cast<std::size_t>(at) ? nan : inf; }), n, 1,
                            offset));
      }
  ASSERT_TRUE(selects(row_of(kCols, [&](auto) { return -inf; }), 4, 1, 1));
  ASSERT_TRUE(selects(row_of(kCols, [&](auto i) { return i % 2 == 0 ? -0.0 : 0.0; }), 4, 1, 2));
  std::mt19937 random(7);
  for (const std::int64_t cols : {100000, 300000})  // more granules a thread than it asks for at once
    ASSERT_TRUE(selects(row_of(cols, [&](auto) { return static_cast<int>(random() % 100000); }), 2, 1, 1));
}

// Seven blocks, whose rows are dealt to them without a power of two.
TEST(TopkCluster, seven_blocks) {
  std::mt19937 random(8);
  for (const std::int64_t cols : {300, 3584, 20011, 100000})
    for (const std::int64_t k : {2, 50, 128, 256}) {
      ASSERT_TRUE(selects(row_of(cols, [&](auto) { return static_cast<int>(random() % 1000000); }), 7, k));
      ASSERT_TRUE(selects(row_of(cols, [&](auto) { return static_cast<int>(random() % 50); }), 7, k, 3));
    }
}

// More vectors a thread than two blocks a multiprocessor have registers for: those behind them lie in shared memory, whoever wins.
TEST(TopkCluster, what_registers_do_not_hold_lies_aside) {
  std::mt19937 random(9);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::int64_t cols : {130001, 180000, 229370}) {
    const auto last = static_cast<double>(cols - 1);
    for (const std::int64_t k : {2, 50, 256}) {
      ASSERT_TRUE(selects(row_of(cols, [&](auto) { return static_cast<int>(random() % 1000000); }), 7, k, 1));
      ASSERT_TRUE(selects(row_of(cols, [](auto i) { return static_cast<double>(i); }), 7, k));
      ASSERT_TRUE(selects(row_of(cols, [&](auto i) { return last - static_cast<double>(i); }), 7, k, 2));
    }
    ASSERT_TRUE(selects(row_of(cols, [](auto) { return 1; }), 7, 200));
    ASSERT_TRUE(selects(row_of(cols, [](auto i) { return i % 5; }), 7, 60, 3));
    ASSERT_TRUE(selects(row_of(cols, [&](auto i) { return i >= 129024 ? 7 + i % 2 : i % 3; }), 7, 100));
    ASSERT_TRUE(selects(row_of(cols, [&](auto i) { return i + 1 == std::size_t(cols) ? nan : -1; }), 7, 3, 1));
  }
}

// Rows by the dozen, which would be two waves of blocks that hold their share in registers.
TEST(TopkCluster, shares_of_many_rows_lie_aside) {
  std::mt19937 random(10);
  for (const auto& [rows, cols, n] : {std::array<std::int64_t, 3>{70, 33001, 2}, {32, 70000, 4}, {16, 140000, 8}}) {
    std::vector<std::uint32_t> all;
    for (std::int64_t r = 0; r < rows; ++r) {
      const auto row = row_of(cols, [&](auto i) -> double {
        return r % 4 == 0   ? static_cast<double>(random() % 1000000)
               : r % 4 == 1 ? i / 100
               : r % 4 == 2 ? 3
                            : -static_cast<double>(i);
      });
      all.insert(all.end(), row.begin(), row.end());
    }
    ASSERT_TRUE(matches_oracle(cuda::run_cluster, DType::f32, all, cols, 50, static_cast<int>(n % 3), 1, 0,
                               blocks(static_cast<int>(n))));
  }
}

}  // namespace
}  // namespace topkit::test::topk_cluster_test
