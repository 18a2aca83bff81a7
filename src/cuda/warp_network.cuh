// A sorting network over kRegs words a lane, word r of lane l at place l * kRegs + r: strides below kRegs cost no shuffle.
//
// Every run starts with the exchange of mirrored places, so all comparisons go in one direction (the lower place keeps the
// larger word) and a lane's part in them is a bit of its number. (Batcher 1968, in the form with mirrored first rounds.)
#pragma once

#include <cstdint>

#include "simt.hpp"

namespace topkit::cuda {

template <class W>
__device__ __forceinline__ void put_in_order(W& upper, W& lower) {
  const W high = upper > lower ? upper : lower;
  lower = upper > lower ? lower : upper;
  upper = high;
}

template <int kStride, int kRegs, class W>
__device__ __forceinline__ void halve_runs(W (&words)[kRegs]) {
  if constexpr (kStride >= kRegs) {
    constexpr int kDistance = kStride / kRegs;
    const bool upper = (lane() & kDistance) == 0;
#pragma unroll
    for (int r = 0; r < kRegs; ++r) {
      const W other = __shfl_xor_sync(full_mask, words[r], kDistance);
      words[r] = (words[r] > other) == upper ? words[r] : other;
    }
  } else {
#pragma unroll
    for (int r = 0; r < kRegs; ++r)
      if ((r & kStride) == 0) put_in_order(words[r], words[r | kStride]);
  }
  if constexpr (kStride > 1) halve_runs<kStride / 2>(words);
}

// Runs of kLength / 2 become runs of kLength.
template <int kLength, int kRegs, class W>
__device__ __forceinline__ void join_runs(W (&words)[kRegs]) {
  if constexpr (kLength > kRegs) {
    constexpr int kMirror = kLength / kRegs - 1;
    const bool upper = (lane() & (kLength / kRegs / 2)) == 0;
    W other[kRegs];
#pragma unroll
    for (int r = 0; r < kRegs; ++r) other[r] = __shfl_xor_sync(full_mask, words[kRegs - 1 - r], kMirror);
#pragma unroll
    for (int r = 0; r < kRegs; ++r) words[r] = (words[r] > other[r]) == upper ? words[r] : other[r];
  } else {
#pragma unroll
    for (int r = 0; r < kRegs; ++r)
      if ((r & (kLength / 2)) == 0) put_in_order(words[r], words[r ^ (kLength - 1)]);
  }
  if constexpr (kLength > 2) halve_runs<kLength / 4>(words);
}

// Descending by place. The runs double until they span kLanes lanes.
template <int kLanes, int kLength = 2, int kRegs, class W>
__device__ __forceinline__ void sort_places(W (&words)[kRegs]) {
  join_runs<kLength>(words);
  if constexpr (kLength < kLanes * kRegs) sort_places<kLanes, 2 * kLength>(words);
}

// The same over `lanes` lanes, a power of two up to kMostLanes that all of a warp agree on.
template <int kMostLanes, int kLength = 2, int kRegs, class W>
__device__ __forceinline__ void sort_places_of_some(W (&words)[kRegs], unsigned lanes) {
  join_runs<kLength>(words);
  if constexpr (kLength < kMostLanes * kRegs)
    if (kLength < static_cast<int>(lanes) * kRegs) sort_places_of_some<kMostLanes, 2 * kLength>(words, lanes);
}

// a and b are descending by place; a becomes the better half of both, descending. Returns the best word this lane lost.
template <int kLanes, int kRegs, class W>
__device__ __forceinline__ W keep_better(W (&a)[kRegs], const W (&b)[kRegs]) {
  W lost = 0;
#pragma unroll
  for (int r = 0; r < kRegs; ++r) {
    const W theirs = __shfl_xor_sync(full_mask, b[kRegs - 1 - r], kLanes - 1);
    const W less = a[r] > theirs ? theirs : a[r];
    lost = lost > less ? lost : less;
    a[r] = a[r] > theirs ? a[r] : theirs;
  }
  halve_runs<kLanes * kRegs / 2>(a);
  return lost;
}

}  // namespace topkit::cuda
