// Bins over a range of keys: where a threshold is found by counting.
#pragma once

#include "simt.hpp"

namespace topkit::cuda {

inline constexpr int kBoundBins = 64;

// The last key of a bin of 2^shift keys, no further than the range it is cut from; does not wrap.
template <class U>
__device__ inline U bin_top(U bottom, int shift, U high) {
  const U span = (U{1} << shift) - 1;
  return high - bottom < span ? high : bottom + span;
}

struct Bin {
  int at;
  int above;   // in the bins above it
  int within;  // in it
};

// The bin in which the k-th from above lies; at least k are in all of them. By each warp for itself.
__device__ inline Bin bin_of_kth(const std::uint32_t* bins, int k) {
  const int id = static_cast<int>(lane());
  const int first = static_cast<int>(bins[2 * id]), second = static_cast<int>(bins[2 * id + 1]);
  int upper = first + second;  // in this lane's bins and those of higher lanes
  for (int d = 1; d < 32; d *= 2) {
    const int other = __shfl_down_sync(full_mask, upper, d);
    if (id + d < 32) upper += other;
  }
  const int owner = 31 - __clz(static_cast<int>(__ballot_sync(full_mask, upper >= k)));
  const int beyond = upper - first - second;
  const bool odd = beyond + second >= k;
  const Bin mine = odd ? Bin{2 * id + 1, beyond, second} : Bin{2 * id, beyond + second, first};
  return {__shfl_sync(full_mask, mine.at, owner), __shfl_sync(full_mask, mine.above, owner),
          __shfl_sync(full_mask, mine.within, owner)};
}

}  // namespace topkit::cuda
