// A safe lower bound of a row's k-th best key from the maxima of the groups of its blocks, by each block for itself: kth.cuh's,
// but a few ranks below the k-th of the maxima, for a fifth of the work.
#pragma once

#include "kth.cuh"

namespace topkit::cuda {

// A bound that is the k-th of 64 to kMostGroups maxima or a few ranks below: the largest of 64 pivots, maxima of all places, that
// k of them reach. Each warp counts what reaches its four; a pivot costs eight instructions a warp, an exact k-th five times as
// much. It is 0, which all elements pass, where
// fewer than k reach the least of them. *bound is 0 before, behind a
// barrier; the caller's barrier makes it known. groups is a power of two; maxima[groups..kCountedGroups) are 0; 16-byte aligned.
template <int kThreads>
__device__ __forceinline__ void kth_by_pivots(const Key* maxima, int groups, int k, Key* bound) {
  constexpr int kWarps = kThreads / kWarp, kOwn = 4, kPivots = kOwn * kWarps;
  static_assert(kPivots == 64 && kMostGroups < 1 << 16);
  const int step = groups / kPivots;
  Key pivot[kOwn];
#pragma unroll
  for (int i = 0; i < kOwn; ++i) {
    const int at = static_cast<int>(warp()) + i * kWarps;
    pivot[i] = maxima[at * step + (5 * at & (step - 1))];  // no period of a row meets all of them
  }
  std::uint32_t reach[kOwn] = {};
#pragma unroll 1
  for (int i = static_cast<int>(lane()); i < ::max(groups, kCountedGroups) / 4; i += kWarp) {
    const Vec v = reinterpret_cast<const Vec*>(maxima)[i];
#pragma unroll
    for (int j = 0; j < 4; ++j) {
#pragma unroll
      for (int q = 0; q < kOwn; ++q) count_if(v.word[j] >= pivot[q], reach[q]);
    }
  }
  Key best = 0;
#pragma unroll
  for (int q = 0; q < kOwn; q += 2) {
    const std::uint32_t two = __reduce_add_sync(full_mask, reach[q] | reach[q + 1] << 16);
    if (static_cast<int>(two & 0xffff) >= k) best = ::max(best, pivot[q]);
    if (static_cast<int>(two >> 16) >= k) best = ::max(best, pivot[q + 1]);
  }
  if (lane() == 0) atomicMax(bound, best);
}

}  // namespace topkit::cuda
