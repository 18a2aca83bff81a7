// Thousands of a row's candidates in a block's shared memory, cut down to few more than k by bounds and not by bins: the k-th of
// the threads' best keys, and where ties at that key are too many, the k-th of what the threads have best among these.
#pragma once

#include "cluster_bound.cuh"

namespace topkit::cuda {

struct NarrowState {
  alignas(16) Key maxima[kMostGroups];
  Key bound;
  std::uint32_t above, kept;
};

// The k-th, or a few ranks below, of the `best` of the groups of 2^log_group threads; 0 where fewer than k have one. All
// threads, behind a barrier; between two calls there is one.
template <int kThreads>
__device__ __forceinline__ Key kth_of_threads(Key best, int log_group, int k, NarrowState& s) {
  static_assert(kThreads == kMostGroups);
  const auto thread = static_cast<int>(threadIdx.x);
  const int groups = kThreads >> log_group;
#pragma unroll 1
  for (int d = 1; d < 1 << log_group; d *= 2) best = ::max(best, __shfl_xor_sync(full_mask, best, d));
  s.maxima[thread >> log_group] = best;
  if (thread < kCountedGroups - groups) s.maxima[groups + thread] = 0;
  if (thread == 0) s.bound = 0;
  __syncthreads();
  kth_by_pivots<kThreads>(s.maxima, groups, k, &s.bound);
  __syncthreads();
  return s.bound;
}

// Copies those of list[0..count) that may be among the k best, all of these among them, as far as there is room for `most`;
// returns how many there are. count >= k. All threads, behind a barrier; ends with one.
template <int kThreads>
[[gnu::noinline]] __device__ int narrow_list(const Candidate* list, int count, Candidate* to, int most, int k,
                                             int log_group, NarrowState& s) {
  const auto thread = static_cast<int>(threadIdx.x);
  if (thread == 0) s.above = s.kept = 0;
  Key best = 0;
#pragma unroll 4
  for (int i = thread; i < count; i += kThreads) best = ::max(best, key_of(list[i]));
  const Key key = kth_of_threads<kThreads>(best, log_group, k, s);
  // Ties: by position, which is the other half.
  unsigned above = 0;
  std::uint32_t first = 0;
#pragma unroll 4
  for (int i = thread; i < count; i += kThreads) {
    above += key_of(list[i]) > key ? 1 : 0;
    if (key_of(list[i]) == key) first = ::max(first, static_cast<std::uint32_t>(list[i]));
  }
  above = __reduce_add_sync(full_mask, above);
  if (lane() == 0) atomicAdd(&s.above, above);
  __syncthreads();
  const int wanted = k - static_cast<int>(s.above);
  Candidate floor = static_cast<Candidate>(key) << 32;
  if (wanted > 0) floor |= kth_of_threads<kThreads>(first, log_group, wanted, s);
#pragma unroll 4
  for (int i = thread; i < count; i += kThreads) {
    if (list[i] < floor) continue;
    const std::uint32_t at = atomicAdd(&s.kept, 1U);
    if (at < static_cast<unsigned>(most)) to[at] = list[i];
  }
  __syncthreads();
  return static_cast<int>(s.kept);
}

}  // namespace topkit::cuda
