// What only the rows that a block or half of one takes into registers have: stages of 16384 elements, halves of them and ragged ends,
// words of 32 bits for types of 16, bounds that divide equal keys, lists that are put into order where they lie, and the whole block for
// a row of one of its halves.
#include <algorithm>
#include <bit>
#include <random>

#include "cuda/radix_shape.hpp"
#include "direct.hpp"

namespace topkit::test::topk_radix_rows_test {
namespace {

Plan of_one_block(int rows) {
  Plan plan;
  plan.cluster_blocks = 1;
  plan.items_per_thread = cuda::kRing;
  plan.rows_per_task = rows;
  return plan;
}

template <class Raw, class Element>
std::vector<Raw> row_of(std::int64_t cols, Element element) {
  std::vector<Raw> x(static_cast<std::size_t>(cols));
  for (std::uint32_t i = 0; i < x.size(); ++i) x[i] = static_cast<Raw>(element(i));
  return x;
}

template <class Raw>
void expect_rows(DType dtype, const std::vector<Raw>& x, std::int64_t cols, std::int64_t k, int offset = 0) {
  static std::uint64_t turn = 0;
  Problem problem{.dtype = dtype};
  problem.cols = cols;
  problem.k = k;
  ASSERT_TRUE(cuda::radix_rows_hold(problem));
  for (const int rows : {1, 2})
    ASSERT_TRUE(matches_oracle(cuda::run_radix, dtype, x, cols, k, offset, turn++, 0, of_one_block(rows)));
}

TEST(TopkRadixRows, stages_halves_of_them_and_ragged_ends) {
  std::mt19937 random(1);
  for (const std::int64_t cols : {4000, 8192, 8193, 16384, 16391, 24576, 30000, 32768})
    for (const int offset : {0, 1, 3}) {
      const std::int64_t k = std::min<std::int64_t>(cols / 8, 2048);
      expect_rows(DType::f32, row_of<std::uint32_t>(cols, [&](auto) { return random() >> 2; }), cols, k, offset);
      expect_rows(DType::bf16, row_of<std::uint16_t>(cols, [&](auto) { return random() >> 18; }), cols, k, offset);
      expect_rows(DType::f16, row_of<std::uint16_t>(cols, [&](auto) { return random(); }), cols, k, offset);
    }
}

TEST(TopkRadixRows, several_rows_and_as_many_winners_as_one_list_holds) {
  std::mt19937 random(2);
  for (const std::int64_t k : {1, 256, 2048, 3072}) {
    expect_rows(DType::f32, row_of<std::uint32_t>(3 * 16384, [&](auto) { return random(); }), 16384, k);
    expect_rows(DType::bf16, row_of<std::uint16_t>(3 * 16384, [&](auto) { return random() >> 18; }), 16384, k);
  }
}

// The bound lies among equal keys, of which the first win.
TEST(TopkRadixRows, few_distinct_keys) {
  std::mt19937 random(3);
  for (const std::uint32_t distinct : {1U, 2U, 5U, 64U, 1000U})
    for (const std::int64_t k : {300, 2048}) {
      const auto f32 = [&](auto) { return 0x3f800000U + static_cast<std::uint32_t>(random()) % distinct; };
      expect_rows(DType::f32, row_of<std::uint32_t>(9000, f32), 9000, k);
      const auto bf16 = [&](auto) { return 0x3c00U + static_cast<std::uint32_t>(random()) % distinct; };
      expect_rows(DType::bf16, row_of<std::uint16_t>(16384, bf16), 16384, k);
    }
}

// NaN and zeros of both signs, whose keys do not say what they were; rows of -inf but for a few.
TEST(TopkRadixRows, keys_that_are_not_their_bits) {
  std::mt19937 random(4);
  for (const std::uint32_t part : {2U, 10U, 100U}) {
    const auto rarely = [&] { return static_cast<std::uint32_t>(random()) % part == 0; };
    expect_rows(DType::f32,
                row_of<std::uint32_t>(12000, [&](auto i) { return rarely() ? 0x7fc00000U + i : 0x3f800000U + i; }),
                12000, 1024);
    expect_rows(DType::f32,
                row_of<std::uint32_t>(12001, [&](auto i) { return rarely() ? 0xff800001U : 0x80000000U * (i & 1); }),
                12001, 2000, 1);
    expect_rows(DType::f32,
                row_of<std::uint32_t>(16390, [&](auto i) { return rarely() ? 0xbf800000U - i : 0xff800000U; }), 16390,
                1500, 2);
    expect_rows(DType::bf16, row_of<std::uint16_t>(20000, [&](auto) { return rarely() ? 0x7fc1U : 0x8000U; }), 20000,
                999);
    expect_rows(DType::f16,
                row_of<std::uint16_t>(16390, [&](auto i) { return rarely() ? 0x3c00U + i % 512 : 0xfc00U; }), 16390,
                3000, 3);
  }
}

// Of 16-bit types: keys that crowd at both ends of their range or lie many octaves apart, in rows that begin and end anywhere.
TEST(TopkRadixRows, sixteen_bit_keys_that_crowd) {
  std::mt19937 random(6);
  for (const std::int64_t cols : {6000, 16384, 16387, 32768})
    for (const int offset : {0, 5}) {
      const auto sparse = [&](auto) {
        return random() % 8 != 0 ? 0U : static_cast<std::uint32_t>(random() % 0x7c00U | random() % 2 << 15);
      };
      expect_rows(DType::f16, row_of<std::uint16_t>(cols, sparse), cols, 2000, offset);
      const auto far = [&](auto i) { return random() % 4 == 0 ? 0x7c00U - i % 3 : random() % 2; };
      expect_rows(DType::f16, row_of<std::uint16_t>(cols, far), cols, 2048, offset);
      const auto infinite = [&](auto) { return random() % 100 == 0 ? 0x7f80U : 0x3f80U + random() % 256; };
      expect_rows(DType::bf16, row_of<std::uint16_t>(cols, infinite), cols, 2000, offset);
      const auto apart = [&](auto) { return random() % 20 == 0 ? 0x7fc1U : 0x3f80U + random() % 512; };
      expect_rows(DType::bf16, row_of<std::uint16_t>(cols, apart), cols, 2000, offset);
      const auto sorted = [&](auto i) { return 0x3e00U + i * 64 / static_cast<std::uint32_t>(cols); };
      expect_rows(DType::bf16, row_of<std::uint16_t>(cols, sorted), cols, 2048, offset);
      const auto outlier = [&](auto i) {
        return i == 1234 ? 0x7000U : random() % 3 != 0 ? 0x3c00U : random() % 0x4000U;
      };
      expect_rows(DType::bf16, row_of<std::uint16_t>(cols, outlier), cols, 900, offset);
      const auto octaves = [&](auto) { return random() % 0x7c00U; };
      expect_rows(DType::f16, row_of<std::uint16_t>(cols, octaves), cols, 1700, offset);
      const auto tied = [&](auto i) {
        return i % 7 == 0 ? 0x4000U + random() % 2 : random() % 3 == 0 ? 0x3f80U : 0xbf80U;
      };
      expect_rows(DType::bf16, row_of<std::uint16_t>(cols, tied), cols,
                  static_cast<std::int64_t>(cols / 7 + cols / 9) % 3000 + 1, offset);
      const auto nan = [&](auto i) { return i % 5 == 0 ? 0x7fc0U : i % 3 == 0 ? 0x7f80U : 0x3f80U; };
      expect_rows(DType::bf16, row_of<std::uint16_t>(cols, nan), cols, 1000, offset);
    }
}

// Of 32-bit types: the bound divides equal keys anywhere in rows that begin and end anywhere, and what is above it lies far apart, in
// crowds of one key, of neighbours, or of both.
TEST(TopkRadixRows, far_keys_and_ties) {
  std::mt19937 random(7);
  const auto one_of = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random()) % n; };
  for (const std::int64_t cols : {5000, 16384, 16387, 32768})
    for (const int offset : {0, 3}) {
      const auto rows = [&](std::int64_t k, auto element) {
        expect_rows(DType::f32, row_of<std::uint32_t>(cols, element), cols, k, offset);
      };
      const auto normal = [&] { return 0x3f800000U + one_of(1U << 24); };
      rows(2000, [&](auto) { return one_of(100) == 0 ? 0x3f800000U + one_of(1U << 23) : 0U; });          // sparse
      rows(2000, [&](auto) { return one_of(100) == 0 ? 0x7f800000U : normal(); });                       // infinities
      rows(2048, [&](auto) { return one_of(20) == 0 ? normal() ^ one_of(2) << 31 : one_of(2) << 31; });  // zeros
      rows(1500, [&](auto) { return one_of(3000) == 0 ? 0x7f000000U : 0x3f000000U + one_of(11) * 0x10000; });  // levels
      rows(900, [&](auto i) { return i % 3 == 0 ? 0x7f800000U - one_of(2) : i % 3 == 1 ? 0x40000000U : normal(); });
      rows(2500, [&](auto i) { return 2 * i > cols && one_of(5) == 0 ? 0x3f800001U : 0x3f800000U; });
      rows(2048, [&](auto) { return 0x7fc00000U + one_of(100); });
      rows(2048, [&](auto) { return 0xff800000U; });
      rows(1100, [&](auto i) { return i == 77 ? 0x3f800000U : 0xff800000U; });
      rows(2048, [&](auto) { return 0x7f800000U; });
      rows(1999, [&](auto i) { return i < 2000 ? 0x3f800000U : one_of(50) == 0 ? normal() : 0xbf800000U; });
      // Bins of a second step hold many again.
      rows(2048, [&](auto i) { return i % 100 == 0 ? 0x7f800000U : i % 4 == 0 ? 0x3f800000U + i % 3 : 0xbf800000U; });
    }
}

// Words lie far apart: zero between the bound and the best, beside infinities and NaN, outliers that the sample sees or does not, and crowds
// that no bins part. What is above ties is little or much.
TEST(TopkRadixRows, words_that_lie_far_apart) {
  std::mt19937 random(8);
  const auto one_of = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random()) % n; };
  const auto bell = [&] {  // bits of a number around zero
    const float sum = static_cast<float>(one_of(2001)) + static_cast<float>(one_of(2001)) - 2000;
    return std::bit_cast<std::uint32_t>(sum * 0.01F + static_cast<float>(one_of(1000)) * 1e-5F);
  };
  const auto f16 = [](std::uint32_t bits) {  // of a number that is neither small nor large
    const std::uint32_t size = bits & 0x7fffffff;
    return (bits >> 16 & 0x8000U) | (size < 0x38800000 ? 0U : (size - 0x38000000) >> 13);
  };
  for (const std::int64_t cols : {5000, 16387})
    for (const int offset : {0, 3})
      for (const std::int64_t k : {700, 2048}) {
        const auto rows = [&](auto element) {
          const auto of_bf16 = [&](auto i) { return element(i) >> 16; };
          const auto of_f16 = [&](auto i) { return f16(element(i)); };
          expect_rows(DType::f32, row_of<std::uint32_t>(cols, element), cols, k, offset);
          expect_rows(DType::bf16, row_of<std::uint16_t>(cols, of_bf16), cols, k, offset);
          expect_rows(DType::f16, row_of<std::uint16_t>(cols, of_f16), cols, k, offset);
        };
        const auto below = [&] { return bell() | 0x80000000; };
        rows([&](auto) { return one_of(static_cast<std::uint32_t>(cols)) < k / 2 ? bell() : below(); });
        rows([&](auto i) { return i % 40 == 0 ? 0x7f800000U : i % 50 == 0 ? 0x7fc00000U + i : bell(); });
        rows([&](auto i) { return i % 40 == 0 ? 0x7f800000U : i % 50 == 0 ? 0xffc00000U + i : below(); });
        rows([&](auto i) { return i == 4321 ? 0x70000000U : i % 300 == 0 ? 0x47000000U + i : bell(); });
        rows([&](auto i) { return i == 4321 ? 0x41000000U : i % 6 == 0 ? below() : 0xc1f00000U; });
        rows([&](auto) { return one_of(3) == 0 ? 0x3f800000U + one_of(2) : one_of(60) == 0 ? 0x7f800000U : bell(); });
        rows([&](auto i) { return i % 40 == 0 ? bell() & 0x7fffffff : i % 2 << 31; });
        rows([&](auto i) { return i % 9 == 0 ? bell() & 0x7fffffff : i % 2 << 31; });
        rows([&](auto i) { return i % 2 == 0 ? 0x7f800000U : i % 401 == 0 ? 0x7fc00001U : 0xff800000U; });
        rows([&](auto i) { return i % 2 == 0 ? 0xff800000U : i % 20 == 1 ? bell() : 0xff800000U; });
      }
  // Twice as many infinities of f16 as a list holds, of which the first win beside NaN.
  const auto beyond = [&](auto i) { return i == 7000 ? 0x7e00U : one_of(8) != 0 ? 0x7c00U : 0xfc00U; };
  expect_rows(DType::f16, row_of<std::uint16_t>(9000, beyond), 9000, 2048);
  expect_rows(DType::bf16, row_of<std::uint16_t>(9000, [&](auto i) { return i % 3 == 0 ? 0x7f81U : 0x7f80U; }), 9000,
              3072);
}

// One outlier stretches the bins so that all others share one; winners that the sample does not see; sorted rows.
TEST(TopkRadixRows, samples_and_bins_that_say_too_little) {
  std::mt19937 random(5);
  std::vector<std::uint32_t> x = row_of<std::uint32_t>(8192, [&](auto) { return 0x3f800000U + random() % 5000; });
  x[4321] = 0x7f000000;
  expect_rows(DType::f32, x, 8192, 2000);
  std::vector<std::uint16_t> y = row_of<std::uint16_t>(32768, [&](auto) { return 0x3f80U + random() % 3; });
  y[17] = 0x7f00;
  expect_rows(DType::bf16, y, 32768, 2500);
  const auto crowd = [](auto i) { return i >= 5000 && i < 6000 ? 0x42000000U + i : 0x3f000000U + i % 7; };
  expect_rows(DType::f32, row_of<std::uint32_t>(16384, crowd), 16384, 1000);
  expect_rows(DType::f32, row_of<std::uint32_t>(16384, crowd), 16384, 1001);
  expect_rows(DType::f32, row_of<std::uint32_t>(16384, [](auto i) { return 0x3f800000U + i; }), 16384, 2048);
  expect_rows(DType::f32, row_of<std::uint32_t>(32000, [](auto i) { return 0x4f800000U - i; }), 32000, 3000);
  expect_rows(DType::f16, row_of<std::uint16_t>(32768, [](auto i) { return i / 2; }), 32768, 2048);
}

}  // namespace
}  // namespace topkit::test::topk_radix_rows_test
