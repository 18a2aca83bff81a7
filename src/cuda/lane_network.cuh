// The kMost best of many words by one thread, in its registers: runs of kMost in order, merged into the best.
//
// A comparator of 32-bit words is a maximum and a minimum. Both go through the pipe of integer comparisons, which takes a warp's
// instruction in two cycles; what the smaller one is also follows from the sum, by the pipe of multiplications that would lie idle.
// (Networks: 8 words by 19 comparators, D. E. Knuth, TAOCP 3, 5.3.4; merges as Batcher 1968.)
#pragma once

#include <cstdint>

#include "simt.hpp"

namespace topkit::cuda {

// Constants of which the compiler knows nothing, so that it takes the instruction that is written: 1 and -1 for products.
struct Signs {
  std::uint32_t plus = 1, minus = ~0U;
};

// upper becomes the larger word.
template <bool kBySum, class W>
__device__ __forceinline__ void lane_compare(const Signs& signs, W& upper, W& lower) {
  const W high = upper > lower ? upper : lower;
  if constexpr (kBySum && sizeof(W) == 4) {
    lower = high * signs.minus + (upper * signs.plus + lower);
  } else {
    lower = upper > lower ? lower : upper;
  }
  upper = high;
}

template <int kMost, class W>
__device__ __forceinline__ void lane_order(const Signs& signs, W (&a)[kMost]);

// Descending.
template <int kMost, class W>
__device__ __forceinline__ void lane_sort(const Signs& signs, W (&a)[kMost]) {
  static_assert(kMost == 1 || kMost == 2 || kMost == 4 || kMost == 8 || kMost == 12 || kMost == 16);
  if constexpr (kMost > 8) {
    W first[8], second[kMost - 8];
#pragma unroll
    for (int i = 0; i < kMost; ++i) (i < 8 ? first[i % 8] : second[i % 8 % (kMost - 8)]) = a[i];
    lane_sort(signs, first);
    lane_sort(signs, second);
#pragma unroll
    for (int i = 0; i < kMost; ++i) a[i] = i < 8 ? first[i % 8] : second[(kMost - 1 - i) % (kMost - 8)];
    lane_order(signs, a);
  } else if constexpr (kMost == 2) {
    lane_compare<true>(signs, a[0], a[1]);
  } else if constexpr (kMost == 4) {
    lane_compare<true>(signs, a[0], a[2]);
    lane_compare<true>(signs, a[1], a[3]);
    lane_compare<true>(signs, a[0], a[1]);
    lane_compare<false>(signs, a[2], a[3]);
    lane_compare<false>(signs, a[1], a[2]);
  } else if constexpr (kMost == 8) {
    lane_compare<true>(signs, a[0], a[2]);
    lane_compare<true>(signs, a[1], a[3]);
    lane_compare<true>(signs, a[4], a[6]);
    lane_compare<false>(signs, a[5], a[7]);
    lane_compare<true>(signs, a[0], a[4]);
    lane_compare<true>(signs, a[1], a[5]);
    lane_compare<true>(signs, a[2], a[6]);
    lane_compare<false>(signs, a[3], a[7]);
    lane_compare<true>(signs, a[0], a[1]);
    lane_compare<true>(signs, a[2], a[3]);
    lane_compare<true>(signs, a[4], a[5]);
    lane_compare<false>(signs, a[6], a[7]);
    lane_compare<true>(signs, a[2], a[4]);
    lane_compare<false>(signs, a[3], a[5]);
    lane_compare<true>(signs, a[1], a[4]);
    lane_compare<false>(signs, a[3], a[6]);
    lane_compare<true>(signs, a[1], a[2]);
    lane_compare<true>(signs, a[3], a[4]);
    lane_compare<false>(signs, a[5], a[6]);
  }
}

// Of every kCount words that rise and fall once, around their ends: halves of which every word of the first is at least each of
// the second, and so on down. They come out descending.
template <int kCount, int kMost, class W>
__device__ __forceinline__ void lane_halve(const Signs& signs, W (&a)[kMost]) {
  if constexpr (kCount == 3) {
#pragma unroll
    for (int i = 0; i < kMost; i += 3) {
      lane_compare<true>(signs, a[i], a[i + 1]);
      lane_compare<false>(signs, a[i + 1], a[i + 2]);
      lane_compare<true>(signs, a[i], a[i + 1]);
    }
  } else if constexpr (kCount > 1) {
#pragma unroll
    for (int i = 0; i < kMost; ++i)
      if (i % kCount < kCount / 2) lane_compare<true>(signs, a[i], a[i + kCount / 2]);
    lane_halve<kCount / 2>(signs, a);
  }
}

template <int kMost, class W>
__device__ __forceinline__ void lane_order(const Signs& signs, W (&a)[kMost]) {
  lane_halve<kMost>(signs, a);
}

// best becomes the best of both, descending, as both are; `more` is added to all words of b first. lost: the best word that
// was in neither, where that is asked for.
template <bool kLost, int kMost, int kGroup, class W>
__device__ __forceinline__ void lane_merge(const Signs& signs, W (&best)[kMost], const W (&b)[kGroup], W more,
                                           W& lost) {
  constexpr int kTheirs = kMost < kGroup ? kMost : kGroup;
#pragma unroll
  for (int i = 0; i < kTheirs; ++i) {
    const W theirs = b[kTheirs - 1 - i] + more;
    W& ours = best[kMost - kTheirs + i];
    if constexpr (kLost) {
      const W less = ours > theirs ? theirs : ours;
      lost = lost > less ? lost : less;
    }
    ours = ours > theirs ? ours : theirs;
  }
  lane_order(signs, best);
}

// The same of a single word, which a list of few words has to be shown rarely.
template <bool kLost, int kMost, class W>
__device__ __forceinline__ void lane_insert(W (&best)[kMost], W word, W& lost) {
#pragma unroll
  for (int i = 0; i < kMost; ++i) {
    const W less = best[i] > word ? word : best[i];
    best[i] = best[i] > word ? best[i] : word;
    word = less;
  }
  if constexpr (kLost) lost = lost > word ? lost : word;
}

}  // namespace topkit::cuda
