// A safe lower bound of the k-th best key from the maxima of many disjoint groups: if at least k groups have a maximum >= T,
// at least k elements are >= T. With G groups and k << G only about k * (1 + k / 2G) elements of a row pass.
//
// The bound need not be exact, so it is found by counting into 64 bins over the range of the maxima and narrowing the bin
// in which the k-th falls until few too many are above its lower edge. Nothing depends on the distribution but the number
// of rounds (at most 6, each divides the range by 32 or more).
#pragma once

#include "element.hpp"

namespace topkit::cuda {

inline constexpr int kBoundBins = 64;
inline constexpr int kWarpGroups = 512;  // more are a block's work (block_bound)

// The last key of a bin of 2^shift keys, no further than the range it is cut from; does not wrap.
template <class U>
__device__ inline U bin_top(U bottom, int shift, U high) {
  const U span = (U{1} << shift) - 1;
  return high - bottom < span ? high : bottom + span;
}

// By one warp. maxima[0..groups) and bins[64] are shared memory; key 0 marks a group without elements. Returns 0, which
// every element passes, when fewer than k groups have any.
__device__ inline Key warp_bound(const Key* maxima, int groups, int k, std::uint32_t* bins) {
  const int id = static_cast<int>(lane());
  Key low = ~Key{0}, high = 0;
  int filled = 0;
  for (int i = id; i < groups; i += kWarp) {
    const Key m = maxima[i];
    if (m == 0) continue;
    low = m < low ? m : low;
    high = m > high ? m : high;
    ++filled;
  }
  if (__reduce_add_sync(full_mask, filled) < k) return 0;
  low = __reduce_min_sync(full_mask, low);
  high = __reduce_max_sync(full_mask, high);
  int above = 0;  // maxima > high, all of them winners
  const int slack = 2 + k / 8;
  while (low < high) {
    const int shift = high - low < kBoundBins ? 0 : 26 - __clz(static_cast<int>(high - low));
    bins[id] = 0;
    bins[id + 32] = 0;
    __syncwarp(full_mask);
    for (int i = id; i < groups; i += kWarp) {
      const Key m = maxima[i];
      if (m >= low && m <= high) atomicAdd(&bins[(m - low) >> shift], 1U);
    }
    __syncwarp(full_mask);
    // Lane i owns bins 2i and 2i+1; upper = maxima in the bins of higher lanes.
    const int first = static_cast<int>(bins[2 * id]), second = static_cast<int>(bins[2 * id + 1]);
    int upper = first + second;
    for (int d = 1; d < 32; d *= 2) {
      const int other = __shfl_down_sync(full_mask, upper, d);
      if (id + d < 32) upper += other;
    }
    const int need = k - above;
    const unsigned reached = __ballot_sync(full_mask, upper >= need);
    const int owner = 31 - __clz(static_cast<int>(reached));
    const int beyond = upper - first - second;  // in bins above this lane's
    const bool odd = beyond + second >= need;
    const int bin = __shfl_sync(full_mask, 2 * id + (odd ? 1 : 0), owner);
    const int over = __shfl_sync(full_mask, odd ? beyond : beyond + second, owner);
    const int inside = __shfl_sync(full_mask, odd ? second : first, owner);
    __syncwarp(full_mask);
    const Key bottom = low + (static_cast<Key>(bin) << shift);
    low = bottom;
    if (shift == 0 || over + inside <= need + slack) break;
    high = bin_top(bottom, shift, high);
    above += over;
  }
  return low;
}

}  // namespace topkit::cuda
