// The one best element of a row, by a cluster of blocks: no bound, no list, one hop. Every thread walks over its granules and keeps
// the first of the best it has met; the best of each block goes to the first block, which writes the best of these.
//
// Nothing stays in registers, so that a row may have any length, and as few blocks as keep the memory busy take it.
#pragma once

#include "../args.hpp"
#include "cluster.cuh"
#include "row.cuh"
#include "write.cuh"

namespace topkit::cuda {

struct ClusterOneState {
  alignas(16) Candidate came[kMaxCluster];  // the first block's: the best of each
  Candidate warps[kClusterThreads / kWarp];
  Mbarrier all_came;
};

template <class E>
struct ClusterOneArgs {
  Args args;
  E element;
  int log_blocks;
  std::int64_t first_row;
};

// The largest of a warp's candidates, to all of it.
__device__ __forceinline__ Candidate best_of_warp(Candidate mine) {
  const Key key = __reduce_max_sync(full_mask, key_of(mine));
  const auto low = static_cast<std::uint32_t>(mine);
  return static_cast<Candidate>(key) << 32 | __reduce_max_sync(full_mask, key_of(mine) == key ? low : 0);
}

// A granule and its best key; the first of equal ones is kept.
template <class E>
struct BestGranule {
  Pack packs[E::kPacksPerVec];
  Key key = 0;
  std::uint32_t at;

  __device__ explicit BestGranule(std::uint32_t first) : packs{}, at(first) {}

  __device__ __forceinline__ void meet(const E& element, const Pack (&other)[E::kPacksPerVec], std::uint32_t granule,
                                       bool there) {
    Pack best = other[0];
#pragma unroll
    for (int i = 1; i < E::kPacksPerVec; ++i) best = E::max(best, other[i]);
    Key its = element.key(best, 0);
    if constexpr (E::kPerPack == 2) its = ::max(its, element.key(best, 1));
    const bool better = there && its > key;
    key = better ? its : key;
    at = better ? granule : at;
#pragma unroll
    for (int i = 0; i < E::kPacksPerVec; ++i) packs[i] = better ? other[i] : packs[i];
  }

  // The first of the row's elements in it that have its key.
  __device__ __forceinline__ Candidate first(const E& element, const Row<E>& row) const {
    constexpr int kPerVec = E::kPacksPerVec * E::kPerPack;
    Candidate best = 0;
#pragma unroll
    for (int e = kPerVec - 1; e >= 0; --e) {
      const std::uint32_t position = row.position(at, e);
      if (element.key(packs[e / E::kPerPack], e % E::kPerPack) == key && position < row.count)
        best = candidate(key, position);
    }
    return best;
  }
};

// The best of granules first, first + step, .. of the row, step a power of two; 0 where it has none of them.
template <class E>
__device__ __forceinline__ Candidate best_of_share(const E& element, const Row<E>& row, std::uint32_t first,
                                                   std::uint32_t step) {
  constexpr int kAtOnce = 8;
  constexpr std::uint32_t kPerVec = E::kPacksPerVec * E::kPerPack;
  // The first and the last granule may stick out of the row.
  const bool head = row.shift != 0, tail = (row.shift + row.count) % kPerVec != 0;
  const std::uint32_t granules = row.granules(), from = head ? 1 : 0, to = granules - (tail ? 1U : 0U);
  Candidate edges = 0;
  const auto edge = [&](std::uint32_t granule) {
    BestGranule<E> it(granule);
    row.load(element, granule, it.packs);
    it.meet(element, it.packs, granule, true);
    edges = ::max(edges, it.first(element, row));
  };
  if (head && first == 0) edge(0);
  if (tail && granules - 1 >= ::max(first, from) && ((granules - 1 - first) & (step - 1)) == 0) edge(granules - 1);
  if (first < from) first += step;
  if (first >= to) return edges;
  BestGranule<E> best(first);
#pragma unroll 1
  for (std::uint32_t g = first; g < to; g += kAtOnce * step) {
    Vec v[kAtOnce];
#pragma unroll
    for (int j = 0; j < kAtOnce; ++j)
      v[j] = g + j * step < to ? row.load_inside(g + j * step) : Vec{{E::kPad, E::kPad, E::kPad, E::kPad}};
#pragma unroll
    for (int j = 0; j < kAtOnce; ++j) {
      Pack packs[E::kPacksPerVec];
      element.unpack(v[j], packs);
      // Raw packs that are not there are no better than the first granule, which is.
      best.meet(element, packs, g + j * step, E::kRawPacks || g + j * step < to);
    }
  }
  return ::max(edges, best.first(element, row));
}

template <class E>
__global__ void __launch_bounds__(kClusterThreads, is_fast_element<E> ? 2 : 1)
    cluster_one_kernel(const __grid_constant__ ClusterOneArgs<E> a) {
  if constexpr (kArch != 0 && kArch < 900) return;  // no clusters: the plan does not come here
  const std::int64_t row_index = a.first_row + (blockIdx.x >> a.log_blocks);
  const unsigned rank = cluster_rank(), blocks = 1U << a.log_blocks;
  ClusterOneState& state = shared<ClusterOneState>();
  if (threadIdx.x == 0) {
    mbarrier_init(&state.all_came, blocks);
    mbarrier_publish();
  }
  __syncwarp(full_mask);
  cluster_arrive_relaxed();
  grid_dependency_wait();
  const Args::Span span = a.args.span(row_index);
  if (span.count == 0) {
    if (rank == 0 && threadIdx.x == 0) Writer<E>(a.args, a.element, span, row_index).pad(0);
    cluster_wait();
    return;
  }
  const Candidate mine =
      best_of_warp(best_of_share(a.element, Row<E>(a.args, span, row_index), (rank << kLogClusterThreads) + threadIdx.x,
                                 1U << (kLogClusterThreads + a.log_blocks)));
  if (lane() == 0) state.warps[warp()] = mine;
  __syncthreads();
  cluster_wait();
  grid_launch_dependents();
  if (warp() != 0) return;
  constexpr unsigned kWarps = kClusterThreads / kWarp;
  const Candidate best = best_of_warp(lane() < kWarps ? state.warps[lane()] : 0);
  if (lane() == 0) {
    mbarrier_expect(&state.all_came, 0, sizeof(Candidate));
    store_async(&state.came[rank], 0, best, &state.all_came);
  }
  if (rank != 0) return;
  mbarrier_wait(&state.all_came, 0);
  const Candidate first = best_of_warp(lane() < blocks ? state.came[lane()] : 0);
  if (lane() == 0) Writer<E>(a.args, a.element, span, row_index).write(0, first);
}

}  // namespace topkit::cuda
