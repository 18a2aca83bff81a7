// A bound from each warp of a block: the least of `share` maxima of different slices of its elements. With the least of all
// warps' bounds as the row's, at least warps * share elements of the row have its key or a better one. Few of the maxima are
// found by taking or sorting them, many of 16-bit ones by counting them two at once.
#pragma once

#include <iterator>

#include "element.hpp"
#include "warp_network.cuh"
#include "warp_sort.cuh"

namespace topkit::cuda {

// By a warp: a, b are the maxima of 64 slices, 1 <= share <= 32. The share-th largest of them, or a few places below it.
__device__ inline Key share_bound(Key a, Key b, int share) {
  if (share <= 4) {
    put_in_order(a, b);
    while (true) {
      const Key best = __reduce_max_sync(full_mask, a);
      if (--share == 0) return best;
      const std::uint32_t owners = __ballot_sync(full_mask, a == best);
      if (static_cast<int>(lane()) == __ffs(static_cast<int>(owners)) - 1) {
        a = b;
        b = 0;
      }
    }
  }
  // The better half, near enough: the better ones of pairs go to one side, whoever they meet.
  constexpr int kDistances[] = {0, 1, 2, 4, 8, 16, 3, 5, 7};
#pragma unroll
  for (int round = 0; round < static_cast<int>(std::size(kDistances)); ++round) {
    const Key theirs = kDistances[round] == 0 ? b : __shfl_xor_sync(full_mask, b, kDistances[round]);
    b = smaller(a, theirs);
    a = larger(a, theirs);
  }
  if (share > 24) {
    Key low = __reduce_min_sync(full_mask, a), high = __reduce_max_sync(full_mask, b);
#pragma unroll
    for (int probe = 0; probe < 2; ++probe) {
      const Key middle = low < high ? low + (high - low + 1) / 2 : low;
      const int reach = __popc(__ballot_sync(full_mask, a >= middle)) + __popc(__ballot_sync(full_mask, b >= middle));
      if (reach >= share) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }
  Key sorted[1] = {a};
  sort_places<kWarp>(sorted);
  return __shfl_sync(full_mask, sorted[0], share - 1);
}

// By a warp: a key that `share` of the packs' halves of its lanes, or an eighth more, are not below; `low` is one that as
// many are not below. What is above `high` is not tried.
template <class E, int kPacks>
__device__ Key counted_bound(const E& element, const Pack (&maxima)[kPacks], int share, Key low, Key high) {
  constexpr int kTries = 8;
  static_assert(E::kPerPack == 2 && kPacks <= 16);
  high = smaller(high, 0xffff - E::kLeast);  // +inf: up to it, what is not below a threshold is not below its key
#pragma unroll 1
  for (int i = 0; i < kTries && low < high; ++i) {
    const Key middle = low + (high - low + 1) / 2;
    const Pack threshold = element.raw(middle) * 0x00010001U;
    std::uint32_t passed = 0;
#pragma unroll
    for (int j = 0; j < kPacks; ++j) passed |= E::passing(maxima[j], threshold) & (0x00010001U << j);
    const auto reach = static_cast<int>(__reduce_add_sync(full_mask, static_cast<std::uint32_t>(__popc(passed))));
    if (reach >= share) {
      low = middle;
      if (reach <= share + share / 8) break;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

}  // namespace topkit::cuda
