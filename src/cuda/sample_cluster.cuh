// A draw among the k best of a row: the front of the top-k kernel of a cluster (cluster.cuh), and the end of a sampled row
// (sample_end.cuh) in its first block.
//
// Every block knows from the row's parameters whether its row has such a k; others are left to sample_kernel.
#pragma once

#include "cluster.cuh"
#include "sample_element.hpp"
#include "sample_end.cuh"

namespace topkit::cuda {

template <class E>
struct SampleClusterLaunch {
  SampleArgs args;
  E element;
  ClusterShape shape;
};

struct SampleEndState {
  Candidate score[kSampleRanked];  // as the candidates come
  EndRoom room;
  std::int64_t row;  // of the outputs, for the end, until when it would take registers
};

// The candidates of a row, as they come, to their order: half of the block counts what is better than each, the other half
// gives them their scores in the first draw. All threads; ends with a barrier.
template <class Z>
__device__ __forceinline__ void order_and_score(const Candidate* candidates, int count, int wanted, float z_max,
                                                std::uint32_t draw, Z z_of, SampleEndState& s) {
  constexpr int kHalf = kClusterThreads / 2;
  const int thread = static_cast<int>(threadIdx.x) % kHalf;
  if (threadIdx.x >= kHalf) {
    const Noise noise(s.room.rules, draw);
    const float c = s.room.rules.c;
#pragma unroll 1
    for (int i = thread; i < count; i += kHalf)
      s.score[i] = noise.score(sampling::exponent<One>(z_of(key_of(candidates[i])), z_max, c), index_of(candidates[i]));
  } else {
    // 8, 4, 2 or 1 threads a candidate; they are neighbours.
    const int log_parts = count <= kHalf / 8 ? 3 : count <= kHalf / 4 ? 2 : count <= kHalf / 2 ? 1 : 0;
    const int part = thread & ((1 << log_parts) - 1);
#pragma unroll 1
    for (int first = 0; first + ((thread & ~31) >> log_parts) < count; first += kHalf >> log_parts) {
      const int mine = first + (thread >> log_parts);
      const Candidate one = candidates[::min(mine, count)];
      int place = 0;
#pragma unroll 4
      for (int j = part; j < count; j += 1 << log_parts) place += candidates[j] > one ? 1 : 0;
#pragma unroll 1
      for (int d = 1; d < 1 << log_parts; d *= 2) place += __shfl_xor_sync(full_mask, place, d);
      if (part != 0 || mine >= count || place >= wanted) continue;
      s.room.sorted[place] = candidate(key_of_z(z_of(key_of(one))), index_of(one));
      s.room.from[place] = static_cast<std::uint32_t>(mine);
    }
  }
  __syncthreads();
}

struct NoteRules : NothingElse {
  const SampleArgs& args;
  std::int64_t row;
  SampleEndState& state;
  __device__ NoteRules(const SampleArgs& a, std::int64_t r, SampleEndState& s) : args(a), row(r), state(s) {}
  __device__ void meanwhile() const {
    if (threadIdx.x != kWarp || cluster_rank() != 0) return;
    state.room.rules = sampling::rules_of<One>(args, row);
    state.row = row;
  }
};

template <class E, int kVecs, int kOddBlocks, int kAside>
__global__ void __launch_bounds__(kClusterThreads, kOddBlocks != 0 ? 2 : cluster_blocks_an_sm<E, kVecs>)
    sample_cluster_kernel(const __grid_constant__ SampleClusterLaunch<E> a) {
  if constexpr (kArch != 0 && kArch < 900) return;  // no clusters: the plan does not come here
  using L = typename E::Logit;
  const SampleArgs& args = a.args;
  const E& element = a.element;
  ClusterState& gathering = shared<ClusterState>();
  SampleEndState& state = shared<SampleEndState>();
  open_cluster<kOddBlocks>(a.shape, gathering);
  grid_dependency_wait();
  const std::int64_t row =
      a.shape.first_row + (kOddBlocks != 0 ? blockIdx.x / kOddBlocks : blockIdx.x >> a.shape.log_blocks);
  const std::int64_t length = args.length(row), row_k = sample_row_k(args, row);
  const auto k = static_cast<int>(::min(row_k, length));
  const NoteRules by_the_way{args, row, state};
  if (k == 0) {
    by_the_way.meanwhile();
    cluster_wait();
    __syncthreads();
    if (row_k > 0 && cluster_rank() == 0 && warp() == 0) end_in_order(args, row, 0, state.room, 0, nullptr);
    return;
  }
  const auto* const x = static_cast<const typename L::Raw*>(args.x) + args.x_row(row) * args.problem.row_stride;
  const Gathered found = gather<kVecs, kSampleRanked, kOddBlocks, kAside>(
      a.shape, element, Row<E>(x, static_cast<std::uint32_t>(length)), k, gathering, by_the_way);
  if (found.count < 0) return;
  const auto z_of = [&](Key key) { return sampling::candidate<One>(L::value(element.raw(key))); };
  const float z_max = z_of(best_of(gathering.maxima, a.shape.groups()));
  const int wanted = ::min(k, found.count);
  order_and_score(found.candidates, found.count, wanted, z_max, args.draw, z_of, state);
  if (warp() == 0) end_in_order(args, state.row, z_max, state.room, wanted, state.score);
}

}  // namespace topkit::cuda
