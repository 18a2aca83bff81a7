#include "cpu/sort.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "cpu/vec_scalar.hpp"
#include "support/oracle.hpp"

namespace topkit::cpu {
namespace {

// Values of `dtype` in some order; the candidates are every third element of the row.
template <class V>
void check(DType dtype, std::uint32_t count, std::uint64_t raw_mask, std::uint64_t outlier) {
  using Raw = typename V::Raw;
  using S = typename V::S;
  SCOPED_TRACE(testing::Message() << name(dtype) << " x " << count << ", raw bits " << raw_mask << ", outlier "
                                  << outlier);
  std::mt19937_64 random(count);
  std::vector<Raw> row(3 * count);
  for (Raw& raw : row) raw = static_cast<Raw>(random() & raw_mask);
  row[3 * (count / 2)] = static_cast<Raw>(outlier);
  for (const bool largest : {true, false}) {
    const SortableKeys<S> keys(sortable(info(dtype), largest, Nan::largest));
    std::vector<std::uint32_t> index(count);
    std::vector<S> values(count);
    std::vector<Raw> candidates(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      index[i] = 3 * i;
      candidates[i] = row[3 * i];
      values[i] = keys.from_raw(row[3 * i]);
    }
    std::vector<std::byte> memory(BestFirst<V>::scratch_bytes(count) + 64);
    auto* scratch = reinterpret_cast<std::byte*>((reinterpret_cast<std::uintptr_t>(memory.data()) + 63) / 64 * 64);
    BestFirst<V>::sort(keys, row.data(), values.data(), index.data(), count, scratch);
    const auto expected = test::oracle_row(dtype, candidates.data(), 1, 0, count, count, largest, Nan::largest);
    for (std::uint32_t i = 0; i < count; ++i) {
      ASSERT_EQ(index[i], 3 * expected[i]) << "place " << i;
      ASSERT_EQ(keys.to_raw(values[i]), row[index[i]]) << "place " << i;
    }
  }
}

template <Kind kKind>
void check_all(DType dtype) {
  using V = Scalar::Vec<kKind>;
  const std::uint64_t all = ~std::uint64_t{0};
  for (const std::uint32_t count : {1U, 2U, 3U, 31U, 64U, 100U, 129U, 1000U, 2049U, 4097U, 20000U}) {
    check<V>(dtype, count, all, 0);  // every value there is, NaN and both zeros among them
    check<V>(dtype, count, 3, 0);    // four values
    check<V>(dtype, count, 255,
             static_cast<std::uint64_t>(1) << (info(dtype).bits - 2));  // one far off: prefixes collide
    check<V>(dtype, count, static_cast<std::uint64_t>(1) << (info(dtype).bits - 1), 1);  // the two zeros
  }
}

TEST(Sort, PutsEveryWidthBestFirstAndEqualsByIndex) {
  check_all<Kind::i8>(DType::f8e5m2);
  check_all<Kind::i8>(DType::u8);
  check_all<Kind::i16>(DType::bf16);
  check_all<Kind::i16>(DType::i16);
  check_all<Kind::i32>(DType::f32);
  check_all<Kind::i32>(DType::u32);
  check_all<Kind::i64>(DType::f64);
  check_all<Kind::i64>(DType::i64);
}

TEST(Network, SortsAnyCountAndLeavesTheRoomBehindAlone) {
  using Net = Network<std::uint32_t, 16>;
  std::mt19937 random(1);
  for (std::uint32_t count = 1; count < 700; count += count < 70 ? 1 : 37) {
    std::vector<std::uint32_t> items(round_up<std::size_t>(count, Net::kStep) + 1, 12345);
    for (std::uint32_t i = 0; i < count; ++i) items[i] = random() % 1000;
    std::vector<std::uint32_t> expected(items.begin(), items.begin() + count);
    std::sort(expected.begin(), expected.end());
    Net::sort(items.data(), count);
    ASSERT_TRUE(std::equal(expected.begin(), expected.end(), items.begin())) << count << " items";
    ASSERT_EQ(items.back(), 12345U) << count << " items";
  }
}

TEST(Radix, KeepsTheOrderOfEqualKeys) {
  std::mt19937_64 random(7);
  for (const int bits : {1, 9, 17, 32})
    for (const std::size_t count : {1UL, 100UL, 5000UL}) {
      std::vector<Item32> items(count), spare(count);
      for (std::size_t i = 0; i < count; ++i) items[i] = (random() >> (64 - bits)) << 32 | i;
      std::vector<Item32> expected = items;
      std::sort(expected.begin(), expected.end());  // the payload is the place
      const Item32* sorted = radix_sort(items.data(), spare.data(), count, bits);
      ASSERT_TRUE(std::equal(expected.begin(), expected.end(), sorted)) << bits << " bits, " << count << " items";
    }
}

}  // namespace
}  // namespace topkit::cpu
