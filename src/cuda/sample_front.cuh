// The front of a row that is sampled: where it lies, and its largest z and its groups' maxima, which all blocks learn.
#pragma once

#include "sample_state.cuh"

namespace topkit::cuda {

// What needs nothing of the input: before grid_dependency_wait(). Matched by the cluster_wait() of best_of_row(), or of a
// caller who does not come there.
__device__ __forceinline__ void open_state(const SampleShape& shape) {
  SampleState& state = shared<SampleState>();
  if (threadIdx.x == kSampleThreads - 1) {
    mbarrier_init(&state.maxima_came, 1);
    mbarrier_init(&state.candidates_came, 1U << shape.log_blocks);
    start_hops(state.hops);
    mbarrier_publish();
    state.passed = 0;
    state.bound = ~Key{0};
  }
  __syncwarp(full_mask);
  if (shape.log_blocks > 0) cluster_arrive_relaxed();
}

template <class L>
__device__ __forceinline__ SamplePlace place_of(const SampleArgs& args, const SampleShape& shape, std::int64_t index) {
  SamplePlace place;
  place.rank = shape.log_blocks == 0 ? 0 : cluster_rank();
  place.blocks = 1U << shape.log_blocks;
  place.index = index;
  place.x = static_cast<const typename L::Raw*>(args.x) + args.x_row(index) * args.problem.row_stride;
  place.quads = reinterpret_cast<Quad*>(dynamic_shared<Candidate>() + sample_candidates(shape));
  place.length = static_cast<std::uint32_t>(args.length(index));
  place.begin = ::min(place.rank * shape.share, place.length);
  place.count = ::min(shape.share, place.length - place.begin);
  return place;
}

// To the state, for whatever runs behind a call. All threads; known behind a barrier.
__device__ __forceinline__ void remember(const SampleArgs& args, const SampleShape& shape) {
  SampleState& state = shared<SampleState>();
  if (threadIdx.x == 2 * kWarp) state.shape = shape;
  static_assert(sizeof(SampleArgs) % 8 == 0 && sizeof(SampleArgs) <= 8 * kSampleThreads);
  if (threadIdx.x < sizeof(SampleArgs) / 8)
    reinterpret_cast<std::uint64_t*>(&state.args)[threadIdx.x] =
        reinterpret_cast<const std::uint64_t*>(&args)[threadIdx.x];
}

// Every thread's largest z to the maxima of all blocks. meanwhile() is called by all threads while they would wait. Returns
// the row's largest key, which thread 0 has put into state.z_max. All threads of all blocks; what was written to shared memory
// before is seen behind it.
template <class Meanwhile>
__device__ __forceinline__ Key best_of_row(const SampleShape& shape, const SamplePlace& place, float most,
                                           Meanwhile meanwhile) {
  constexpr unsigned kLast = kSampleThreads - 1;
  SampleState& state = shared<SampleState>();
  const unsigned blocks = place.blocks, rank = place.rank;
  Key key = key_of_z(most);
  // Lane l of a group tells its maximum to block l.
  const unsigned group_lanes = 1U << shape.log_group, log_groups = kLogSampleThreads - shape.log_group;
#pragma unroll 1
  for (unsigned d = 1; d < group_lanes; d *= 2) key = ::max(key, __shfl_xor_sync(full_mask, key, static_cast<int>(d)));
  if (blocks > 1) cluster_wait();
  Key* const mine = &state.maxima[(rank << log_groups) + (threadIdx.x >> shape.log_group)];
  const unsigned to = threadIdx.x & (group_lanes - 1), groups = blocks << log_groups;
  if (blocks == 1) {
    if (to == 0) *mine = key;
    meanwhile();
    __syncthreads();
  } else {
    if (threadIdx.x == kLast) mbarrier_expect(&state.maxima_came, rank, groups * sizeof(Key));
    if (to < blocks) store_async(mine, to, key, &state.maxima_came);
    meanwhile();
    __syncthreads();
    mbarrier_wait(&state.maxima_came, 0);
  }
  key = 0;
#pragma unroll 1
  for (unsigned i = lane(); i < groups / 4; i += kWarp) {
    const Vec four = reinterpret_cast<const Vec*>(state.maxima)[i];
    key = ::max(key, ::max(::max(four.word[0], four.word[1]), ::max(four.word[2], four.word[3])));
  }
  key = __reduce_max_sync(full_mask, key);
  if (threadIdx.x == 0) state.z_max = z_of_key(key);
  return key;
}

}  // namespace topkit::cuda
