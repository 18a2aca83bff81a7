// Rows in which many share the threshold's key, as in a row of one value: the first of them are held before the pass, so that
// what comes must beat them.
#pragma once

#include "element.hpp"
#include "row.cuh"
#include "stream_list.cuh"
#include "sums.cuh"

namespace topkit::cuda {

// No key is above it.
template <class E>
inline constexpr Key kTopKey = ~Key{0} >> (32 - 8 * sizeof(typename E::Raw));

// Whether a quarter of the sample's first maxima are the bound itself. By each warp for itself.
__device__ inline bool many_have(Key bound, const Key* maxima) {
  return __popc(__ballot_sync(full_mask, maxima[lane()] == bound)) >= kWarp / 4;
}

// Lists the first k elements of the block's share that have this key, if they lie near its beginning; else nothing is done. What
// beats them is state.rising then. All threads, before the first elements are listed; ends with a barrier, and the warps'
// vectors are to be fetched again.
template <int kThreads, class E, class State>
[[gnu::noinline]] __device__ void hold_ties(const E element, Key key, Candidate* list, State& state) {
  constexpr std::uint32_t kTiles = 8;
  constexpr int kElements = E::kPacksPerVec * E::kPerPack;
  const Row<E> row(state.x, state.elements);
  const auto k = static_cast<std::uint32_t>(state.k);
  // The granule at the row's beginning that is not whole is before all others.
  const std::uint32_t begin = state.begin - (state.share == 0 ? state.first : 0), end = state.begin + state.size;
  std::uint32_t held = 0;
#pragma unroll 1
  for (std::uint32_t tile = 0; tile < kTiles && held < k; ++tile) {
    const std::uint32_t g = begin + tile * kThreads + threadIdx.x;
    std::uint32_t equal = 0;
    if (g < end) {
      Pack packs[E::kPacksPerVec];
      row.load(element, g, packs);
#pragma unroll
      for (int e = 0; e < kElements; ++e) {
        const bool same = element.key(packs[e / E::kPerPack], e % E::kPerPack) == key;
        equal |= (same && row.position(g, e) < row.count ? 1U : 0U) << e;
      }
    }
    std::uint32_t total;
    const auto own = static_cast<std::uint32_t>(__popc(equal));
    std::uint32_t place = held + sum_before(own, state.cut.bins, kThreads / kWarp, total);
    for (; equal != 0 && place < k; equal &= equal - 1, ++place)
      list[place] = candidate(key, row.position(g, __ffs(static_cast<int>(equal)) - 1));
    held += total;
    __syncthreads();
  }
  if (threadIdx.x == 0) {
    state.refetch = 1;
    if (held >= k) {
      state.passed = k;
      state.low = list[k - 1];
      state.rising = above_all(element, key);
      if (key == kTopKey<E>) state.rest = state.tile_vecs = 0;  // nothing can
    }
  }
  __syncthreads();
}

}  // namespace topkit::cuda
