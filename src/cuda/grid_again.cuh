// The row itself once more, by one block alone: where a sample misled. Exact whatever the row holds, and slow.
#pragma once

#include "grid_merge.cuh"
#include "row.cuh"

namespace topkit::cuda {

// The row's best among all its elements. All threads; ends with a barrier.
template <int kThreads, class E>
__device__ __forceinline__ void merge_row(const E& element, const Row<E>& row, Candidate* list, int k,
                                          MergeState& state) {
  constexpr int kElements = Row<E>::kPerVec;
  Candidate floor = 0;
  for (std::uint32_t base = 0; base < row.granules(); base += kThreads) {
    const std::uint32_t g = base + threadIdx.x;
    Pack packs[E::kPacksPerVec];
    if (g < row.granules()) row.load(element, g, packs);
#pragma unroll
    for (int e = 0; e < kElements; e += kMergeEach) {
      Candidate more[kMergeEach];
#pragma unroll
      for (int i = 0; i < kMergeEach; ++i) {
        const std::uint32_t at = row.position(g, e + i);
        more[i] = g < row.granules() && at < row.count
                      ? candidate(element.key(packs[(e + i) / E::kPerPack], (e + i) % E::kPerPack), at)
                      : 0;
      }
      floor = merge_more<kThreads>(more, list, k, floor, state);
    }
  }
}

}  // namespace topkit::cuda
