// A safe lower bound of the k-th best key by a block, from the maxima of many disjoint groups: if at least k groups have a
// maximum >= T, at least k elements are >= T (Dr. Top-k, SC 21). With G groups about k * (1 + k / 2G) elements of a row pass.
#pragma once

#include "compact.cuh"
#include "element.hpp"

namespace topkit::cuda {

inline constexpr int kMostGroups = 512;
inline constexpr int kCountedGroups = 128;

// The exact k-th of up to kCountedGroups maxima by a whole block: four threads a maximum count what is above it, which is a
// chain of a few loads where a search would be one of reductions. *bound is ~0 before, behind a barrier; the caller's barrier
// makes it known. maxima[groups..kCountedGroups) are 0; 16-byte aligned.
template <int kThreads>
__device__ __forceinline__ void kth_by_count(const Key* maxima, int groups, int k, Key* bound) {
  static_assert(kThreads == 4 * kCountedGroups);
  const int thread = static_cast<int>(threadIdx.x);
  const Key mine = maxima[thread / 4];
  const Vec* const fours = reinterpret_cast<const Vec*>(maxima) + (thread & 3);
  int above = 0;
#pragma unroll
  for (int i = 0; i < kCountedGroups / 16; ++i) {
    const Vec v = fours[i * 4];
#pragma unroll
    for (int j = 0; j < 4; ++j) above += v.word[j] > mine ? 1 : 0;
  }
  above += __shfl_xor_sync(full_mask, above, 1);
  above += __shfl_xor_sync(full_mask, above, 2);
  const Key least = __reduce_min_sync(full_mask, above < k ? mine : ~Key{0});
  if (lane() == 0) atomicMin(bound, groups < k ? 0 : least);
}

// The same for up to one maximum a thread, or a little less: bins over their range, narrowed around the k-th until few too
// many maxima are above. Key 0: a group without elements; 0, which all elements pass, when fewer than k have any. maxima is
// 16-byte aligned, `groups` a multiple of 4. All threads; ends with a barrier.
template <int kThreads>
__device__ __forceinline__ Key kth_by_bins(const Key* maxima, int groups, int k, CompactState& s) {
  if (groups < k) return 0;
  const int thread = static_cast<int>(threadIdx.x), enough = k + 2 + k / 4;
  Key low = ~Key{0}, high = 0;
#pragma unroll 1
  for (int i = static_cast<int>(lane()); i < groups / 4; i += kWarp) {
    const Vec v = reinterpret_cast<const Vec*>(maxima)[i];
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      low = ::min(low, v.word[j] == 0 ? low : v.word[j]);
      high = ::max(high, v.word[j]);
    }
  }
  low = __reduce_min_sync(full_mask, low);
  high = __reduce_max_sync(full_mask, high);
  if (thread == 0) {
    s.low = low;
    s.high = high;
    s.above = 0;
    s.within = 0;
  }
#pragma unroll 1
  while (true) {
    const int bits = low < high ? 32 - __clz(static_cast<int>(high - low)) : 0;
    const int shift = ::max(bits - kLogCompactBins, 0);
    for (int i = thread; i < kCompactBins; i += kThreads) s.bins[i] = 0;
    __syncthreads();
    const Key mine = thread < groups ? maxima[thread] : 0;
    if (mine != 0 && mine >= low && mine <= high) atomicAdd(&s.bins[(mine - low) >> shift], 1U);
    __syncthreads();
    if (warp() == 0) narrow_bins(s, k, shift);
    __syncthreads();
    if (s.within == 0) return 0;
    low = static_cast<Key>(s.low);
    high = static_cast<Key>(s.high);
    if (s.above + s.within <= enough || shift == 0) return low;
  }
}

}  // namespace topkit::cuda
