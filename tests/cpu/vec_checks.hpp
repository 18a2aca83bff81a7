// Every operation of the vector layer against one element at a time. Included by one test per instruction set, which is
// compiled for it.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "cpu/job.hpp"
#include "cpu/vec.hpp"
#include "key.hpp"

namespace topkit::cpu {
namespace {

template <class V>
struct VecChecks {
  using S = typename V::S;
  using Raw = typename V::Raw;
  using Sorted = typename V::Sorted;

  // Random bits, small numbers that tie, and the ends of the range.
  static std::vector<Raw> inputs(const DTypeInfo& type) {
    std::mt19937_64 random(7);
    std::vector<Raw> raw(4 * kBlock);
    for (std::size_t i = 0; i < raw.size(); ++i) raw[i] = static_cast<Raw>(i % 3 == 0 ? random() % 5 : random());
    const auto half = static_cast<Raw>(Raw{1} << (sizeof(Raw) * 8 - 1));
    const auto infinity = static_cast<Raw>(type.largest_magnitude);
    const Raw ends[] = {0,
                        half,
                        infinity,
                        static_cast<Raw>(infinity + half),
                        static_cast<Raw>(infinity + 1),
                        static_cast<Raw>(infinity + half + 1),
                        static_cast<Raw>(half - 1),
                        std::numeric_limits<Raw>::max()};
    for (std::size_t i = 0; i < std::size(ends); ++i) raw[i * 11] = ends[i];
    return raw;
  }

  static void sortable_order_is_the_key_order(DType dtype, bool largest, Nan nan) {
    const DTypeInfo& type = info(dtype);
    const Sortable constants = sortable(type, largest, nan);
    const SortableKeys<S> keys(constants);
    const auto key = key_map<Raw>(type, largest, nan);
    const std::vector<Raw> raw = inputs(type);
    const typename Sorted::Lens lens(constants);
    for (std::size_t i = 0; i < raw.size(); i += Sorted::kLanes) {
      std::array<S, Sorted::kLanes> lanes, canonicals;
      const auto loaded = Sorted::Load(lens, raw.data() + i);
      Sorted::Store(lanes.data(), loaded);
      Sorted::Store(canonicals.data(), canonical<Sorted>(keys, loaded));
      for (std::size_t j = 0; j < Sorted::kLanes; ++j) {
        ASSERT_EQ(lanes[j], keys.from_raw(raw[i + j]));
        ASSERT_EQ(keys.to_raw(lanes[j]), raw[i + j]);
        ASSERT_EQ(canonicals[j], keys.canonical(lanes[j]));
      }
    }
    for (std::size_t i = 0; i < raw.size(); ++i)
      for (std::size_t j = 0; j < raw.size(); j += 11) {
        const S a = keys.from_raw(raw[i]), b = keys.from_raw(raw[j]);
        ASSERT_EQ(keys.canonical(a) > keys.canonical(b), key(raw[i]) > key(raw[j])) << i << " " << j;
        ASSERT_EQ(a >= keys.at_least(b), key(raw[i]) >= key(raw[j])) << i << " " << j;
        ASSERT_EQ(a > keys.above(b), key(raw[i]) > key(raw[j])) << i << " " << j;
      }
  }

  // Exact for integers; a float V may keep NaN besides.
  static void thresholds_keep_what_reaches_them(DType dtype, bool largest, Nan nan) {
    const DTypeInfo& type = info(dtype);
    const Sortable constants = sortable(type, largest, nan);
    const SortableKeys<S> keys(constants);
    const auto key = key_map<Raw>(type, largest, nan);
    const std::vector<Raw> raw = inputs(type);
    const typename V::Lens lens(constants);
    for (std::size_t i = 0; i < raw.size(); i += 5) {
      const auto t = V::Threshold(lens, keys, keys.from_raw(raw[i]));
      const auto reach = [t](auto x) { return V::Ge(x, t); };
      for (std::uint32_t n = 0; n <= kBlock; ++n) {
        const std::uint64_t bits = n == kBlock ? block_bits<V>(lens, raw.data() + kBlock, reach)
                                               : block_bits<V>(lens, raw.data() + kBlock, n, reach);
        for (std::uint32_t j = 0; j < kBlock; ++j) {
          const bool kept = (bits >> j & 1) != 0;
          const Raw element = raw[kBlock + j];
          if (n == kBlock && j % V::kLanes == 0) {  // what is not less, of whole vectors
            const auto all = Sorted::First(V::kLanes);
            const auto less = V::AndLess(all, V::Load(lens, raw.data() + kBlock + j), t);
            ASSERT_EQ(Sorted::All(less),
                      (bits >> j & (V::kLanes == kBlock ? ~0ULL : (1ULL << V::kLanes % 64) - 1)) == 0);
          }
          if (j >= n) {
            ASSERT_FALSE(kept);
          } else if (key(element) >= key(raw[i])) {
            ASSERT_TRUE(kept);
          } else if (!V::kFloat || (key(element) != key.nan_key && key(raw[i]) != key.nan_key)) {
            ASSERT_FALSE(kept);
          }
        }
      }
    }
  }

  static void what_is_stored_is_loaded() {
    const std::vector<Raw> raw = inputs(info(DType::f32));
    std::array<S, V::kLanes> lanes;
    for (std::size_t i = 0; i < raw.size(); i += V::kLanes) {
      V::Store(lanes.data(), V::LoadStored(reinterpret_cast<const S*>(raw.data() + i)));
      for (std::size_t j = 0; j < V::kLanes; ++j) ASSERT_EQ(static_cast<Raw>(lanes[j]), raw[i + j]);
    }
  }

  static void integers_compare_and_count() {
    std::mt19937_64 random(3);
    using R = typename Sorted::Reg;
    for (int round = 0; round < 50; ++round) {
      std::array<S, Sorted::kLanes> a, b, out;
      for (std::size_t i = 0; i < a.size(); ++i) {
        a[i] = static_cast<S>(random());
        b[i] = i % 3 == 0 ? a[i] : static_cast<S>(random());
      }
      const R x = Sorted::LoadSorted(a.data()), y = Sorted::LoadSorted(b.data());
      const auto expect = [&](R got, auto want) {
        Sorted::Store(out.data(), got);
        for (std::size_t i = 0; i < a.size(); ++i) ASSERT_EQ(out[i], static_cast<S>(want(i)));
      };
      expect(Sorted::Max(x, y), [&](std::size_t i) { return a[i] > b[i] ? a[i] : b[i]; });
      expect(Sorted::Min(x, y), [&](std::size_t i) { return a[i] < b[i] ? a[i] : b[i]; });
      expect(Sorted::Not(x), [&](std::size_t i) { return ~a[i]; });
      expect(Sorted::Increment(x, Sorted::Gt(x, y)),
             [&](std::size_t i) { return static_cast<Raw>(a[i]) + static_cast<Raw>(a[i] > b[i] ? 1 : 0); });
      expect(Sorted::If(Sorted::Eq(x, y), Sorted::Set(5), Sorted::Set(6)),
             [&](std::size_t i) { return a[i] == b[i] ? 5 : 6; });
      expect(Sorted::If(Sorted::Ge(x, y), Sorted::Set(5), Sorted::Set(6)),
             [&](std::size_t i) { return a[i] >= b[i] ? 5 : 6; });
      const std::size_t n = static_cast<std::size_t>(random() % (Sorted::kLanes + 1));
      expect(Sorted::If(Sorted::First(n), x, y), [&](std::size_t i) { return i < n ? a[i] : b[i]; });
      S most = a[0];
      for (const S s : a) most = s > most ? s : most;
      ASSERT_EQ(Sorted::ReduceMax(x), most);
    }
  }

  static void emit_lists_the_set_bits() {
    std::mt19937_64 random(5);
    for (int round = 0; round < 500; ++round) {
      std::uint64_t bits = random();
      for (int i = round % 6; i > 0; --i) bits &= random();
      if (round == 0) bits = 0;
      if (round == 1) bits = ~std::uint64_t{0};
      std::array<std::uint32_t, kBlock + kSlack> out{};
      const std::uint32_t* end = V::Emit(bits, 1000, out.data());
      std::vector<std::uint32_t> want;
      for (std::uint32_t i = 0; i < kBlock; ++i)
        if ((bits >> i & 1) != 0) want.push_back(1000 + i);
      ASSERT_EQ(std::vector<std::uint32_t>(static_cast<const std::uint32_t*>(out.data()), end), want);
    }
  }

  static void all(DType dtype) {
    for (const bool largest : {true, false})
      for (const Nan nan : {Nan::largest, Nan::last}) {
        sortable_order_is_the_key_order(dtype, largest, nan);
        thresholds_keep_what_reaches_them(dtype, largest, nan);
      }
    what_is_stored_is_loaded();
    integers_compare_and_count();
    emit_lists_the_set_bits();
  }
};

template <class Isa>
void check_every_type() {
  for (int d = 0; d < kDTypes; ++d) {
    const auto dtype = static_cast<DType>(d);
    SCOPED_TRACE(name(dtype));
    switch (kind_of(dtype)) {
      case Kind::i8: VecChecks<typename Isa::template Vec<Kind::i8>>::all(dtype); break;
      case Kind::i16: VecChecks<typename Isa::template Vec<Kind::i16>>::all(dtype); break;
      case Kind::i32: VecChecks<typename Isa::template Vec<Kind::i32>>::all(dtype); break;
      case Kind::i64: VecChecks<typename Isa::template Vec<Kind::i64>>::all(dtype); break;
      case Kind::f32: VecChecks<typename Isa::template Vec<Kind::f32>>::all(dtype); break;
      case Kind::f64: VecChecks<typename Isa::template Vec<Kind::f64>>::all(dtype); break;
    }
  }
}

}  // namespace
}  // namespace topkit::cpu
