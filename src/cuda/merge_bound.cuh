// A bound that k candidates of a row reach, and hardly more: the s-th candidates of all parts are compared, s = k / parts, and
// each of those has s - 1 before it that are better. Empty places are at the end of a part, so one search finds both its
// last candidate that reaches the bound and, where there is no bound, its last candidate.
#pragma once

#include "merge_row.cuh"
#include "merge_table.cuh"

namespace topkit::cuda {

template <class U>
struct MergeBound {
  bool there;
  MergeCandidate<U> least;

  __device__ bool reached(const MergeCandidate<U>& candidate) const { return !there || !beats(least, candidate); }
};

// Into shared memory; pivots has room for one a thread. All threads; ends with a barrier.
template <class U>
__device__ void find_bound(const MergeRow<U>& row, MergeCandidate<U>* pivots, MergeBound<U>& bound) {
  const MergeShape& shape = row.all.shape;
  const auto parts = static_cast<std::uint32_t>(row.all.args.parts);
  MergeCandidate<U> best{0, 0, kNoCandidate};
  if (shape.first <= shape.depth)
    for (std::uint32_t part = threadIdx.x; part < parts; part += blockDim.x) {
      const MergeCandidate<U> pivot = row.candidate(part, shape.first - 1);
      if (pivot.id != -1 && (best.part == kNoCandidate || beats(pivot, best))) best = pivot;
    }
  const std::uint32_t groups = ::min(parts, blockDim.x);
  if (threadIdx.x < groups) pivots[threadIdx.x] = best;
  if (threadIdx.x == 0) bound.there = false;
  __syncthreads();
  if (best.part != kNoCandidate) {
    std::uint32_t ahead = 0;
    for (std::uint32_t group = 0; group < groups; ++group)
      ahead += pivots[group].part != kNoCandidate && beats(pivots[group], best) ? 1 : 0;
    if (ahead + 1 == shape.needed) bound = {true, best};
  }
  __syncthreads();
}

// How many candidates of each part reach the bound, by some lanes a part. All threads, behind a barrier; ends with one.
template <class U>
__device__ void count_reaching(const MergeRow<U>& row, const MergeBound<U>& bound, const MergeTable& table) {
  const MergeShape& shape = row.all.shape;
  const auto parts = static_cast<std::uint32_t>(row.all.args.parts);
  const std::uint32_t lanes = 1U << shape.log_lanes, member = threadIdx.x & (lanes - 1);
  const unsigned own = lanes == kWarp ? full_mask : ((1U << lanes) - 1) << (lane() & ~(lanes - 1));
  for (std::uint32_t base = 0; base < parts; base += blockDim.x >> shape.log_lanes) {
    const std::uint32_t part = base + (threadIdx.x >> shape.log_lanes);
    std::uint32_t count = 0;
    for (std::uint32_t open = shape.depth; open > 0;) {
      const std::uint32_t step = open / (lanes + 1) + 1, place = count + (member + 1) * step - 1;
      bool reaches = part < parts && place < shape.depth;
      if (reaches) {
        const MergeCandidate<U> candidate = row.candidate(part, place);
        reaches = candidate.id != -1 && bound.reached(candidate);
      }
      count += static_cast<std::uint32_t>(__popc(__ballot_sync(full_mask, reaches) & own)) * step;
      open = step - 1;
    }
    if (part < parts && member == 0) table.set(part, part, count);
  }
  __syncthreads();
}

}  // namespace topkit::cuda
