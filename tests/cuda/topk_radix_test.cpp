// What only the radix kernels have: rows that shared memory does not hold, winners sorted in the workspace; and of the
// resident kernel each number of blocks, each depth of its loads, bounds that miss or are a NaN's, bins that are spread again.
#include <algorithm>
#include <random>

#include "cuda/radix_shape.hpp"
#include "direct.hpp"

namespace topkit::test::topk_radix_test {
namespace {

std::size_t workspace_of(std::int64_t rows, std::int64_t cols, std::int64_t k) {
  Problem problem{.dtype = DType::u32};
  problem.rows = rows;
  problem.cols = cols;
  problem.k = k;
  return cuda::radix_shape(problem).workspace_bytes;
}

TEST(TopkRadix, winners_beyond_shared_memory_are_sorted_in_the_workspace) {
  std::mt19937 random(1);
  for (const std::int64_t k : {4097, 6000, 9000}) {
    const std::size_t bytes = workspace_of(2, 9000, k);
    ASSERT_GT(bytes, 0U);
    for (const std::uint32_t mask : {0xffffffffU, 0xff00ff00U, 7U, 0U}) {
      std::vector<std::uint32_t> rows(2 * 9000);
      for (std::uint32_t& element : rows) element = static_cast<std::uint32_t>(random()) & mask;
      ASSERT_TRUE(matches_oracle(cuda::run_radix, DType::u32, rows, 9000, k, 0, k, bytes));
      ASSERT_TRUE(matches_oracle(cuda::run_radix, DType::f32, rows, 9000, k, 1, k, bytes));
    }
  }
}

TEST(TopkRadix, rows_beyond_shared_memory_are_read_digit_by_digit) {
  std::mt19937 random(2);
  for (const std::int64_t k : {1, 100, 4096}) {
    ASSERT_EQ(workspace_of(1, 40000, k), 0U);
    for (const std::uint32_t mask : {0xffffffffU, 0x00ffff00U, 3U}) {
      std::vector<std::uint32_t> rows(40000);
      for (std::uint32_t& element : rows) element = static_cast<std::uint32_t>(random()) & mask;
      ASSERT_TRUE(matches_oracle(cuda::run_radix, DType::u32, rows, 40000, k, 0, k));
    }
  }
}

struct Case {
  std::int64_t cols, k;
  int blocks, depth;
  Order order;
};

// Rows by the resident kernel.
template <class Raw>
testing::AssertionResult resident_matches(DType dtype, const std::vector<Raw>& x, const Case& c,
                                          std::uint64_t lane_order) {
  const std::int64_t rows = static_cast<std::int64_t>(x.size()) / c.cols;
  std::vector<std::int32_t> indices(static_cast<std::size_t>(rows * c.k), -2);
  std::vector<Raw> values(indices.size());
  Args args;
  args.problem = {.device = DeviceKind::cuda, .dtype = dtype, .index_type = IndexType::i32, .order = c.order};
  args.problem.rows = rows;
  args.problem.cols = c.cols;
  args.problem.k = c.k;
  args.problem.layout.outer_stride = c.cols;
  args.x = x.data();
  args.values = values.data();
  args.indices = indices.data();
  args.values_layout.outer_stride = args.indices_layout.outer_stride = c.k;
  Plan plan;
  plan.cluster_blocks = c.blocks;
  plan.items_per_thread = c.depth;
  simt::settings().seed = lane_order;
  cuda::run_radix(plan, args, nullptr, nullptr);

  for (std::int64_t r = 0; r < rows; ++r) {
    const Raw* row = x.data() + r * c.cols;
    const auto all = oracle_row(dtype, row, 1, 0, c.cols, c.k, true, Nan::largest);
    std::vector<std::int64_t> wanted(all.begin(), all.begin() + c.k);
    std::vector<std::int64_t> got(indices.begin() + r * c.k, indices.begin() + (r + 1) * c.k);
    for (std::int64_t j = 0; j < c.k; ++j) {
      const std::int64_t at = got[static_cast<std::size_t>(j)];
      if (at < 0 || at >= c.cols || values[static_cast<std::size_t>(r * c.k + j)] != row[at])
        return testing::AssertionFailure() << "row " << r << " place " << j << ": index " << at;
    }
    if (c.order != Order::value) std::sort(wanted.begin(), wanted.end());
    if (c.order == Order::any) std::sort(got.begin(), got.end());
    if (got != wanted)
      return testing::AssertionFailure() << "row " << r << " of " << c.cols << ", k " << c.k << ", blocks " << c.blocks
                                         << ", depth " << c.depth << ", order " << name(c.order);
  }
  return testing::AssertionSuccess();
}

void expect_resident(const std::vector<std::uint32_t>& x, std::int64_t cols, std::int64_t k) {
  std::uint64_t turn = 0;
  for (const Order order : {Order::value, Order::index, Order::any}) {
    for (const auto& [blocks, depth] : {std::pair{1, 3}, {2, 2}, {4, 6}}) {
      const DType dtype = turn % 2 == 0 ? DType::f32 : DType::u32;
      ASSERT_TRUE(resident_matches(dtype, x, {cols, k, blocks, depth, order}, turn++));
    }
  }
}

TEST(TopkRadix, a_row_of_one_block_or_a_cluster_in_each_order) {
  std::mt19937 random(3);
  for (const auto& [rows, cols, k] :
       {std::tuple{1, 100, 10}, {3, 5000, 300}, {2, 9001, 2048}, {2, 9001, 3072}, {1, 40000, 1000}}) {
    std::vector<std::uint32_t> x(static_cast<std::size_t>(rows * cols));
    for (std::uint32_t& element : x) element = static_cast<std::uint32_t>(random());
    expect_resident(x, cols, k);
  }
}

// More winners than are put into order at once, where the sample says too little or there is no room for what passes.
TEST(TopkRadix, thousands_of_winners_a_few_at_a_time) {
  constexpr std::uint32_t kCols = 9001;
  std::mt19937 random(8);
  const auto expect = [](auto element) {
    std::vector<std::uint32_t> x(kCols);
    for (std::uint32_t i = 0; i < kCols; ++i) x[i] = element(i);
    static int turn = 0;
    for (const std::int64_t k : {3073, 6144, 8192})
      for (const Order order : {Order::value, Order::any})
        for (const int blocks : {1, 2, 8})
          ASSERT_TRUE(resident_matches(DType::f32, x, {kCols, k, blocks, 3, order}, turn++));
  };
  expect([&](auto) { return static_cast<std::uint32_t>(random()) >> 2; });
  expect([](auto i) { return 0x3f800000U + i; });
  expect([](auto i) { return 0x40000000U - i; });
  expect([](auto) { return 0x3f800000U; });
  expect([](auto i) { return i % 4 == 0 ? 0x7fc00000U : 0x3f800000U + i % 3; });
}

TEST(TopkRadix, few_distinct_keys_are_spread_by_position) {
  std::mt19937 random(4);
  for (const std::uint32_t mask : {0xff00ff00U, 0x3f80000fU, 7U, 1U, 0U}) {
    std::vector<std::uint32_t> x(9000);
    for (std::uint32_t& element : x) element = static_cast<std::uint32_t>(random()) & mask;
    expect_resident(x, 4500, 2048);
    expect_resident(x, 9000, 700);
  }
}

TEST(TopkRadix, a_bin_of_close_keys_below_an_outlier_is_spread_again) {
  std::mt19937 random(5);
  std::vector<std::uint32_t> x(3000);
  for (std::uint32_t& element : x) element = 0x3f800000U + static_cast<std::uint32_t>(random() % 5000);
  x[1234] = 0x7f000000;
  expect_resident(x, 3000, 2000);
}

TEST(TopkRadix, a_bound_that_misses_is_moved) {
  // The sample takes whole granules of a stratum each: winners that fill a tile are met by few of its granules.
  for (const std::uint32_t first : {0U, 6000U, 18000U}) {
    std::vector<std::uint32_t> x(20000);
    for (std::uint32_t i = 0; i < x.size(); ++i) x[i] = 0x3f800000U + i % 97;
    for (std::uint32_t i = 0; i < 1500; ++i) x[first + i] = 0x40000000U + i * 7919 % 4096;
    expect_resident(x, 20000, 1000);
    expect_resident(x, 20000, 2048);
  }
}

TEST(TopkRadix, a_list_that_more_reach_than_it_holds_is_not_sent) {
  // The best of the row lie in the granules that RadixSample::granule does not take: more than 4096 reach the bound in one share.
  constexpr std::uint32_t kCols = 61440, kStride = kCols / 4 / 512;
  std::mt19937 random(7);
  std::vector<std::uint32_t> x(kCols);
  for (std::uint32_t i = 0; i < kCols; ++i) {
    const std::uint32_t granule = i / 4, turn = granule / kStride;
    const auto taken = static_cast<std::uint32_t>(std::uint64_t{(turn + 1) * 0x9E3779B1U} * kStride >> 32);
    x[i] = static_cast<std::uint32_t>(random()) >> 8 | (i < 12000 && granule % kStride != taken ? 0x3f000000U : 0U);
  }
  std::uint64_t turn = 0;
  for (const Order order : {Order::value, Order::index, Order::any})
    for (const int blocks : {1, 2, 4, 8})
      ASSERT_TRUE(resident_matches(DType::u32, x, {kCols, 1000, blocks, 3, order}, turn++));
}

TEST(TopkRadix, sixteen_blocks_order_a_row_between_them) {
  std::mt19937 random(6);
  std::vector<std::uint32_t> x(30000);
  for (std::uint32_t& element : x) element = 0x3f000000U + static_cast<std::uint32_t>(random()) % 0x1000000U;
  std::uint64_t turn = 0;
  for (const Order order : {Order::value, Order::index, Order::any})
    for (const int blocks : {8, 16})
      ASSERT_TRUE(resident_matches(DType::f32, x, {30000, 1500, blocks, 2, order}, turn++));
}

// Winners side by side, all of one block and of one warp after the other; and keys that say nothing without positions.
TEST(TopkRadix, sorted_rows_and_rows_of_one_key) {
  std::vector<std::uint32_t> x(4 * 12000);
  for (std::uint32_t i = 0; i < 12000; ++i) {
    x[i] = 0x3f800000U + i;
    x[12000 + i] = 0x3f800000U + 12000 - i;
    x[24000 + i] = 0x3f800000U;
    x[36000 + i] = i % 2 == 0 ? 0x80000000U : 0U;
  }
  expect_resident(x, 12000, 600);
}

// The threshold of a NaN is +inf, which is below every NaN.
TEST(TopkRadix, bounds_among_nan_and_infinity) {
  std::mt19937 random(7);
  std::vector<std::uint32_t> x(10000);
  for (std::uint32_t& element : x) {
    const auto draw = static_cast<std::uint32_t>(random());
    element = draw % 10 == 0   ? 0x7fc00000U | draw >> 12
              : draw % 10 == 1 ? 0x7f800000U
              : draw % 10 == 2 ? 0xff800000U
                               : draw >> 4;
  }
  for (const std::int64_t k : {500, 1200, 2048, 3072}) expect_resident(x, 10000, k);
}

void expect_in_clusters(const std::vector<std::uint32_t>& x, std::int64_t cols, std::int64_t k) {
  std::uint64_t turn = 0;
  for (const Order order : {Order::value, Order::index, Order::any})
    for (const int blocks : {2, 8, 16})
      for (const DType dtype : {DType::f32, DType::u32})
        ASSERT_TRUE(resident_matches(dtype, x, {cols, k, blocks, 3, order}, turn++));
}

// One block lists nearly all that wins: its neighbour half a row away leaves it the room at those who put them into order.
TEST(TopkRadix, winners_of_one_block_have_the_room_of_two) {
  constexpr std::uint32_t kCols = 65536;
  std::mt19937 random(9);
  std::vector<std::uint32_t> x(kCols);
  const auto expect = [&](auto element) {
    for (std::uint32_t i = 0; i < kCols; ++i) x[i] = element(i);
    expect_in_clusters(x, kCols, 2048);
  };
  expect([](auto) { return 0x3f800000U; });
  expect([](auto i) { return 0x3f800000U + i; });
  expect([&](auto i) { return 0x3f800000U - (i > 3000 ? 1U : static_cast<std::uint32_t>(random()) % 2); });
}

// Two blocks that have a room together list the winners: those who order them take them from the lists.
TEST(TopkRadix, what_had_no_room_is_taken_from_the_lists) {
  constexpr std::uint32_t kCols = 65536;
  std::mt19937 random(10);
  std::vector<std::uint32_t> x(kCols);
  for (std::uint32_t i = 0; i < kCols; ++i)
    x[i] = i % (kCols / 2) < 1700 ? 0x40000000U + i / 64 : static_cast<std::uint32_t>(random()) % 0x3f000000U;
  expect_in_clusters(x, kCols, 2048);
  expect_in_clusters(x, kCols, 3000);
}

// More ties in one half of the row than a block's list holds, and winners in every second line of 128 bytes: dealt lines, and for order
// index, whose shares are contiguous, histograms that tell ties apart by position.
TEST(TopkRadix, winners_that_lie_together_are_listed_by_all_blocks) {
  constexpr std::uint32_t kCols = 131072;
  std::mt19937 random(13);
  std::vector<std::uint32_t> x(kCols);
  std::uint64_t turn = 0;
  const auto expect = [&](auto element) {
    for (std::uint32_t i = 0; i < kCols; ++i) x[i] = element(i, static_cast<std::uint32_t>(random()));
    for (const Order order : {Order::value, Order::index, Order::any})
      for (const int blocks : {1, 2, 4})
        if (order != Order::index || blocks == 4) {  // of which a block holds no longer share
          ASSERT_TRUE(resident_matches(DType::f32, x, {kCols, 2048, blocks, 3, order}, turn++));
        }
  };
  expect([](auto, auto r) { return 0x3f800000U + r % 11; });
  expect([](auto i, auto r) { return i < 4500 ? 0x40000000U : r % 0x3f000000U; });
  expect([](auto i, auto r) { return i / 32 % 2 == 0 && r % 16 == 0 ? 0x40000000U + r % 7 : r % 0x3f000000U; });
  expect([](auto i, auto r) { return 0x3f800000U + i * 8 + r % 4096; });
}

TEST(TopkRadix, keys_far_apart_are_ordered_between_splitters) {
  constexpr std::uint32_t kCols = 40000;
  std::mt19937 random(11);
  std::vector<std::uint32_t> x(kCols);
  const auto expect = [&](auto element) {
    for (std::uint32_t& e : x) e = element(static_cast<std::uint32_t>(random()));
    expect_in_clusters(x, kCols, 2048);
    expect_resident(x, kCols, 700);
  };
  expect([](auto r) { return r % 50 == 0 ? 0x7f800000U : 0x3f800000U + r % 4096; });
  expect([](auto r) { return r % 100 == 0 ? 0x3f800000U + r % 4096 : 0U; });
  expect([](auto r) { return r % 30 == 0 ? 0x7f000000U - r % 97 : r % 30 == 1 ? 0x3f800000U + r % 3 : r % 1000; });
  // Zero and infinities between what wins, and crowds that no bins part; of 16-bit types with positions beyond 16 bits too.
  const auto signs = [](auto r) { return r % 80 == 0 ? 0x3f800000U + (r >> 9) : 0xbf800000U - (r >> 12); };
  const auto beside = [](auto r) {
    return r % 60 == 0 ? 0x7fc00000U : r % 61 == 0 ? 0x7f800000U : 0x3f800000U + r % 4096;
  };
  const auto few = [](auto r) { return r % 40 == 0 ? 0x7f000000U : r % 41 == 0 ? 0x3f800000U : r % 42 == 0 ? 1U : 0U; };
  expect(signs);
  expect(beside);
  expect(few);
  const auto narrow = [&](auto element) {
    constexpr std::int64_t kLong = 70000;
    std::vector<std::uint16_t> y(kLong);
    for (std::uint16_t& e : y) e = static_cast<std::uint16_t>(element(static_cast<std::uint32_t>(random())) >> 16);
    for (const int blocks : {1, 4})
      for (const Order order : {Order::value, Order::any})
        ASSERT_TRUE(
            resident_matches(DType::bf16, y, {kLong, 1500, blocks, 3, order}, static_cast<std::uint64_t>(blocks)));
  };
  narrow(signs);
  narrow(beside);
  narrow(few);
  x.assign(kCols, 5);  // splitters of a crowd that is smaller than they are many
  for (std::uint32_t i = 0; i < 100; ++i) x[i * 300] = 0x3f800000U + i;
  x[77] = 0x7f000000U;
  expect_resident(x, kCols, 90);
}

// Positions of the bound's key are cut, where there is a key above it and where there is none.
TEST(TopkRadix, equal_keys_pass_as_far_as_the_bound_s_position) {
  constexpr std::uint32_t kCols = 30000;
  std::uint64_t turn = 0;
  for (const std::uint32_t key : {0x3f800000U, 0x00000000U, 0x80000000U, 0x80000001U, 0xff800000U, 0x7f7fffffU,
                                  0x7f800000U, 0x7fc00000U, 0xffffffffU, 0x7fffffffU}) {
    std::vector<std::uint32_t> x(kCols, key);
    for (std::uint32_t i = 0; i < kCols; i += 1000) x[i + i / 1000] = key + 1;
    for (const DType dtype : {DType::f32, DType::u32, DType::i32})
      for (const int blocks : {1, 2, 8})
        ASSERT_TRUE(resident_matches(dtype, x, {kCols, 1500, blocks, 3, Order::value}, turn++));
  }
}

// Two elements a register; the second and third row do not begin with a whole granule.
TEST(TopkRadix, elements_of_16_bits_pass_one_by_one) {
  constexpr std::uint32_t kCols = 20001, kRows = 3;
  std::mt19937 random(12);
  std::uint64_t turn = 0;
  const auto expect = [&](auto element) {
    std::vector<std::uint16_t> x(std::size_t{kRows} * kCols);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<std::uint16_t>(element(i));
    for (const DType dtype : {DType::bf16, DType::f16, DType::u16})
      for (const int blocks : {1, 4})
        ASSERT_TRUE(resident_matches(dtype, x, {kCols, 700, blocks, 3, Order::any}, turn++));
  };
  expect([&](auto) { return random(); });
  expect([&](auto) { return 0x3f80 + random() % 4; });
  expect([](auto i) { return i % 997 == 0 ? 0x3f81 : 0x3f80; });
  expect([](auto i) { return i % 997 == 0 ? 0x3f81 : 0x8000; });
  expect([](auto i) { return i % 4000 < 100 ? 0x3f80 + i % 128 : 0xc000 + i % 256; });
  expect([&](auto) { return random() % 20 == 0 ? 0x7fff : 0x7f80; });
}

}  // namespace
}  // namespace topkit::test::topk_radix_test
