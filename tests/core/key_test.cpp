// The key of every type orders as the oracle does: all pairs of neighbours exhaustively at 8 and 16 bits, sampled above.
#include "key.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "support/oracle.hpp"

namespace topkit::test {
namespace {

struct Direction {
  bool largest;
  Nan nan;
};
constexpr Direction kDirections[] = {
    {true, Nan::largest}, {true, Nan::last}, {false, Nan::largest}, {false, Nan::last}};

template <class Body>
void for_every_type(Body&& body) {
  for (int i = 0; i < kDTypes; ++i)
    for (const Direction direction : kDirections) {
      SCOPED_TRACE(testing::Message() << name(static_cast<DType>(i)) << (direction.largest ? " largest" : " smallest")
                                      << " nan=" << name(direction.nan));
      const DTypeInfo& type = info(static_cast<DType>(i));
      const auto call = [&]<class U>(U) { body(type, direction, key_map<U>(type, direction.largest, direction.nan)); };
      switch (type.bits) {
        case 8: call(std::uint8_t{}); break;
        case 16: call(std::uint16_t{}); break;
        case 32: call(std::uint32_t{}); break;
        default: call(std::uint64_t{}); break;
      }
    }
}

// Sorted by key, best first, no element may be better than the one before it, and equal keys must mean equal values.
template <class U>
void expect_order(const DTypeInfo& type, Direction direction, const KeyMap<U>& map, std::vector<U> raws) {
  std::sort(raws.begin(), raws.end(), [&](U a, U b) { return map(a) > map(b); });
  long double before = decode(type.dtype, raws.front());
  U key_before = map(raws.front());
  std::size_t wrong = 0;
  for (const U raw : raws) {
    const long double value = decode(type.dtype, raw);
    const bool worse = better(before, value, direction.largest, direction.nan);
    wrong += better(value, before, direction.largest, direction.nan) || worse != (map(raw) != key_before);
    before = value;
    key_before = map(raw);
  }
  EXPECT_EQ(wrong, 0U);
}

template <class U>
std::vector<U> sample() {
  std::vector<U> raws;
  if constexpr (sizeof(U) <= 2) {
    for (std::uint32_t raw = 0; raw <= KeyMap<U>::kMax; ++raw) raws.push_back(static_cast<U>(raw));
  } else {
    std::mt19937_64 random(7);
    for (int i = 0; i < 20000; ++i) raws.push_back(static_cast<U>(random()));
    // Around every power of two, where signs, exponents, infinities and NaN begin and end.
    for (unsigned high = 0; high < sizeof(U) * 8; ++high)
      for (unsigned low = 0; low <= high; ++low)
        for (const int step : {-1, 0, 1})
          raws.push_back(static_cast<U>((U{1} << high) + (low == high ? U{0} : U{1} << low) + static_cast<U>(step)));
    for (const U border : {U{0}, KeyMap<U>::kMax, KeyMap<U>::kHalf, static_cast<U>(KeyMap<U>::kHalf - 1)})
      raws.push_back(border);
    for (const DType dtype : {DType::f32, DType::f64})
      for (const int step : {-1, 0, 1}) {
        const auto infinity = static_cast<U>(info(dtype).largest_magnitude + static_cast<std::uint64_t>(step));
        raws.push_back(infinity);
        raws.push_back(static_cast<U>(infinity | KeyMap<U>::kHalf));
      }
  }
  return raws;
}

TEST(Key, OrdersEveryTypeAsTheOracle) {
  for_every_type([]<class U>(const DTypeInfo& type, Direction direction, const KeyMap<U>& map) {
    expect_order(type, direction, map, sample<U>());
  });
}

TEST(Key, OfNaNIsNoNumbersKey) {
  for_every_type([]<class U>(const DTypeInfo& type, Direction, const KeyMap<U>& map) {
    std::size_t wrong = 0;
    for (const U raw : sample<U>()) {
      const bool nan = std::isnan(decode(type.dtype, raw));
      wrong += nan ? map(raw) != map.nan_key : type.kind == NumberKind::floating && map(raw) == map.nan_key;
    }
    EXPECT_EQ(wrong, 0U);
  });
}

TEST(Key, ComesBackAsTheElementWhereItIsNotLossy) {
  for_every_type([]<class U>(const DTypeInfo& type, Direction, const KeyMap<U>& map) {
    std::size_t wrong = 0;
    for (const U raw : sample<U>()) {
      const U key = map(raw);
      wrong += map(map.raw(key)) != key || (!map.lossy(key) && map.raw(key) != raw);
      const long double value = decode(type.dtype, raw);
      wrong += map.lossy(key) != (type.kind == NumberKind::floating && (value == 0 || std::isnan(value)));
    }
    EXPECT_EQ(wrong, 0U);
  });
}

TEST(Key, OfTheWorstValueIsBeatenByEveryOtherNumber) {
  for_every_type([]<class U>(const DTypeInfo& type, Direction direction, const KeyMap<U>& map) {
    const U worst = static_cast<U>(direction.largest ? type.worst_of_largest : type.worst_of_smallest);
    std::size_t wrong = 0;
    for (const U raw : sample<U>())
      wrong += !std::isnan(decode(type.dtype, raw)) && raw != worst && map(raw) <= map(worst);
    EXPECT_EQ(wrong, 0U);
  });
}

}  // namespace
}  // namespace topkit::test
