// Many winners of a row in a cluster: every block puts its own candidates into their order before they go to the others, and then
// one candidate finds its place among all by halving each block's list. Each with each would be a few thousand comparisons a
// block for 100 winners, and ten thousand and more for 200.
#pragma once

#include "cluster.cuh"

namespace topkit::cuda {

// What list_best() has found for the block, of which `found` has the number and the kind, best first: returns where, and changes
// `found` to how many that are. All threads; between barriers.
template <int kOddBlocks>
__device__ __forceinline__ const Candidate* order_own(const ClusterShape& shape, const ClusterRoom& room, unsigned rank,
                                                      int k, std::uint32_t& found, ClusterState& state) {
  static_assert(kClusterThreads >= kCrowdRoom && kMostGroups >= kClusterThreads);
  int own = static_cast<int>(found & kListed), wanted = own;
  if (found >= kCrowded) {
    const int log_groups = kLogClusterThreads - shape.log_group;
    const auto groups = static_cast<int>(blocks_of<kOddBlocks>(shape) << log_groups);
    const Key high = high_of(state.maxima, log_groups, rank);
    wanted = ::max(k - standing_of(state.maxima, groups, log_groups, rank, high).ahead, 0);
    __syncthreads();  // nobody asks for the maxima any more
  }
  const Candidate* sorted = room.list;
  if (own > kComparedWithEach) {
    sort_in_bins<kClusterThreads>(room.list, own, wanted, room.dense, state.maxima, state.compact);
  } else {
    const auto thread = static_cast<int>(threadIdx.x);
    if (thread < kRankPad) room.list[own + thread] = 0;
    __syncthreads();
    const Placed placed = place_by_comparing<kClusterThreads>(room.list, own);
    if (placed.place >= 0) room.dense[placed.place] = placed.candidate;
    __syncthreads();
    sorted = room.dense;
  }
  found = static_cast<std::uint32_t>(::min(own, wanted)) | kInOrder;
  return sorted;
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

// Calls emit(place, candidate) for those of the block's `own`, which lie in `list`, that are among the row's k best; `list` and those
// of all blocks, which are in `received`, are best first. A candidate has as many neighbouring threads as there are blocks. All
// threads.
template <class Emit>
__device__ __forceinline__ void place_among_lists(const ClusterShape& shape, const ClusterState& state,
                                                  const Candidate* received, const Candidate* list, unsigned rank,
                                                  int own, int k, Emit emit) {
  const int log_blocks = shape.log_blocks;
  const unsigned block = lane() & ((1U << log_blocks) - 1);
  const std::uint32_t n = state.counts[block] & ~kInOrder;
  const std::uint32_t most = __reduce_max_sync(full_mask, n);
  const Candidate* const sorted = received + static_cast<int>(block) * list_step(shape);
  const int first = static_cast<int>(warp() * kWarp) >> log_blocks;  // of the warp's
#pragma unroll 1
  for (int from = 0; from + first < own; from += kClusterThreads >> log_blocks) {
    const int i = from + (static_cast<int>(threadIdx.x) >> log_blocks);
    const Candidate c = list[::min(i, own - 1)];
    std::uint32_t place = block == rank ? static_cast<std::uint32_t>(i) : better_in(sorted, n, c, most);
    __syncwarp(full_mask);
#pragma unroll 1
    for (int d = 1; d < 1 << log_blocks; d *= 2) place += __shfl_xor_sync(full_mask, place, d);
    if (block == 0 && i < own && static_cast<int>(place) < k) emit(static_cast<int>(place), c);
    // What comes behind one that has no place has none.
    if (from + first + (kClusterThreads >> log_blocks) < own &&
        __all_sync(full_mask, static_cast<int>(place) >= k) != 0)
      break;
  }
}

}  // namespace topkit::cuda
