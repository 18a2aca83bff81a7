// A draw among the k best of a row: the front of the top-k kernel of a cluster (cluster.cuh), and the end of a sampled row
// (sample_list.cuh) in its first block.
//
// Every block knows from the row's parameters whether its row has such a k; others are left to sample_kernel.
#pragma once

#include "cluster.cuh"
#include "sample_element.hpp"
#include "sample_list.cuh"

namespace topkit::cuda {

template <class E>
struct SampleClusterLaunch {
  SampleArgs args;
  E element;
  ClusterShape shape;
};

// What the first block will need of its row, while the row is on its way. Known behind the next barrier.
template <class L>
__device__ __forceinline__ void note_row(const SampleArgs& args, const SamplePlace& place, SampleState& state) {
  if (threadIdx.x == kWarp) state.rules = sampling::rules_of<One>(args, place.index);
  if (threadIdx.x == 2 * kWarp) state.place = place;
  static_assert(sizeof(SampleArgs) % 8 == 0 && sizeof(SampleArgs) <= 8 * kSampleThreads);
  if (threadIdx.x < sizeof(SampleArgs) / 8)
    reinterpret_cast<std::uint64_t*>(&state.args)[threadIdx.x] =
        reinterpret_cast<const std::uint64_t*>(&args)[threadIdx.x];
}

// A row without candidates.
template <class L>
[[gnu::noinline]] __device__ void write_no_draw() {
  SampleState& state = shared<SampleState>();
  for (std::int64_t j = 0; j < state.args.problem.draws; ++j) write_draw<L>(j, {0, 0, 0});
  write_list(state, nullptr, 0, 0);
}

template <class E, int kVecs>
__global__ void __launch_bounds__(kClusterThreads, cluster_blocks_an_sm<E, kVecs>)
    sample_cluster_kernel(const __grid_constant__ SampleClusterLaunch<E> a) {
  if constexpr (kArch != 0 && kArch < 900) return;  // no clusters: the plan does not come here
  static_assert(kClusterThreads == kSampleThreads);
  using L = typename E::Logit;
  const SampleArgs& args = a.args;
  const E& element = a.element;
  ClusterState& gathering = shared<ClusterState>();
  SampleState& state = shared<SampleState>();
  const auto thread = static_cast<int>(threadIdx.x);
  open_cluster(a.shape, gathering);
  grid_dependency_wait();
  SamplePlace place{};
  place.index = a.shape.first_row + (blockIdx.x >> a.shape.log_blocks);
  place.x = static_cast<const typename L::Raw*>(args.x) + args.x_row(place.index) * args.problem.row_stride;
  place.length = static_cast<std::uint32_t>(args.length(place.index));
  const auto k = static_cast<int>(::min(sample_row_k(args, place.index), static_cast<std::int64_t>(place.length)));
  if (cluster_rank() == 0) note_row<L>(args, place, state);
  if (k == 0) {
    cluster_wait();
    __syncthreads();
    if (place.length == 0 && cluster_rank() == 0) write_no_draw<L>();
    return;
  }
  const Gathered found = gather<kVecs, kSampleRanked>(a.shape, element, Row<E>(place.x, place.length), k, gathering);
  if (found.count < 0) return;
  // From keys of the type to those of z, and the row's largest.
  const auto z_of = [&](Key key) { return sampling::candidate<One>(L::value(element.raw(key))); };
  Key most = 0;
  const int groups = 1 << (kLogClusterThreads - a.shape.log_group + a.shape.log_blocks);
#pragma unroll 1
  for (int i = static_cast<int>(lane()); i < groups / 4; i += kWarp) {
    const Vec four = reinterpret_cast<const Vec*>(gathering.maxima)[i];
    most = ::max(most, ::max(::max(four.word[0], four.word[1]), ::max(four.word[2], four.word[3])));
  }
  const float z_max = z_of(__reduce_max_sync(full_mask, most));
  bool number = false;
  if (thread < found.count) {
    const Candidate c = found.candidates[thread];
    const float z = z_of(key_of(c));
    number = z > kNobody;
    if constexpr (sizeof(typename L::Raw) != 4) found.candidates[thread] = candidate(key_of_z(z), index_of(c));
  }
  if (thread == 0) state.z_max = z_max;
  const int wanted = ::min(k, __syncthreads_count(number ? 1 : 0));
  if (wanted == 0) return write_no_draw<L>();
  weigh_list(state, found.candidates, found.scratch, found.count, wanted);
  end_list<L>(state, found.candidates, found.scratch, found.count, wanted, true, 0);
}

}  // namespace topkit::cuda
