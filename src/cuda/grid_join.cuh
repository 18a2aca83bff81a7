// The second kernel of a row in the registers of many clusters: one block a row finds the k best of what the blocks have listed.
//
//   load     the first places of every list, before its count is known, into registers
//   bound    the k-th of the groups of threads' best keys, or a few ranks below: at least k candidates reach it
//   end      those that reach it are compared each with each; more than a hundred or so go into bins (stream_finish.cuh)
//
// A list longer than what was loaded (the row is no random one) makes the block merge all lists, 32 candidates a warp at a
// time.
#pragma once

#include <algorithm>
#include <cmath>

#include "cluster_bound.cuh"
#include "grid_merge.cuh"
#include "grid_parts.cuh"
#include "rank.cuh"
#include "stream_finish.cuh"
#include "write.cuh"

namespace topkit::cuda {

inline constexpr int kJoinThreads = 512;
inline constexpr int kJoinSteps = 8;  // vectors of two candidates that a thread loads at most

struct JoinShape {
  int log_lanes;  // threads a list
  int steps;
  int log_group;  // threads whose candidates share one maximum
};

// As many places of each list as nearly all lists of random rows fill.
inline JoinShape join_shape(int k, std::uint32_t blocks, const ClusterShape& part) {
  JoinShape shape{};
  while (kJoinThreads >> (shape.log_lanes + 1) >= static_cast<int>(blocks)) ++shape.log_lanes;
  // What passes in a part, of a bound few ranks below the k-th of its groups' maxima.
  const auto groups = static_cast<float>(part.groups()), wanted = static_cast<float>(k);
  const float mean = (wanted * (1 + wanted / (2 * groups)) + groups / 64) / static_cast<float>(1 << part.log_blocks);
  const float places = mean + 4 * std::sqrt(mean) + 4;
  const int most = kClusterMostK >> (shape.log_lanes + 1);
  shape.steps = std::min({static_cast<int>(places) / (2 << shape.log_lanes) + 1, kJoinSteps, most});
  shape.log_group = cluster_log_group(k, 0);
  return shape;
}

struct JoinState : MergeState {
  alignas(16) Key maxima[kJoinThreads];
  Key bound;
  std::uint32_t counts[kMostGridLists];
  BinState bins;
};

// A list that may hold all that is loaded, and as many as sort_list() needs beside it.
inline constexpr int kJoinRoom = kMergeCapacity + kClusterMostK + kFullBin;
static_assert(2 * kJoinSteps * kJoinThreads <= kMergeCapacity);

// All lists into one of any length; returns how many it holds. All threads, behind a barrier; ends with one.
template <int kThreads>
[[gnu::noinline]] __device__ int join_all(const Candidate* lists, std::uint32_t blocks, Candidate* list, int k,
                                          JoinState& state) {
  merge_lists<kThreads>(lists, kClusterMostK, state.counts, static_cast<int>(blocks), list, k, 0, state);
  return static_cast<int>(state.held);
}

template <class E>
__global__ void __launch_bounds__(kJoinThreads)
    grid_join(const __grid_constant__ Args args, const E element, const GridLists in, const JoinShape shape) {
  constexpr int kThreads = kJoinThreads;
  JoinState& state = shared<JoinState>();
  Candidate* const list = dynamic_shared<Candidate>();
  const auto thread = static_cast<int>(threadIdx.x);
  const std::uint32_t row_index = blockIdx.x, which = threadIdx.x >> shape.log_lanes,
                      id = threadIdx.x & ((1U << shape.log_lanes) - 1);
  const bool mine = which < in.blocks;
  const Candidate* const lists = in.lists + static_cast<std::size_t>(row_index) * in.blocks * kClusterMostK;
  const Vec* const places = reinterpret_cast<const Vec*>(lists + which * kClusterMostK) + id;
  if (thread < kComparedWithEach + kRankPad) list[thread] = 0;
  if (thread < kCountedGroups) state.maxima[thread] = 0;
  if (thread == 0) {
    state.bound = 0;
    state.held = 0;
  }
  __syncthreads();
  grid_dependency_wait();
  grid_launch_dependents();
  const std::uint32_t count = mine ? in.counts[row_index * in.blocks + which] : 0;
  Vec two[kJoinSteps];
#pragma unroll
  for (int i = 0; i < kJoinSteps; ++i) {
    if (mine && i < shape.steps) two[i] = load_once(places + (i << shape.log_lanes));
  }
  const Args::Span span = args.span(row_index);
  const auto k = static_cast<int>(span.count);
  const Writer<E> writer(args, element, span, row_index);
#pragma unroll 1
  for (int place = k + thread; place < args.problem.k; place += kThreads) writer.pad(place);
  if (k == 0) return;

  // How many of two[i] and of those behind it are candidates.
  const auto there = [&](int i) {
    return i < shape.steps ? static_cast<int>(count) - 2 * static_cast<int>(id + (i << shape.log_lanes)) : 0;
  };
  Key best = 0;
#pragma unroll
  for (int i = 0; i < kJoinSteps; ++i) {
    if (there(i) > 0) best = ::max(best, two[i].word[1]);
    if (there(i) > 1) best = ::max(best, two[i].word[3]);
  }
#pragma unroll 1
  for (int d = 1; d < 1 << shape.log_group; d *= 2) best = ::max(best, __shfl_xor_sync(full_mask, best, d));
  state.maxima[thread >> shape.log_group] = best;
  bool few = false;
  int held = 0;
  if (__syncthreads_or(there(shape.steps - 1) > 2 << shape.log_lanes ? 1 : 0) == 0) {
    kth_by_pivots<kThreads>(state.maxima, kThreads >> shape.log_group, k, &state.bound);
    __syncthreads();
    const Key bound = state.bound;
    std::uint32_t passing = 0;
#pragma unroll
    for (int i = 0; i < kJoinSteps; ++i) {
      passing |= there(i) > 0 && two[i].word[1] >= bound ? 1U << (2 * i) : 0;
      passing |= there(i) > 1 && two[i].word[3] >= bound ? 2U << (2 * i) : 0;
    }
    if (passing != 0) {
      std::uint32_t at = atomicAdd(&state.held, static_cast<std::uint32_t>(__popc(passing)));
#pragma unroll
      for (int i = 0; i < 2 * kJoinSteps; ++i)
        if ((passing >> i & 1U) != 0)
          list[at++] = static_cast<Candidate>(two[i / 2].word[i % 2 * 2 + 1]) << 32 | two[i / 2].word[i % 2 * 2];
    }
    __syncthreads();
    held = static_cast<int>(state.held);
    few = held <= kComparedWithEach && args.problem.order != Order::index;
  } else {
    if (mine && id == 0) state.counts[which] = count;
    __syncthreads();
    held = join_all<kThreads>(lists, in.blocks, list, k, state);
  }
  Placed placed{};
  if (few) {
    placed = place_by_comparing<kThreads>(list, held);
  } else {
    sort_list<kThreads>(list, held, k, args.problem.order, list + kMergeCapacity, state.cut, state.bins);
    static_assert(kClusterMostK <= kThreads);
    placed = {list[::min(thread, k - 1)], thread};
  }
  if (placed.place >= 0 && placed.place < k) writer.write(placed.place, placed.candidate);
}

}  // namespace topkit::cuda
