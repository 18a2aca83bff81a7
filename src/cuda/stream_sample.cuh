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

inline constexpr int kChunk = 32;  // granules, one a lane

// The rank among the groups' maxima that at most one row in a million has fewer than k elements at.
__device__ inline int sample_rank(int k, float sampled, float n) {
  const float mean = static_cast<float>(k) * (sampled / fmaxf(n, 1.0F));  // n: 0 where a row is empty
  return ::min(k, static_cast<int>(mean + 4.75F * sqrtf(mean) + 5.3F));
}

// The largest key of a granule.
template <class E>
__device__ __forceinline__ Key best_key(const E& element, const Vec& vec) {
  Pack packs[E::kPacksPerVec];
  element.unpack(vec, packs);
#pragma unroll
  for (int i = 1; i < E::kPacksPerVec; ++i) packs[0] = E::max(packs[0], packs[i]);
  const Key key = element.key(packs[0], 0);
  return E::kPerPack == 2 ? ::max(key, element.key(packs[0], 1)) : key;
}

}  // namespace topkit::cuda
