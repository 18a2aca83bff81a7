// The second kernel of a row in the registers of many clusters: one block a row finds the k best of what the blocks have listed.
//
//   load     the first places of every list (grid_heads.cuh)
//   bound    the k-th of the groups of threads' best keys, or a few ranks below: at least k candidates reach it
//   end      those that reach it are compared each with each; more than a hundred or so go into bins (stream_finish.cuh)
//
// A list longer than what is loaded of each is in order (grid_parts.cuh; the row is no random one). What was loaded tells a
// bound with a position, and only of lists whose last one reaches it is the rest looked at. What then is too many for the block's
// memory is merged, 32 candidates a warp at a time; ties are told apart by their positions (grid_narrow.cuh).
//
// It also ends a streamed row (grid_filter.cuh), which has one list: what reaches a bound that a sample guessed. Where fewer than k
// do, or more than the list has places for, the row is read once more (grid_again.cuh).
#pragma once

#include "cluster_ties.cuh"
#include "grid_again.cuh"
#include "grid_heads.cuh"
#include "grid_merge.cuh"
#include "grid_narrow.cuh"
#include "grid_parts.cuh"
#include "rank.cuh"
#include "stream_finish.cuh"
#include "write.cuh"

namespace topkit::cuda {

inline constexpr int kJoinNarrow = kClusterMostK + kFullBin;
// What is listed, and beside it what is left of it, or what sort_list() needs.
inline constexpr int kJoinRoom = kMergeCapacity + kJoinNarrow + kRankPad;
static_assert(2 * kJoinSteps * kJoinThreads <= kMergeCapacity);

struct JoinState {
  MergeState merge;
  NarrowState narrow;
  BinState bins;
  CrowdState crowd;
  std::uint32_t counts[kMostGridLists];
  std::uint32_t all;
};

// All lists, of any lengths, into one; returns how many it holds. All threads, state.counts and state.all behind a barrier;
// ends with one.
template <int kThreads>
[[gnu::noinline]] __device__ int join_all(const Candidate* lists, int blocks, Candidate* list, int k,
                                          JoinState& state) {
  if (state.all > kMergeCapacity) {
    merge_lists<kThreads>(lists, kClusterMostK, state.counts, blocks, list, k, 0, state.merge);
    return static_cast<int>(state.merge.held);
  }
#pragma unroll 1
  for (int which = static_cast<int>(warp()); which < blocks; which += kThreads / kWarp) {
    const auto many = static_cast<int>(state.counts[which]);
    std::uint32_t to = 0;
    if (lane() == 0 && many > 0) to = atomicAdd(&state.merge.held, static_cast<std::uint32_t>(many));
    to = __shfl_sync(full_mask, to, 0);
#pragma unroll 4
    for (int i = static_cast<int>(lane()); i < many; i += kWarp)
      list[to + static_cast<std::uint32_t>(i)] = load_once(lists + which * kClusterMostK + i);
  }
  __syncthreads();
  return static_cast<int>(state.all);
}

// Neighbouring threads whose candidates of a list in order are a run: as many as make no more runs than there are maxima.
__device__ __forceinline__ int log_run_of(const JoinShape& shape) {
  int log_run = 0;
  while (1 << log_run < shape.steps) ++log_run;
  return log_run;
}

// s.maxima become what end(i) is in the threads that end a run whose step i was loaded as a whole, else 0. All threads; wants a
// barrier before and behind.
template <int kThreads, class F>
__device__ __forceinline__ void put_ends_of_runs(const Heads& heads, bool in_order, std::uint32_t which,
                                                 std::uint32_t id, const JoinShape& shape, NarrowState& s, F end) {
  s.maxima[threadIdx.x] = 0;
  __syncthreads();
  const int log_run = log_run_of(shape);
  const std::uint32_t last = (1U << log_run) - 1;
  const bool ends = in_order && log_run <= shape.log_lanes && (id & last) == last;
#pragma unroll
  for (int i = 0; i < kJoinSteps; ++i) {
    if (i >= shape.steps) break;
    const std::uint32_t word = end(i);
    if (!ends || (heads.there >> (2 * i + 1) & 1U) == 0) continue;
    const std::uint32_t step = which * static_cast<unsigned>(shape.steps) + static_cast<unsigned>(i);
    s.maxima[(step << (shape.log_lanes - log_run)) + (id >> log_run)] = word;
  }
}

// The rank among runs at which as many candidates are reached.
__device__ __forceinline__ int rank_of_run(int candidates, const JoinShape& shape) {
  const int log_run = log_run_of(shape);
  return (candidates + (2 << log_run) - 1) >> (log_run + 1);
}

// A key that k candidates of lists in order reach, or a few more: as many of their runs as k need. 0: there are no such lists. All
// threads, behind a barrier; ends with one.
template <int kThreads>
__device__ __forceinline__ Key kth_of_runs(const Heads& heads, bool in_order, std::uint32_t which, std::uint32_t id,
                                           const JoinShape& shape, int k, NarrowState& s) {
  put_ends_of_runs<kThreads>(heads, in_order, which, id, shape, s, [&](int i) { return key_of(heads.at(i, 1)); });
  if (threadIdx.x == 0) s.bound = 0;  // not sooner: all have read the one before
  __syncthreads();
  kth_by_pivots<kThreads>(s.maxima, kMostGroups, rank_of_run(k, shape), &s.bound);
  __syncthreads();
  return s.bound;
}

// A bound with a position that k of a row's candidates reach, or a few more: `key`, which is their k-th or some ranks below, and
// among ties at it the ends of runs of lists in order. All threads, behind a barrier; ends with one.
template <int kThreads>
__device__ __forceinline__ Candidate floor_of_ties(const Heads& heads, Key key, bool in_order, std::uint32_t which,
                                                   std::uint32_t id, const JoinShape& shape, int k, NarrowState& s) {
  const std::uint32_t above = __reduce_add_sync(full_mask, heads.above(key, shape));
  if (threadIdx.x == 0) s.above = 0;
  const std::uint32_t last = (1U << log_run_of(shape)) - 1;
  put_ends_of_runs<kThreads>(heads, in_order, which, id, shape, s, [&](int i) {
    // All of a run are ties where its first and its last one are.
    const Key first = __shfl_up_sync(full_mask, key_of(heads.at(i, 0)), last);
    const Candidate end = heads.at(i, 1);
    return first == key && key_of(end) == key ? static_cast<std::uint32_t>(end) : 0;
  });
  if (threadIdx.x == 0) s.bound = 0;
  if (lane() == 0) atomicAdd(&s.above, above);
  __syncthreads();
  const int wanted = k - static_cast<int>(s.above);
  if (wanted <= 0) return (static_cast<Candidate>(key) + 1) << 32;
  kth_by_pivots<kThreads>(s.maxima, kMostGroups, rank_of_run(wanted, shape), &s.bound);
  __syncthreads();
  return static_cast<Candidate>(key) << 32 | s.bound;
}

// Whether a row has so many of its best key that the first k of them are likely among the first that the threads have a vector of:
// from the last that was loaded of its first list, which is in order, and has one of eight lines.
template <class E>
__device__ __forceinline__ bool are_dense(Candidate last, Key key, int k, const JoinShape& shape) {
  constexpr float kFirst = static_cast<float>(kJoinThreads * Row<E>::kPerVec);
  const auto many = static_cast<float>(shape.loaded() << kLogGridCluster), among = static_cast<float>(index_of(last));
  return key_of(last) == key && kFirst * many > 1.5F * static_cast<float>(k) * among;
}

// Of a list in order of `count`, those behind what was loaded that reach the floor, as far as there is room. All threads; ends
// with a barrier.
__device__ __forceinline__ void append_rest(const Candidate* from, std::uint32_t count, Candidate floor,
                                            std::uint32_t id, const JoinShape& shape, Candidate* list,
                                            std::uint32_t* held) {
  constexpr int kAtOnce = 4;
  const std::uint32_t step = 1U << shape.log_lanes;
#pragma unroll 1
  for (std::uint32_t i = static_cast<unsigned>(shape.loaded()) + id; i < count; i += kAtOnce * step) {
    Candidate more[kAtOnce];
#pragma unroll
    for (int j = 0; j < kAtOnce; ++j) more[j] = i + j * step < count ? load_once(from + i + j * step) : 0;
#pragma unroll
    for (int j = 0; j < kAtOnce; ++j) {
      if (more[j] < floor || more[j] == 0) continue;
      const std::uint32_t at = atomicAdd(held, 1U);
      if (at < kMergeCapacity) list[at] = more[j];
    }
    if (more[kAtOnce - 1] < floor) break;
  }
  __syncthreads();
}

// A list of any length, or where the guess was wrong the row, to the block's list; returns how many it holds. All threads,
// behind a barrier; ends with one.
template <int kThreads, class E>
__device__ __forceinline__ int gather_guessed(const E& element, const Row<E>& row, const Candidate* from,
                                              std::uint32_t count, std::uint32_t places, Candidate* list, int k,
                                              MergeState& state) {
  if (count < static_cast<unsigned>(k) || count > places) {
    merge_row<kThreads>(element, row, list, k, state);
  } else if (count > kMergeCapacity) {
    merge_list<kThreads>(from, count, list, k, state);
  } else {
#pragma unroll 4
    for (std::uint32_t i = threadIdx.x; i < count; i += kThreads) list[i] = load_once(from + i);
    __syncthreads();
    return static_cast<int>(count);
  }
  return static_cast<int>(state.held);
}

// kGuessed: a row has one list, of what reaches a bound that a sample guessed.
template <class E, bool kGuessed>
__global__ void __launch_bounds__(kJoinThreads, 1)
    grid_join(const __grid_constant__ Args args, const E element, const GridLists in, const JoinShape shape) {
  constexpr int kThreads = kJoinThreads;
  JoinState& state = shared<JoinState>();
  Candidate* const room = dynamic_shared<Candidate>();
  const auto thread = static_cast<int>(threadIdx.x);
  const std::uint32_t row_index = blockIdx.x, which = threadIdx.x >> shape.log_lanes,
                      id = threadIdx.x & ((1U << shape.log_lanes) - 1);
  const bool mine = which < in.blocks;
  const Candidate* const lists = in.lists + static_cast<std::size_t>(row_index) * in.blocks * in.places;
  const Vec* const places = reinterpret_cast<const Vec*>(lists + which * in.places) + id;
  if (thread < kComparedWithEach + kRankPad) room[thread] = 0;  // behind whatever is listed
  if (thread == 0) state.merge.held = state.all = 0;
  __syncthreads();
  grid_dependency_wait();
  grid_launch_dependents();
  // The count is asked for first: the lists wait for it, not it for them.
  const std::uint32_t count = mine ? load_once(in.counts + row_index * in.blocks + which) : 0;
  Heads heads;
#pragma unroll
  for (int i = 0; i < kJoinSteps; ++i)
    if (mine && i < shape.steps) heads.two[i] = load_once(places + (i << shape.log_lanes));
  const Args::Span span = args.span(row_index);
  const auto k = static_cast<int>(span.count);
  const Writer<E> writer(args, element, span, row_index);
#pragma unroll 1
  for (int place = k + thread; place < args.problem.k; place += kThreads) writer.pad(place);
  if (k == 0) return;

  Candidate *list = room, *beside = room + kMergeCapacity;
  int held = 0;
  const Key best = heads.count(count, id, shape);
  const bool missed = kGuessed && (count < static_cast<unsigned>(k) || count > in.places);
  const bool more = count > static_cast<unsigned>(shape.loaded());
  const bool longer = __syncthreads_or(missed || more) != 0;
  if (!longer) {
    heads.append(kth_of_threads<kThreads>(best, shape.log_group, k, state.narrow), shape, list, &state.merge.held);
    __syncthreads();
    held = static_cast<int>(state.merge.held);
  } else if constexpr (kGuessed) {
    held =
        gather_guessed<kThreads>(element, Row<E>(args, span, row_index), lists, count, in.places, list, k, state.merge);
  } else {
    Key bound = kth_of_threads<kThreads>(best, shape.log_group, k, state.narrow);
    if (__syncthreads_or(heads.above(bound, shape) != 0 ? 1 : 0) == 0) {
      const bool far =
          which == 0 && id + 1 == 1U << shape.log_lanes && !(more && are_dense<E>(heads.last(shape), bound, k, shape));
      if (__syncthreads_or(far ? 1 : 0) == 0 &&
          list_first_of_row<kThreads>(element, Row<E>(args, span, row_index), bound, k, list, state.crowd)) {
        if (thread < k) writer.write(thread, list[thread]);
        return;
      }
    } else {
      bound = ::max(bound, kth_of_runs<kThreads>(heads, more, which, id, shape, k, state.narrow));
    }
    const Candidate floor = floor_of_ties<kThreads>(heads, bound, more, which, id, shape, k, state.narrow);
    heads.append_from(floor, shape, list, &state.merge.held);
    const unsigned end = (1U << shape.log_lanes) - 1;
    if (mine && id == end) state.counts[which] = more && heads.last(shape) >= floor ? count : 0;
    __syncthreads();
    append_rest(lists + which * in.places, mine ? state.counts[which] : 0, floor, id, shape, list, &state.merge.held);
    held = static_cast<int>(state.merge.held);
    if (held > kMergeCapacity) {
      __syncthreads();
      if (thread == 0) state.merge.held = 0;
      if (mine && id == 0) {
        state.counts[which] = count;
        atomicAdd(&state.all, count);
      }
      __syncthreads();
      held = join_all<kThreads>(lists, static_cast<int>(in.blocks), list, k, state);
    }
  }
  if (held > 2 * k + kRankPad) [[unlikely]] {
    const int kept = narrow_list<kThreads>(list, held, beside, kJoinNarrow, k, shape.log_group, state.narrow);
    if (kept <= kJoinNarrow) {
      list = beside;
      beside = room;
      held = kept;
      if (thread < kRankPad) list[held + thread] = 0;
      __syncthreads();
    }
  } else if (longer) {
    if (thread < kRankPad) list[held + thread] = 0;
    __syncthreads();
  }
  Placed placed{};
  if (held <= kComparedWithEach && args.problem.order != Order::index) {
    placed = place_by_comparing<kThreads>(list, held);
  } else {
    sort_list<kThreads>(list, held, k, args.problem.order, beside, state.merge.cut, state.bins);
    static_assert(kClusterMostK <= kThreads);
    placed = {list[::min(thread, k - 1)], thread};
  }
  if (placed.place >= 0 && placed.place < k) writer.write(placed.place, placed.candidate);
}

}  // namespace topkit::cuda
