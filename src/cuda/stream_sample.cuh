// The threshold of a stream, guessed from a sample and checked by the pass: the r-th best of the sample's group maxima, r
// so large that fewer than k elements reach it less than once in a million rows.
//
// The sample is one chunk at a mixed place of each of equal strata, so it is spread over the row whatever its pattern; a
// group is 16 neighbours of a chunk, or several such. The number of groups with one of the k best is about Poisson of mean
// k * sampled / n, also where neighbours are alike.
#pragma once

#include <cmath>

#include "element.hpp"
#include "stream_strata.cuh"

namespace topkit::cuda {

inline constexpr int kChunk = 32;        // granules, one a lane
inline constexpr int kMostGroups = 512;  // what one warp can search

// The rank among the groups' maxima that at most one row in a million has fewer than k elements at.
__device__ inline int sample_rank(int k, float sampled, float n) {
  const float mean = static_cast<float>(k) * (sampled / n);
  return ::min(k, static_cast<int>(mean + 4.75F * sqrtf(mean) + 5.3F));
}

// By one warp: a key that at least `rank` of the groups' maxima reach and not many more; 0, which everything passes, when
// the rank is no rarity among them. Groups are a multiple of 128, up to 512; key 0 is a group of nobody.
template <int kOwn>
__device__ Key sample_bound(const Key* maxima, int rank) {
  struct alignas(16) Four {
    Key key[4];
  };
  const Four* const mine = reinterpret_cast<const Four*>(maxima) + lane();
  Key low = ~Key{0}, high = 0;
  unsigned filled = 0;
#pragma unroll
  for (int i = 0; i < kOwn; ++i) {
    const Four keys = mine[i * kWarp];
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      high = ::max(high, keys.key[j]);
      if (keys.key[j] == 0) continue;
      low = ::min(low, keys.key[j]);
      ++filled;
    }
  }
  low = __reduce_min_sync(full_mask, low);
  high = __reduce_max_sync(full_mask, high);
  filled = __reduce_add_sync(full_mask, filled);
  if (4 * rank > 3 * static_cast<int>(filled)) return 0;
  const int enough = rank + rank / 16 + 1;
  // At least `rank` keys reach low, fewer reach high + 1. Three probes a step, their counts packed into one word.
  while (low < high) {
    const Key quarter = (high - low) / 4 + 1;
    const Key first = low + quarter;
    const Key second = quarter > high - first ? high : first + quarter;
    const Key third = quarter > high - second ? high : second + quarter;
    std::uint32_t counts = 0;
    __syncwarp(full_mask);  // the keys are read again in each step: the row's vectors need the registers
#pragma unroll(kOwn > 2 ? 2 : kOwn)
    for (int i = 0; i < kOwn; ++i) {
      const Four keys = mine[i * kWarp];
#pragma unroll
      for (int j = 0; j < 4; ++j)
        counts += (keys.key[j] >= first ? 1U : 0U) + (keys.key[j] >= second ? 1U << 10 : 0U) +
                  (keys.key[j] >= third ? 1U << 20 : 0U);
    }
    counts = __reduce_add_sync(full_mask, counts);
    const int reach_first = static_cast<int>(counts & 1023);
    const int reach_second = static_cast<int>(counts >> 10 & 1023);
    const int reach_third = static_cast<int>(counts >> 20);
    int reach = 2 * kMostGroups;
    if (reach_third >= rank) {
      low = third;
      reach = reach_third;
    } else if (reach_second >= rank) {
      low = second;
      high = third - 1;
      reach = reach_second;
    } else if (reach_first >= rank) {
      low = first;
      high = second - 1;
      reach = reach_first;
    } else {
      high = first - 1;
    }
    if (reach <= enough) break;
  }
  return low;
}

}  // namespace topkit::cuda
