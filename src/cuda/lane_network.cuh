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

// Descending.
template <int kMost, class W>
__device__ __forceinline__ void lane_sort(const Signs& signs, W (&a)[kMost]) {
  static_assert(kMost == 1 || kMost == 2 || kMost == 4 || kMost == 8);
  if constexpr (kMost == 2) {
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

// Halves of which every word of the first is at least each of the second, and so on down.
template <int kStride, int kMost, class W>
__device__ __forceinline__ void lane_halve(const Signs& signs, W (&a)[kMost]) {
  if constexpr (kStride > 0) {
#pragma unroll
    for (int i = 0; i < kMost; ++i)
      if ((i & kStride) == 0) lane_compare<true>(signs, a[i], a[i + kStride]);
    lane_halve<kStride / 2>(signs, a);
  }
}

// The same of a sequence that rises and falls once, around its ends: it comes out descending.
template <int kMost, class W>
__device__ __forceinline__ void lane_order(const Signs& signs, W (&a)[kMost]) {
  if constexpr (kMost == 6) {
#pragma unroll
    for (int i = 0; i < 3; ++i) lane_compare<true>(signs, a[i], a[i + 3]);
#pragma unroll
    for (int i = 0; i < 6; i += 3) {
      lane_compare<true>(signs, a[i], a[i + 1]);
      lane_compare<false>(signs, a[i + 1], a[i + 2]);
      lane_compare<true>(signs, a[i], a[i + 1]);
    }
  } else {
    lane_halve<kMost / 2>(signs, a);
  }
}

// best becomes the best of both, descending, as both are; `more` is added to all words of b first. lost: the best word that
// was in neither, where that is asked for.
template <bool kLost, int kMost, int kGroup, class W>
__device__ __forceinline__ void lane_merge(const Signs& signs, W (&best)[kMost], const W (&b)[kGroup], W more,
                                           W& lost) {
#pragma unroll
  for (int i = 0; i < kMost; ++i) {
    const W theirs = b[kMost - 1 - i] + more;
    if constexpr (kLost) {
      const W less = best[i] > theirs ? theirs : best[i];
      lost = lost > less ? lost : less;
    }
    best[i] = best[i] > theirs ? best[i] : theirs;
  }
  lane_order(signs, best);
}

}  // namespace topkit::cuda
