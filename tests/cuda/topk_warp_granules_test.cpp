// A thread a row by its granules: each number of words that a lane keeps, whole rows and longer ones, looked into at once or by maxima,
// copied by 4, 8 and 16 bytes, words that agree where keys do not.
#include <algorithm>
#include <bit>
#include <random>

#include "cuda/warp_granules_shape.hpp"
#include "direct.hpp"

namespace topkit::test {
namespace {

// What is asked of the rows besides their size.
struct Asked {
  Order order = Order::value;
  Nan nan = Nan::largest;
  bool largest = true, values = true, indices = true;
  IndexType index_type = IndexType::i32;
  std::int64_t gap = 0;  // elements between rows
  int words = 0;         // of 4 bytes from a 16-byte boundary to the first row
};

template <class Raw, class Element>
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
  ASSERT_TRUE(cuda::warp_granules_hold(args));
  simt::settings().seed = turn++;
  cuda::run_warp_granules(args, nullptr);

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

constexpr std::int64_t kCols[] = {4,  6,   10,  12,  16,  20,  25,  32,  40,  52,  64,  72, 96,
                                  99, 100, 102, 128, 130, 136, 200, 250, 256, 260, 500, 512};

// Numbers of winners in turn: not all of each width, but most of the pairs come up.
template <class Raw, class Element>
void expect_all_sizes(DType dtype, Element element, const Asked& asked = {}) {
  constexpr std::int64_t kLeast = cuda::kWarpGranulesLeastK, kNumbers = cuda::kWarpGranulesMostK - kLeast + 1;
  static std::int64_t count = 1, step = 0;
  for (const std::int64_t cols : kCols) {
    if (cols * static_cast<std::int64_t>(sizeof(Raw)) > 16 * cuda::kMostGranules) continue;
    if ((cols + asked.gap) * static_cast<std::int64_t>(sizeof(Raw)) % 4 != 0 ||
        cols * static_cast<std::int64_t>(sizeof(Raw)) % 4 != 0)
      continue;
    if (cols < kLeast) continue;
    for (int turn = 0; turn < 1; ++turn) {
      const std::int64_t k = kLeast + step++ % kNumbers;
      expect_rows<Raw>(dtype, count, cols, std::min(k, cols), element, asked);
      if (testing::Test::HasFatalFailure()) return;
      count = count % 137 + 13;  // of one warp, of some, of more than a block
    }
    step += 2;
  }
}

TEST(TopkWarpGranules, every_width_and_number_of_winners) {
  std::mt19937 random(1);
  expect_all_sizes<std::uint32_t>(DType::f32, [&] { return random(); });
  expect_all_sizes<std::uint16_t>(DType::bf16, [&] { return random(); });
  expect_all_sizes<std::uint16_t>(DType::f16, [&] { return random(); });
  expect_all_sizes<std::uint32_t>(DType::i32, [&] { return random(); });
  expect_all_sizes<std::uint16_t>(DType::u16, [&] { return random(); });
  expect_all_sizes<std::uint8_t>(DType::f8e4m3, [&] { return random(); });
  expect_all_sizes<std::uint8_t>(DType::i8, [&] { return random(); });
}

TEST(TopkWarpGranules, equal_keys_by_their_columns) {
  std::mt19937 random(2);
  for (const std::uint32_t distinct : {1U, 2U, 9U}) {
    expect_all_sizes<std::uint32_t>(DType::f32, [&] { return 0x3f800000U + (random() % distinct << 23); });
    expect_all_sizes<std::uint32_t>(DType::u32, [&] { return random() % distinct; });
    expect_all_sizes<std::uint16_t>(DType::bf16, [&] { return 0x3f80U + random() % distinct; });
    expect_all_sizes<std::uint8_t>(DType::u8, [&] { return random() % distinct; });
  }
}

// Words of 32 bits leave out up to eight of a key's.
TEST(TopkWarpGranules, keys_that_differ_in_their_last_bits_only) {
  std::mt19937 random(3);
  for (const std::uint32_t distinct : {2U, 5U, 300U}) {
    expect_all_sizes<std::uint32_t>(DType::f32, [&] { return 0x3f800000U + random() % distinct; });
    expect_all_sizes<std::uint32_t>(DType::f32, [&] { return 0xbf800000U + random() % distinct; });
    expect_all_sizes<std::uint32_t>(DType::i32, [&] { return 0U - random() % distinct; });
    // Two groups of them, now one of them the winners', now the other.
    expect_all_sizes<std::uint32_t>(
        DType::f32, [&] { return (random() % 16 == 0 ? 0x40000000U : 0x3f800000U) + random() % distinct; });
  }
}

// Too far apart for distances in words of 32 bits.
TEST(TopkWarpGranules, winners_of_either_sign_and_ties_at_the_last) {
  std::mt19937 random(7);
  for (const std::uint32_t distinct : {1U, 50U})
    for (const std::uint32_t one_in : {3U, 30U})
      expect_all_sizes<std::uint32_t>(DType::f32, [&] {
        return random() % one_in == 0 ? 0x40000000U + random() % 4 : 0xbf800000U + random() % distinct;
      });
}

// In a few rows of a warp, as by chance.
TEST(TopkWarpGranules, rare_ties) {
  std::mt19937 random(8);
  std::uint32_t turn = 0;
  for (const std::uint32_t far : {0U, 0x80000000U})
    expect_all_sizes<std::uint32_t>(DType::f32, [&]() -> std::uint32_t {
      if (turn++ % 1000 > 200) return random() % 0x40000000U;
      return random() % 20 == 0 ? 0x7f000000U : (0x41000000U + random() % 40) ^ far;
    });
}

TEST(TopkWarpGranules, a_single_loser_that_is_better_by_its_last_bit) {
  std::mt19937 random(4);
  int left = 0;
  expect_all_sizes<std::uint32_t>(DType::f32, [&] {
    if (left-- <= 0) {
      left = static_cast<int>(random() % 40);
      return 0x3f800001U;
    }
    return 0x3f800000U;
  });
}

TEST(TopkWarpGranules, infinities_nan_and_zeros) {
  std::mt19937 random(5);
  const std::uint32_t special[] = {0x7f800000, 0xff800000, 0x7fc00001, 0xffc00002, 0, 0x80000000, 1, 0x80000001};
  for (const std::size_t kinds : {2, 4, 8})
    for (std::size_t from = 0; from + kinds <= 8; from += 2)
      for (const bool largest : {true, false})
        for (const Nan nan : {Nan::largest, Nan::last}) {
          const Asked asked{.nan = nan, .largest = largest};
          expect_all_sizes<std::uint32_t>(
              DType::f32, [&] { return special[from + random() % kinds]; }, asked);
          expect_all_sizes<std::uint16_t>(
              DType::bf16, [&] { return (special[from + random() % kinds] + 0x8000) >> 16; }, asked);
        }
  expect_all_sizes<std::uint32_t>(DType::f32, [] { return 0xff800000U; });
}

TEST(TopkWarpGranules, orders_outputs_and_rows_that_lie_apart) {
  std::mt19937 random(6);
  const auto draw = [&] { return random(); };
  for (const Order order : {Order::value, Order::index, Order::any})
    for (const Asked& asked :
         {Asked{.order = order, .values = false}, Asked{.order = order, .indices = false},
          Asked{.order = order, .largest = false, .index_type = IndexType::i64}, Asked{.order = order, .gap = 16},
          Asked{.order = order, .gap = 4, .words = 1}, Asked{.order = order, .words = 2}}) {
      expect_all_sizes<std::uint32_t>(DType::f32, draw, asked);
      expect_all_sizes<std::uint16_t>(DType::bf16, draw, asked);
      expect_all_sizes<std::uint8_t>(DType::f8e5m2, draw, asked);
    }
}

TEST(TopkWarpGranules, rows_that_are_not_plain_are_not_taken) {
  Args args;
  args.problem = {.device = DeviceKind::cuda, .dtype = DType::bf16};
  args.problem.rows = 100;
  args.problem.cols = 64;
  args.problem.k = 8;
  args.problem.layout.outer_stride = 64;
  args.values_layout.outer_stride = args.indices_layout.outer_stride = 8;
  EXPECT_TRUE(cuda::warp_granules_hold(args));
  const auto holds = [&](auto change) {
    Args changed = args;
    change(changed);
    return cuda::warp_granules_hold(changed);
  };
  EXPECT_FALSE(holds([](Args& a) { a.problem.k = 17; }));
  EXPECT_FALSE(holds([](Args& a) { a.problem.k = 3; }));
  EXPECT_TRUE(holds([](Args& a) { a.problem.cols = 60; }));
  EXPECT_FALSE(holds([](Args& a) { a.problem.cols = 61; }));
  EXPECT_FALSE(holds([](Args& a) { a.problem.cols = 514; }));
  EXPECT_FALSE(holds([](Args& a) { a.problem.layout.outer_stride = 65; }));
  EXPECT_FALSE(holds([](Args& a) { a.problem.dtype = DType::f64; }));
  EXPECT_FALSE(holds([](Args& a) { a.problem.has_lengths = true; }));
  static std::uint16_t values[800];
  EXPECT_TRUE(holds([](Args& a) { a.values_layout.outer_stride = 9; }));  // nobody wants them
  EXPECT_FALSE(holds([](Args& a) {
    a.values = values;
    a.values_layout.outer_stride = 9;
  }));
  alignas(16) static const char memory[16] = {};
  EXPECT_FALSE(holds([](Args& a) { a.x = memory + 2; }));
}

}  // namespace
}  // namespace topkit::test
