// Bitonic networks over whole vectors, ascending: the leaf sort for some thousands of packed items.
//
// Every comparator points the same way (a merge starts by flipping its second run), so places behind the last item act
// as if they held the largest value and are never touched: the cost follows the items, not the next power of two.
// Written with the compilers' portable vectors, so the text is the same for every instruction set.
#pragma once

#include <utility>

#include "vec.hpp"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace topkit::cpu {
namespace {

template <class T, std::size_t kBytes>
struct Network {
  static constexpr std::size_t kLanes = kBytes / sizeof(T);
  static constexpr std::size_t kHeld = 8;               // vectors in registers at a time
  static constexpr std::size_t kStep = kHeld * kLanes;  // room must be rounded up to a multiple of it

  // Ascending sort of items[0 .. count); items must have room for round_up(count, kStep).
  static void sort(T* items, std::size_t count) {
    const std::size_t padded = round_up(count, kStep);
    for (std::size_t i = count; i < padded; ++i) items[i] = std::numeric_limits<T>::max();
    const std::size_t vectors = padded / kLanes;
    for (std::size_t i = 0; i < vectors; i += kHeld) sort_held(items + i * kLanes);
    for (std::size_t run = kHeld; run < vectors; run *= 2)
      for (std::size_t at = 0; at + run < vectors; at += 2 * run)
        merge(items + at * kLanes, run, lesser(2 * run, vectors - at));
  }

 private:
  typedef T Reg __attribute__((vector_size(kBytes)));
  typedef T Loose __attribute__((vector_size(kBytes), aligned(alignof(T)), may_alias));
  static Reg load(const T* p) { return *reinterpret_cast<const Loose*>(p); }
  static void store(T* p, Reg v) { *reinterpret_cast<Loose*>(p) = v; }
  static Reg min(Reg a, Reg b) { return a < b ? a : b; }
  static Reg max(Reg a, Reg b) { return a < b ? b : a; }

  // Compares lane i with lane i ^ kMask; lanes with bit kSide get the larger one.
  template <std::size_t kSide, std::size_t kMask>
  static Reg exchange(Reg v) {
    return [&]<std::size_t... i>(std::index_sequence<i...>) {
      const Reg other = __builtin_shufflevector(v, v, (i ^ kMask)...);
#if defined(__AVX512F__)
      if constexpr (kBytes == 64 && sizeof(T) == 4) {  // as in words.hpp: both without the smaller one
        constexpr auto kSides = static_cast<__mmask16>((((i & kSide) != 0 ? 1U << i : 0U) | ...));
        return (Reg)_mm512_mask_ternarylogic_epi32((__m512i)min(v, other), kSides, (__m512i)v, (__m512i)other, 0x96);
      }
#endif
      return __builtin_shufflevector(min(v, other), max(v, other), ((i & kSide) != 0 ? i + kLanes : i)...);
    }
    (std::make_index_sequence<kLanes>());
  }
  static Reg reverse(Reg v) {
    return [&]<std::size_t... i>(std::index_sequence<i...>) {
      return __builtin_shufflevector(v, v, (kLanes - 1 - i)...);
    }
    (std::make_index_sequence<kLanes>());
  }
  template <std::size_t kDistance>
  static Reg clean_lanes(Reg v) {
    if constexpr (kDistance == 0)
      return v;
    else
      return clean_lanes<kDistance / 2>(exchange<kDistance, kDistance>(v));
  }
  template <std::size_t kRun = 1>
  static Reg sort_lanes(Reg v) {
    if constexpr (kRun == kLanes)
      return v;
    else
      return sort_lanes<2 * kRun>(clean_lanes<kRun / 2>(exchange<kRun, 2 * kRun - 1>(v)));
  }

  template <std::size_t kCount, class Body>
  static void each(const Body& body) {
    [&]<std::size_t... i>(std::index_sequence<i...>) { (body(std::integral_constant<std::size_t, i>{}), ...); }
    (std::make_index_sequence<kCount>());
  }
  template <std::size_t kDistance>
  static void clean_held(Reg* r) {
    if constexpr (kDistance == 0) {
      each<kHeld>([&](auto i) { r[i] = clean_lanes<kLanes / 2>(r[i]); });
    } else {
      each<kHeld / 2>([&](auto i) {
        constexpr std::size_t a = i / kDistance * 2 * kDistance + i % kDistance;
        const Reg x = r[a], y = r[a + kDistance];
        r[a] = min(x, y);
        r[a + kDistance] = max(x, y);
      });
      clean_held<kDistance / 2>(r);
    }
  }
  template <std::size_t kRun = 1>
  static void merge_held(Reg* r) {
    if constexpr (kRun < kHeld) {
      each<kHeld / 2>([&](auto i) {
        constexpr std::size_t a = i / kRun * 2 * kRun + i % kRun, b = i / kRun * 2 * kRun + 2 * kRun - 1 - i % kRun;
        const Reg x = r[a], y = reverse(r[b]);
        r[a] = min(x, y);
        r[b] = reverse(max(x, y));
      });
      clean_held<kRun / 2>(r);
      merge_held<2 * kRun>(r);
    }
  }
  static void sort_held(T* p) {
    Reg r[kHeld];
    each<kHeld>([&](auto i) { r[i] = sort_lanes(load(p + i * kLanes)); });
    merge_held(r);
    each<kHeld>([&](auto i) { store(p + i * kLanes, r[i]); });
  }

  // Two sorted runs, the first of `run` vectors, become one of `vectors`.
  static void merge(T* p, std::size_t run, std::size_t vectors) {
    for (std::size_t i = 2 * run - vectors; i < run; ++i) {
      T *low = p + i * kLanes, *high = p + (2 * run - 1 - i) * kLanes;
      const Reg x = load(low), y = reverse(load(high));
      store(low, min(x, y));
      store(high, reverse(max(x, y)));
    }
    clean(p, run, run);
    clean(p + run * kLanes, run, vectors - run);
  }

  // Sorts a bitonic run of `run` vectors, of which the first `vectors` are there.
  static void clean(T* p, std::size_t run, std::size_t vectors) {
    if (run == kHeld) {
      Reg r[kHeld];
      each<kHeld>([&](auto i) { r[i] = load(p + i * kLanes); });
      clean_held<kHeld / 2>(r);
      each<kHeld>([&](auto i) { store(p + i * kLanes, r[i]); });
      return;
    }
    if (vectors == run && run >= 4 * kHeld) {  // two levels in one pass: stores are what costs here
      const std::size_t step = run / 4 * kLanes;
      for (T* q = p; q < p + step; q += kLanes) {
        const Reg a = load(q), b = load(q + step), c = load(q + 2 * step), d = load(q + 3 * step);
        const Reg ac = min(a, c), ca = max(a, c), bd = min(b, d), db = max(b, d);
        store(q, min(ac, bd));
        store(q + step, max(ac, bd));
        store(q + 2 * step, min(ca, db));
        store(q + 3 * step, max(ca, db));
      }
      for (int quarter = 0; quarter < 4; ++quarter) clean(p + quarter * step, run / 4, run / 4);
      return;
    }
    const std::size_t half = run / 2;
    for (std::size_t i = 0; i + half < vectors; ++i) {
      T *low = p + i * kLanes, *high = p + (i + half) * kLanes;
      const Reg x = load(low), y = load(high);
      store(low, min(x, y));
      store(high, max(x, y));
    }
    clean(p, half, lesser(half, vectors));
    if (vectors > half) clean(p + half * kLanes, half, vectors - half);
  }
};

}  // namespace
}  // namespace topkit::cpu
