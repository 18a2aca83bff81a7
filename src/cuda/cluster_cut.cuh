// Long lists in no order, of a row of which many more pass the bound than it has winners (neighbours that win together, sawteeth,
// ties): every block cuts what has come from all to the k best and few more, and then places its own of these as it does those of a
// random row. To put each list into order first takes longer, and lists of both kinds side by side took longest of all. What all warps
// run here is issued four times a scheduler, so bins are few, and their range is what the maxima tell.
#pragma once

#include "cluster.cuh"

namespace topkit::cuda {

// Calls keep(candidate) for the best k of those that `each` calls its argument with, and few more, most at most; of those that are
// below the row's bound for none. By bins over keys and positions together, narrowed around the k-th. All threads, behind a barrier;
// ends with one owed.
template <class Each, class Keep>
__device__ __forceinline__ void cut_to(const Each& each, int k, int most, std::uint32_t positions, int groups,
                                       ClusterState& state, const Keep& keep) {
  constexpr int kLogBins = 6;
  static_assert(kBoundBins == 1 << kLogBins && 3 * kBoundBins <= kCompactBins);
  const Key bottom = state.bound;
  const auto value_of = [&](Candidate c) -> Candidate {
    if (key_of(c) < bottom) return 0;
    return static_cast<Candidate>(key_of(c) - bottom) * positions + (positions - index_of(c));
  };
  Candidate low = 0, high = static_cast<Candidate>(best_of(state.maxima, groups) - bottom) * positions + positions;
  int above = 0;
  if (threadIdx.x < kBoundBins) state.compact.bins[threadIdx.x] = 0;
  __syncthreads();
#pragma unroll 1
  for (int first = 0, next = kBoundBins;; first = next, next = next < 2 * kBoundBins ? next + kBoundBins : 0) {
    std::uint32_t* const bins = state.compact.bins + first;
    const int shift = ::max(64 - __clzll(static_cast<long long>(high - low)) - kLogBins, 0);
    each([&](Candidate c) {
      const Candidate at = value_of(c) - low;
      if (at <= high - low) atomicAdd(&bins[at >> shift], 1U);
    });
    // The next turn's, which were read two turns ago, before a barrier.
    if (threadIdx.x < kBoundBins) state.compact.bins[next + static_cast<int>(threadIdx.x)] = 0;
    __syncthreads();
    const Bin bin = bin_of_kth(bins, k - above);
    above += bin.above;
    low += static_cast<Candidate>(bin.at) << shift;
    high = bin_top(low, shift, high);
    if (above + bin.within <= most || low == high) break;
  }
  low = ::max(low, Candidate{1});
  each([&](Candidate c) {
    if (value_of(c) >= low) keep(c);
  });
}

// The block's own list, of more than kClusterMostK, in room.list: to room.dense. Returns how many; all threads; ends with a barrier.
__device__ __forceinline__ int cut_own(int own, int k, std::uint32_t positions, int groups, const ClusterRoom& room,
                                       ClusterState& state) {
  static_assert(kClusterThreads >= kCrowdRoom);
  const Candidate mine = static_cast<int>(threadIdx.x) < own ? room.list[threadIdx.x] : 0;
  if (threadIdx.x == 0) state.compact.kept = 0;
  cut_to(
      [&](auto see) {
        if (mine != 0) see(mine);
      },
      k, ::min(k + k / 4 + 8, kClusterMostK), positions, groups, state,
      [&](Candidate c) { room.dense[atomicAdd(&state.compact.kept, 1U)] = c; });
  __syncthreads();
  const auto kept = static_cast<int>(state.compact.kept);
  __syncthreads();  // it may be another's count soon
  return kept;
}

struct CutLists {
  int all, own;
};

// What has come from all blocks: to room.list, and the block's own of it to room.dense. All threads; ends with a barrier.
__device__ __forceinline__ CutLists cut_received(const ClusterShape& shape, unsigned rank, int k,
                                                 std::uint32_t positions, int groups, const ClusterRoom& room,
                                                 ClusterState& state) {
  // As many as a warp compares in a few turns.
  constexpr int kTurn = 4 * kWarp;
  static_assert(kClusterMostK + kClusterMostK / 4 + kTurn <= kCrowdRoom);
  const int most = ::max((k + k / 4 + kTurn - 1) / kTurn, 2) * kTurn;
  const int log_threads = kLogClusterThreads - shape.log_blocks;
  const unsigned whose = threadIdx.x >> log_threads;
  const int from = static_cast<int>(threadIdx.x) & ((1 << log_threads) - 1),
            listed = static_cast<int>(state.counts[whose] & ~kInOrder);
  const Candidate* const list = room.received + static_cast<int>(whose) * list_step(shape);
  if (threadIdx.x == 0) state.compact.kept = state.crowd.listed = 0;
  cut_to(
      [&](auto see) {
#pragma unroll 1
        for (int i = from; i < listed; i += 1 << log_threads) see(list[i]);
      },
      k, most, positions, groups, state,
      [&](Candidate c) {
        room.list[atomicAdd(&state.compact.kept, 1U)] = c;
        if (whose == rank) room.dense[atomicAdd(&state.crowd.listed, 1U)] = c;
      });
  __syncthreads();
  return {static_cast<int>(state.compact.kept), static_cast<int>(state.crowd.listed)};
}

}  // namespace topkit::cuda
