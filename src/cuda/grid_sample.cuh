// The first kernel of a streamed row: a cluster samples it, and the r-th best of the sample's groups becomes the bound of the
// whole row (stream_sample.cuh has the rank). The bound is a candidate, key and position, so that rows of few values have no
// more elements above it than others: of ties only those in front.
//
// One granule at a mixed place of each of equal strata is looked at. A warp's strata are neighbours, whose pages are few; groups
// are of threads that are no neighbours, so winners that lie together are many groups' as well.
#pragma once

#include "../args.hpp"
#include "grid_shape.hpp"
#include "row.cuh"
#include "stream_sample.cuh"

namespace topkit::cuda {

struct GridSample {
  int blocks;  // of a row, the cluster's
  int vecs;
  int groups;
  Candidate* bounds;      // of the rows
  std::uint32_t* counts;  // of what the next kernel finds
};

struct GridSampleState {
  alignas(16) Candidate maxima[kGridThreads];  // in the first block, of all of the cluster
  Candidate own[kGridThreads];
  Mbarrier came;
  Candidate bound;
};

template <class E>
__global__ void __launch_bounds__(kGridThreads, 1)
    grid_sample(const __grid_constant__ Args args, const E element, const GridSample shape) {
  constexpr int kVecs = 8, kPerVec = Row<E>::kPerVec;
  constexpr std::uint32_t kNone = ~0U;
  GridSampleState& state = shared<GridSampleState>();
  const bool alone = shape.blocks == 1;
  const std::uint32_t rank = alone ? 0 : cluster_rank(), row_index = blockIdx.x / shape.blocks;
  const int threads = shape.blocks * kGridThreads, groups = shape.groups, told = kGridThreads / shape.blocks;
  if (!alone) {
    if (threadIdx.x == 0) {
      mbarrier_init(&state.came, 1);
      mbarrier_publish();
    }
    __syncwarp(full_mask);
    cluster_arrive_relaxed();  // matched before the first write to another block
  }
  if (threadIdx.x == 0) state.bound = 0;
  // Where the row and the sample are is known before what the kernels before this one write.
  if (args.problem.has_lengths || args.problem.has_row_k) grid_dependency_wait();
  const Args::Span span = args.span(row_index);
  const Row<E> row(args, span, row_index);
  const auto k = static_cast<int>(span.count);
  const std::uint32_t first = row.shift != 0 ? 1 : 0;
  const std::uint32_t granules = ::max((row.shift + row.count) / kPerVec, first) - first;  // whole ones
  const std::uint32_t most = ::max(grid_places(granules, threads * shape.vecs, ::max(k, 1), groups), 1U);
  const std::uint32_t width = ::max((granules + most - 1) / most, 1U), taken = granules / width;
  const Vec* const mine = row.vectors() + first;
  const std::uint32_t thread = rank * kGridThreads + threadIdx.x;
  grid_dependency_wait();
  Candidate best = 0;
#pragma unroll 1
  for (int from = 0; from < shape.vecs; from += kVecs) {
    Vec v[kVecs];
    std::uint32_t at[kVecs];
#pragma unroll
    for (int i = 0; i < kVecs; ++i) {
      const std::uint32_t q = (from + i) * threads + thread;
      at[i] = from + i < shape.vecs && q < taken ? q * width + __umulhi(mix(q), width) : kNone;
      if (at[i] != kNone) v[i] = load_once(mine + at[i]);
    }
    // The next kernel's loads come behind this one's: in front of them they would be waited for.
    if (from + kVecs >= shape.vecs) grid_launch_dependents();
#pragma unroll
    for (int i = 0; i < kVecs; ++i) {
      // The last of the granule's positions, which is no better than that of its best.
      if (at[i] != kNone)
        best = ::max(best, candidate(best_key(element, v[i]), row.position(first + at[i], kPerVec - 1)));
    }
  }
  state.own[threadIdx.x] = best;
  __syncthreads();
  const bool tells = static_cast<int>(threadIdx.x) < told;
  if (tells)
    for (int i = 1; i < shape.blocks; ++i) best = ::max(best, state.own[threadIdx.x + i * told]);
  if (alone) {
    state.maxima[threadIdx.x] = best;
  } else {
    cluster_wait();
    if (rank == 0 && threadIdx.x == 0) mbarrier_expect(&state.came, 0, kGridThreads * sizeof(Candidate));
    if (tells) store_async(&state.maxima[rank * told + threadIdx.x], 0, best, &state.came);
    if (rank != 0) return;
  }
  __syncthreads();
  if (!alone) mbarrier_wait(&state.came, 0);
  if (static_cast<int>(threadIdx.x) < groups)
    for (int i = groups; i < kGridThreads; i += groups)
      state.maxima[threadIdx.x] = ::max(state.maxima[threadIdx.x], state.maxima[threadIdx.x + i]);
  __syncthreads();
  // Threads that count for one maximum are neighbours.
  const int r = sample_rank(k, static_cast<float>(taken) * kPerVec, static_cast<float>(row.count));
  const int log_parts = groups == kMostSampleGroups ? 1 : 2;
  static_assert(kMostSampleGroups == kGridThreads >> 1);
  const Candidate own = state.maxima[threadIdx.x >> log_parts];
  int above = 0;
  struct alignas(16) Two {
    Candidate c[2];
  };
#pragma unroll 8
  for (int i = static_cast<int>(threadIdx.x) & ((1 << log_parts) - 1); i < groups / 2; i += 1 << log_parts) {
    const Two two = reinterpret_cast<const Two*>(state.maxima)[i];
    above += (two.c[0] > own ? 1 : 0) + (two.c[1] > own ? 1 : 0);
  }
  above += __shfl_xor_sync(full_mask, above, 1);
  if (log_parts > 1) above += __shfl_xor_sync(full_mask, above, 2);
  // They differ in their positions, except for those of groups without any.
  if (own != 0 && above == r - 1) state.bound = own;
  __syncthreads();
  if (threadIdx.x == 0) {
    shape.bounds[row_index] = state.bound;
    shape.counts[row_index] = 0;
  }
}

}  // namespace topkit::cuda
