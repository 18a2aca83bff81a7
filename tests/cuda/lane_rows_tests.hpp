// What every kernel of a thread a row must do: its widths and numbers of winners, words that agree where keys do not, ties, orders and
// outputs. A kernel is
//
//   holds(args), run(args)
//   each_size(bytes of an element, gap, f)   calls f(cols, k) for what is tested
//   kTakesWords                              whether rows may begin at any word of 4 bytes
#pragma once

#include <algorithm>
#include <bit>
#include <random>

#include "direct.hpp"

namespace topkit::test {

// What is asked of the rows besides their size.
struct Asked {
  Order order = Order::value;
  Nan nan = Nan::largest;
  bool largest = true, values = true, indices = true;
  IndexType index_type = IndexType::i32;
  std::int64_t gap = 0;  // elements between rows
  int words = 0;         // of 4 bytes from a 16-byte boundary to the first row
};

template <class Kernel, class Raw, class Element>
void expect_rows(DType dtype, std::int64_t count, std::int64_t cols, std::int64_t k, Element element,
                 const Asked& asked = {}) {
  static std::uint64_t turn = 0;
  const std::int64_t stride = cols + asked.gap;
  std::vector<Raw> memory(static_cast<std::size_t>(count * stride) + 32);
  Raw* x = memory.data();
  while (reinterpret_cast<std::uintptr_t>(x) % 16 != 0) ++x;
  x += asked.words * 4 / static_cast<int>(sizeof(Raw));
  for (std::int64_t i = 0; i < count * stride; ++i) x[i] = static_cast<Raw>(element());
  const auto size = static_cast<std::size_t>(count * k);
  std::vector<std::int32_t> short_indices(size + 1, -2);
  std::vector<std::int64_t> long_indices(size + 1, -2);
  std::vector<Raw> values(size + 1, 77);

  const bool is_long = asked.index_type == IndexType::i64;
  Args args;
  args.problem = {.device = DeviceKind::cuda, .dtype = dtype, .index_type = asked.index_type, .order = asked.order};
  args.problem.nan = asked.nan;
  args.problem.largest = asked.largest;
  args.problem.rows = count;
  args.problem.cols = cols;
  args.problem.k = k;
  args.problem.layout.outer_stride = stride;
  args.x = x;
  if (asked.values) args.values = values.data();
  if (asked.indices) args.indices = is_long ? static_cast<void*>(long_indices.data()) : short_indices.data();
  args.values_layout.outer_stride = args.indices_layout.outer_stride = k;
  ASSERT_TRUE(Kernel::holds(args));
  simt::settings().seed = turn++;
  Kernel::run(args);

  for (std::int64_t r = 0; r < count; ++r) {
    auto wanted = oracle_row(dtype, x + r * stride, 1, 0, cols, k, asked.largest, asked.nan);
    if (asked.order == Order::index) std::sort(wanted.begin(), wanted.end());
    for (std::int64_t j = 0; j < k; ++j) {
      const auto at = static_cast<std::size_t>(r * k + j);
      const std::int64_t column = wanted[static_cast<std::size_t>(j)];
      if (asked.indices) {
        ASSERT_EQ(is_long ? long_indices[at] : short_indices[at], column)
            << "row " << r << " of " << count << " place " << j << " cols " << cols << " k " << k << " turn "
            << turn - 1;
      }
      if (asked.values) {
        ASSERT_EQ(values[at], x[r * stride + column]);
      }
    }
  }
  ASSERT_EQ(values[size], 77);
  ASSERT_EQ(short_indices[size], -2);
  ASSERT_EQ(long_indices[size], -2);
}

// In turn by rows of one warp, of some, of more than a block.
template <class Kernel, class Raw, class Element>
void expect_all_sizes(DType dtype, Element element, const Asked& asked = {}) {
  std::int64_t count = 1;
  Kernel::each_size(static_cast<int>(sizeof(Raw)), asked.gap, [&](std::int64_t cols, std::int64_t k) {
    if (testing::Test::HasFatalFailure()) return;
    expect_rows<Kernel, Raw>(dtype, count, cols, k, element, asked);
    count = count % 137 + 13;
  });
}

template <class Kernel>
class LaneRows : public testing::Test {};
TYPED_TEST_SUITE_P(LaneRows);

TYPED_TEST_P(LaneRows, every_width_and_number_of_winners) {
  std::mt19937 random(1);
  expect_all_sizes<TypeParam, std::uint32_t>(DType::f32, [&] { return random(); });
  expect_all_sizes<TypeParam, std::uint16_t>(DType::bf16, [&] { return random(); });
  expect_all_sizes<TypeParam, std::uint16_t>(DType::f16, [&] { return random(); });
  expect_all_sizes<TypeParam, std::uint32_t>(DType::i32, [&] { return random(); });
  expect_all_sizes<TypeParam, std::uint16_t>(DType::u16, [&] { return random(); });
  expect_all_sizes<TypeParam, std::uint8_t>(DType::f8e4m3, [&] { return random(); });
  expect_all_sizes<TypeParam, std::uint8_t>(DType::i8, [&] { return random(); });
}

TYPED_TEST_P(LaneRows, equal_keys_by_their_columns) {
  std::mt19937 random(2);
  for (const std::uint32_t distinct : {1U, 2U, 9U}) {
    expect_all_sizes<TypeParam, std::uint32_t>(DType::f32, [&] { return 0x3f800000U + (random() % distinct << 23); });
    expect_all_sizes<TypeParam, std::uint32_t>(DType::u32, [&] { return random() % distinct; });
    expect_all_sizes<TypeParam, std::uint16_t>(DType::bf16, [&] { return 0x3f80U + random() % distinct; });
    expect_all_sizes<TypeParam, std::uint8_t>(DType::u8, [&] { return random() % distinct; });
  }
}

// Words of 32 bits leave out up to eight of a key's.
TYPED_TEST_P(LaneRows, keys_that_differ_in_their_last_bits_only) {
  std::mt19937 random(3);
  for (const std::uint32_t distinct : {2U, 5U, 300U}) {
    expect_all_sizes<TypeParam, std::uint32_t>(DType::f32, [&] { return 0x3f800000U + random() % distinct; });
    expect_all_sizes<TypeParam, std::uint32_t>(DType::f32, [&] { return 0xbf800000U + random() % distinct; });
    expect_all_sizes<TypeParam, std::uint32_t>(DType::i32, [&] { return 0U - random() % distinct; });
    // Two groups of them, now one of them the winners', now the other.
    expect_all_sizes<TypeParam, std::uint32_t>(
        DType::f32, [&] { return (random() % 16 == 0 ? 0x40000000U : 0x3f800000U) + random() % distinct; });
  }
}

// Too far apart for distances in words of 32 bits.
TYPED_TEST_P(LaneRows, winners_of_either_sign_and_ties_at_the_last) {
  std::mt19937 random(7);
  for (const std::uint32_t distinct : {1U, 50U})
    for (const std::uint32_t one_in : {3U, 30U})
      expect_all_sizes<TypeParam, std::uint32_t>(DType::f32, [&] {
        return random() % one_in == 0 ? 0x40000000U + random() % 4 : 0xbf800000U + random() % distinct;
      });
}

// In a few rows of a warp, as by chance.
TYPED_TEST_P(LaneRows, rare_ties) {
  std::mt19937 random(8);
  std::uint32_t turn = 0;
  for (const std::uint32_t far : {0U, 0x80000000U})
    expect_all_sizes<TypeParam, std::uint32_t>(DType::f32, [&]() -> std::uint32_t {
      if (turn++ % 1000 > 200) return random() % 0x40000000U;
      return random() % 20 == 0 ? 0x7f000000U : (0x41000000U + random() % 40) ^ far;
    });
}

TYPED_TEST_P(LaneRows, a_single_loser_that_is_better_by_its_last_bit) {
  std::mt19937 random(4);
  int left = 0;
  expect_all_sizes<TypeParam, std::uint32_t>(DType::f32, [&] {
    if (left-- <= 0) {
      left = static_cast<int>(random() % 40);
      return 0x3f800001U;
    }
    return 0x3f800000U;
  });
}

TYPED_TEST_P(LaneRows, infinities_nan_and_zeros) {
  std::mt19937 random(5);
  const std::uint32_t special[] = {0x7f800000, 0xff800000, 0x7fc00001, 0xffc00002, 0, 0x80000000, 1, 0x80000001};
  for (const std::size_t kinds : {2, 4, 8})
    for (std::size_t from = 0; from + kinds <= 8; from += 2)
      for (const bool largest : {true, false})
        for (const Nan nan : {Nan::largest, Nan::last}) {
          const Asked asked{.nan = nan, .largest = largest};
          expect_all_sizes<TypeParam, std::uint32_t>(
              DType::f32, [&] { return special[from + random() % kinds]; }, asked);
          expect_all_sizes<TypeParam, std::uint16_t>(
              DType::bf16, [&] { return (special[from + random() % kinds] + 0x8000) >> 16; }, asked);
        }
  expect_all_sizes<TypeParam, std::uint32_t>(DType::f32, [] { return 0xff800000U; });
}

TYPED_TEST_P(LaneRows, orders_outputs_and_rows_that_lie_apart) {
  std::mt19937 random(6);
  const auto draw = [&] { return random(); };
  for (const Order order : {Order::value, Order::index, Order::any}) {
    std::vector<Asked> all = {{.order = order, .values = false},
                              {.order = order, .indices = false},
                              {.order = order, .largest = false, .index_type = IndexType::i64},
                              {.order = order, .gap = 16}};
    if (TypeParam::kTakesWords) {
      all.push_back({.order = order, .gap = 4, .words = 1});
      all.push_back({.order = order, .words = 2});
    }
    for (const Asked& asked : all) {
      expect_all_sizes<TypeParam, std::uint32_t>(DType::f32, draw, asked);
      expect_all_sizes<TypeParam, std::uint16_t>(DType::bf16, draw, asked);
      expect_all_sizes<TypeParam, std::uint8_t>(DType::f8e5m2, draw, asked);
    }
  }
}

REGISTER_TYPED_TEST_SUITE_P(LaneRows, every_width_and_number_of_winners, equal_keys_by_their_columns,
                            keys_that_differ_in_their_last_bits_only, winners_of_either_sign_and_ties_at_the_last,
                            rare_ties, a_single_loser_that_is_better_by_its_last_bit, infinities_nan_and_zeros,
                            orders_outputs_and_rows_that_lie_apart);

}  // namespace topkit::test
