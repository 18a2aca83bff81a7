// A safe lower bound of the k-th best key, by one warp, from the maxima of many disjoint groups: if at least k groups have a
// maximum >= T, at least k elements are >= T (Dr. Top-k, SC 21). With G groups about k * (1 + k / 2G) elements of a row pass.
//
// Eight probes a step: the counts of four are packed into a word, so that two redux.add tell all of them. A step leaves a
// ninth of the range; three of them mostly do, and none depends on the distribution for being right.
#pragma once

#include "element.hpp"

namespace topkit::cuda {

inline constexpr int kBisectGroups = 512;
inline constexpr int kCountedGroups = 128;

// How many maxima may be above the bound without its being refined.
__device__ inline int bound_slack(int k) { return 2 + k / 4; }

// kPer maxima a lane; key 0: a group without elements. Returns 0, which all elements pass, when fewer than k groups have any.
template <int kPer>
__device__ Key bisect_bound(const Key* maxima, int groups, int k) {
  Key mine[kPer];
  Key low = ~Key{0}, high = 0;
#pragma unroll
  for (int i = 0; i < kPer; ++i) {
    const int at = i * kWarp + static_cast<int>(lane());
    mine[i] = at < groups ? maxima[at] : 0;
    if (at < groups) low = ::min(low, mine[i]);
    high = ::max(high, mine[i]);
  }
  if (groups < k) return 0;
  low = __reduce_min_sync(full_mask, low);
  high = __reduce_max_sync(full_mask, high);
  const std::uint32_t enough = static_cast<std::uint32_t>(k), few = enough + static_cast<std::uint32_t>(bound_slack(k));
  // A word holds the counts of this many probes: with up to 4 maxima a lane a count is at most 128.
  constexpr int kProbes = kPer <= 4 ? 4 : 3, kBits = 32 / kProbes;
  constexpr std::uint32_t kCount = (1U << kBits) - 1;
  // At least k maxima are >= low, fewer than k are > high.
#pragma unroll 1
  while (low < high) {
    const Key step = (high - low) / (2 * kProbes + 1) + 1;
    std::uint32_t lower = 0, upper = 0;  // counts at low + step, low + 2 step, ..
#pragma unroll
    for (int q = 0; q < kProbes; ++q) {
      // A probe past the end of the range counts what is >= high at most, which keeps the order of the counts.
      const Key p = low + ::min(high - low, (q + 1) * step), u = low + ::min(high - low, (kProbes + q + 1) * step);
#pragma unroll
      for (int i = 0; i < kPer; ++i) {
        lower += mine[i] >= p ? 1U << (q * kBits) : 0;
        upper += mine[i] >= u ? 1U << (q * kBits) : 0;
      }
    }
    lower = __reduce_add_sync(full_mask, lower);
    upper = __reduce_add_sync(full_mask, upper);
    // The last probe that k maxima reach; the one behind it is not reached.
    int reached = 0;
    std::uint32_t count = 0;
#pragma unroll
    for (int q = 0; q < kProbes; ++q) {
      const std::uint32_t c = lower >> (q * kBits) & kCount;
      if (c >= enough) reached = q + 1, count = c;
    }
#pragma unroll
    for (int q = 0; q < kProbes; ++q) {
      const std::uint32_t c = upper >> (q * kBits) & kCount;
      if (c >= enough) reached = kProbes + q + 1, count = c;
    }
    const Key width = high - low;
    if (reached < 2 * kProbes) high = low + ::min(width, (reached + 1) * step) - 1;
    if (reached > 0) low += ::min(width, reached * step);
    if (reached > 0 && count <= few) break;
  }
  return low;
}

// The exact k-th of up to kCountedGroups maxima by a whole block: four threads a maximum count what is above it, which is a
// chain of a few loads where the bisection is one of reductions. *bound is ~0 before, behind a barrier; the caller's barrier
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

}  // namespace topkit::cuda
