// Many lists of a row become one in a block's shared memory, however many candidates they hold: what beats a floor is
// appended, and when the next ones might not fit the list is cut to few more than k, which raises the floor.
#pragma once

#include "simt.hpp"
#include "stream_list.cuh"

namespace topkit::cuda {

inline constexpr int kMergeCapacity = 8192;
inline constexpr int kMergeEach = 4;  // candidates a thread looks at between two barriers

struct MergeState {
  CompactState cut;
  std::uint32_t held;
};

// Appends the candidates above the floor and cuts when the next ones might not fit. All threads; ends with a barrier.
template <int kThreads, int kEach>
__device__ Candidate merge_more(const Candidate (&more)[kEach], Candidate* list, int k, Candidate floor,
                                MergeState& s) {
#pragma unroll
  for (int i = 0; i < kEach; ++i)
    if (more[i] > floor) list[atomicAdd(&s.held, 1U)] = more[i];
  __syncthreads();
  const int held = static_cast<int>(s.held);
  __syncthreads();
  if (held <= kMergeCapacity - kEach * kThreads) return floor;
  const int kept = cut_list<kThreads>(list, held, k, k + k / 8, s.cut);
  const Candidate lowest = s.cut.low;
  if (threadIdx.x == 0) s.held = static_cast<std::uint32_t>(kept);
  __syncthreads();
  return lowest - 1;
}

// The best of more than the block's list holds. All threads; ends with a barrier.
template <int kThreads>
__device__ __forceinline__ void merge_list(const Candidate* all, std::uint32_t count, Candidate* list, int k,
                                           MergeState& state) {
  Candidate floor = 0;
  for (std::uint32_t base = threadIdx.x; base - threadIdx.x < count; base += kMergeEach * kThreads) {
    Candidate more[kMergeEach];
#pragma unroll
    for (int i = 0; i < kMergeEach; ++i) {
      const std::uint32_t at = base + i * kThreads;
      more[i] = at < count ? load_once(all + at) : 0;
    }
    floor = merge_more<kThreads>(more, list, k, floor, state);
  }
}

// List s is all[s * room..] of counts[s] candidates: a warp a list, 32 candidates at a time. s.held is what `list` holds
// already. All threads, behind a barrier; ends with one.
template <int kThreads>
__device__ __forceinline__ void merge_lists(const Candidate* all, int room, const std::uint32_t* counts, int lists,
                                            Candidate* list, int k, Candidate floor, MergeState& state) {
  int s = static_cast<int>(warp()), at = 0;
  const auto skip = [&] {
    for (; s < lists && at >= static_cast<int>(counts[s]); s += kThreads / kWarp) at = 0;
    return s >= lists;
  };
  do {
    Candidate more[kMergeEach];
#pragma unroll
    for (int i = 0; i < kMergeEach; ++i) {
      const bool there = !skip() && at + static_cast<int>(lane()) < static_cast<int>(counts[s]);
      more[i] = there ? load_once(all + s * room + at + static_cast<int>(lane())) : 0;
      at += kWarp;
    }
    floor = merge_more<kThreads>(more, list, k, floor, state);
  } while (__syncthreads_and(skip() ? 1 : 0) == 0);
}

}  // namespace topkit::cuda
