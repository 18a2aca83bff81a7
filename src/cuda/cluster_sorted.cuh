// Many winners of a row in a cluster: every block puts its own candidates into their order before they go to the others, and then
// one candidate finds its place among all by halving each block's list. Each with each would be a few thousand comparisons a
// block for 100 winners, and ten thousand and more for 200.
#pragma once

#include "cluster.cuh"

namespace topkit::cuda {

// room.list of `own`, up to kClusterMostK, best first to room.dense. All threads; between barriers.
__device__ __forceinline__ void sort_own(const ClusterRoom& room, int own) {
  const auto thread = static_cast<int>(threadIdx.x);
  if (thread < kRankPad) room.list[own + thread] = 0;
  __syncthreads();
  const Placed placed = own <= kComparedWithEach
                            ? place_by_comparing<kClusterThreads>(room.list, own)
                            : place_among_runs<kClusterThreads>(room.list, room.dense + kClusterMostK, own);
  if (placed.place >= 0) room.dense[placed.place] = placed.candidate;
  __syncthreads();
}

// How many of a list of n, best first, are better than c. most: of all lists that the warp looks into, the longest.
__device__ __forceinline__ std::uint32_t better_in(const Candidate* sorted, std::uint32_t n, Candidate c,
                                                   std::uint32_t most) {
  std::uint32_t better = 0;
#pragma unroll 1
  for (std::uint32_t step = most == 0 ? 0 : 1U << (31 - __clz(static_cast<int>(most))); step > 0; step /= 2)
    if (better + step <= n && sorted[better + step - 1] > c) better += step;
  return better;
}

// Calls emit(place, candidate) for those of the block's `own`, which lie in `list` best first, that are among the row's k best;
// `received` has the lists of all blocks, best first. A candidate has as many neighbouring threads as there are blocks. All
// threads.
template <class Emit>
__device__ __forceinline__ void place_among_lists(const ClusterShape& shape, const ClusterState& state,
                                                  const Candidate* received, const Candidate* list, unsigned rank,
                                                  int own, int k, Emit emit) {
  const int log_blocks = shape.log_blocks;
  const unsigned block = lane() & ((1U << log_blocks) - 1);
  const std::uint32_t n = state.counts[block] & ~kInOrder, most = __reduce_max_sync(full_mask, n);
  const Candidate* const sorted = received + block * shape.capacity;
#pragma unroll 1
  for (int from = 0; from + (static_cast<int>(warp() * kWarp) >> log_blocks) < own;
       from += kClusterThreads >> log_blocks) {
    const int i = from + (static_cast<int>(threadIdx.x) >> log_blocks);
    const Candidate c = list[::min(i, own - 1)];
    std::uint32_t place = block == rank ? static_cast<std::uint32_t>(i) : better_in(sorted, n, c, most);
    __syncwarp(full_mask);
#pragma unroll 1
    for (int d = 1; d < 1 << log_blocks; d *= 2) place += __shfl_xor_sync(full_mask, place, d);
    if (block == 0 && i < own && static_cast<int>(place) < k) emit(static_cast<int>(place), c);
  }
}

}  // namespace topkit::cuda
