// Sorting networks over the registers of a group of lanes: kRegs words a lane, word (register r, lane l) at place
// r * kLanes + l. Strides below kLanes are shuffles, the others are exchanges inside a lane. (Batcher 1968; FAISS's
// WarpSelect showed what they are worth for selection.)
#pragma once

#include <cstdint>

#include "simt.hpp"

namespace topkit::cuda {

template <class W>
__device__ __forceinline__ W larger(W a, W b) {
  return a > b ? a : b;
}
template <class W>
__device__ __forceinline__ W smaller(W a, W b) {
  return a > b ? b : a;
}

// One round: exchanges at kStride inside runs of kLength; a run whose place has the bit kLength is in the other direction.
// descending is the direction of the run at place 0.
template <int kLanes, int kStride, int kLength, int kRegs, class W>
__device__ __forceinline__ void exchange(W (&words)[kRegs], bool descending) {
  if constexpr (kStride >= kLanes) {
    constexpr int kStep = kStride / kLanes;
#pragma unroll
    for (int r = 0; r < kRegs; ++r) {
      if ((r & kStep) != 0) continue;
      const bool down = ((r * kLanes & kLength) == 0) == descending;
      const W high = larger(words[r], words[r | kStep]), low = smaller(words[r], words[r | kStep]);
      words[r] = down ? high : low;
      words[r | kStep] = down ? low : high;
    }
  } else {
    const int at = static_cast<int>(lane()) & (kLanes - 1);
#pragma unroll
    for (int r = 0; r < kRegs; ++r) {
      const W other = __shfl_xor_sync(full_mask, words[r], kStride);
      const bool down = (((r * kLanes + at) & kLength) == 0) == descending;
      const bool keeps_high = ((at & kStride) == 0) == down;
      words[r] = keeps_high ? larger(words[r], other) : smaller(words[r], other);
    }
  }
}

// Bitonic runs of kLength become sorted ones.
template <int kLanes, int kLength, int kStride = kLength / 2, int kRegs, class W>
__device__ __forceinline__ void merge_runs(W (&words)[kRegs], bool descending) {
  exchange<kLanes, kStride, kLength>(words, descending);
  if constexpr (kStride > 1) merge_runs<kLanes, kLength, kStride / 2>(words, descending);
}

template <int kLanes, int kLength = 2, int kRegs, class W>
__device__ __forceinline__ void sort_words(W (&words)[kRegs], bool descending) {
  merge_runs<kLanes, kLength>(words, descending);
  if constexpr (kLength < kLanes * kRegs) sort_words<kLanes, 2 * kLength>(words, descending);
}

// Two sorts side by side, a descending and b ascending: their waits overlap.
template <int kLanes, int kLength = 2, int kStride = 1, int kRegs, class W>
__device__ __forceinline__ void sort_apart(W (&a)[kRegs], W (&b)[kRegs]) {
  exchange<kLanes, kStride, kLength>(a, true);
  exchange<kLanes, kStride, kLength>(b, false);
  if constexpr (kStride > 1) {
    sort_apart<kLanes, kLength, kStride / 2>(a, b);
  } else if constexpr (kLength < kLanes * kRegs) {
    sort_apart<kLanes, 2 * kLength, kLength>(a, b);
  }
}

// Of a (descending) and b (ascending), a gets the better half, a bitonic run, and b the rest in no order.
template <int kRegs, class W>
__device__ __forceinline__ void part(W (&a)[kRegs], W (&b)[kRegs]) {
#pragma unroll
  for (int r = 0; r < kRegs; ++r) {
    const W high = larger(a[r], b[r]);
    b[r] = smaller(a[r], b[r]);
    a[r] = high;
  }
}

// The same networks as loops, for what is seldom run.
template <int kLanes, int kRegs, class W>
__device__ __forceinline__ void merge_runs_looped(W (&words)[kRegs], int length, bool descending) {
  const int at = static_cast<int>(lane()) & (kLanes - 1);
#pragma unroll 1
  for (int stride = length / 2; stride > 0; stride /= 2) {
    if (stride == 2 * kLanes) {
      if constexpr (kRegs > 2) exchange<kLanes, 2 * kLanes, kLanes * kRegs>(words, descending);
    } else if (stride == kLanes) {
      if constexpr (kRegs > 1) {
        if (length == kLanes * kRegs) {
          exchange<kLanes, kLanes, kLanes * kRegs>(words, descending);
        } else {
          exchange<kLanes, kLanes, 2 * kLanes>(words, descending);
        }
      }
    } else {
#pragma unroll
      for (int r = 0; r < kRegs; ++r) {
        const W other = __shfl_xor_sync(full_mask, words[r], stride);
        const bool down = (((r * kLanes + at) & length) == 0) == descending;
        words[r] = ((at & stride) == 0) == down ? larger(words[r], other) : smaller(words[r], other);
      }
    }
  }
}

template <int kLanes, int kRegs, class W>
__device__ __forceinline__ void sort_words_looped(W (&words)[kRegs], bool descending) {
  static_assert(kRegs == 1 || kRegs == 2 || kRegs == 4);
#pragma unroll 1
  for (int length = 2; length <= kLanes * kRegs; length *= 2) merge_runs_looped<kLanes>(words, length, descending);
}

}  // namespace topkit::cuda
