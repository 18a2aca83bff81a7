// The end of a top-k by a cluster: every block knows the candidates of all, finds how many come before each of its own, and
// writes those of its own that win. Nobody waits for one block that ranks them all. Few are compared each with each, many are
// found in sorted lists, and of many more than can win the best are compared.
#pragma once

#include "cluster_cut.cuh"
#include "cluster_sorted.cuh"

namespace topkit::cuda {

// Calls emit(place, candidate) for those of the block's `own`, in `list`, that are among the row's k best. A warp finds the places of
// two candidates at once, its lanes spread over the lists of all blocks; `listed` is how long the lane's list is. Whole warps.
template <class Emit>
__device__ __forceinline__ void place_by_comparing(int log_blocks, int step_of_lists, std::uint32_t listed,
                                                   const Candidate* received, const Candidate* list, int own, int k,
                                                   Emit emit) {
  constexpr int kWarps = kClusterThreads / kWarp, kAtOnce = 4;
  const int log_lanes = kLogWarp - log_blocks;
  const std::uint32_t step = 1U << log_lanes, from = lane() & (step - 1);
  const Candidate* const lists = received + static_cast<int>(lane() >> log_lanes) * step_of_lists;
#pragma unroll 1
  for (int i = static_cast<int>(warp()); i < own; i += 2 * kWarps) {
    const bool two = i + kWarps < own;  // else the second is the first once more
    const Candidate first = list[i], second = list[two ? i + kWarps : i];
    std::uint32_t before_first = 0, before_second = 0;
#pragma unroll 1
    for (std::uint32_t j = from; j < listed; j += kAtOnce * step) {
      Candidate other[kAtOnce];
#pragma unroll
      for (int q = 0; q < kAtOnce; ++q) other[q] = j + q * step < listed ? lists[j + q * step] : 0;
#pragma unroll
      for (int q = 0; q < kAtOnce; ++q) {
        count_if(other[q] > first, before_first);
        count_if(other[q] > second, before_second);
      }
    }
    __syncwarp(full_mask);
    const std::uint32_t before = __reduce_add_sync(full_mask, before_first | before_second << 16);
    const auto place = static_cast<int>(lane() == 0 ? before & 0xffff : before >> 16);
    if (lane() < (two ? 2U : 1U) && place < k) emit(place, lane() == 0 ? first : second);
  }
}

// Of a list that is compared with all others, not cut first: of eight blocks, and of two, whose lists have more lanes.
inline constexpr std::uint32_t kLongList = 48, kLongListOfTwo = 128;

// A selection alone has registers enough for nine vectors twice.
constexpr int topk_blocks_an_sm(int vecs) { return vecs > kOddHeldVecs ? 1 : 2; }

template <class E, int kVecs, int kOddBlocks, int kAside>
__global__ void __launch_bounds__(kClusterThreads, topk_blocks_an_sm(kVecs))
    cluster_kernel(const __grid_constant__ ClusterArgs<E> a) {
  if constexpr (kArch != 0 && kArch < 900) return;  // no clusters: the plan does not come here
  constexpr int kThreads = kClusterThreads;
  const ClusterShape& shape = a.shape;
  const E& element = a.element;
  const std::int64_t row_index =
      shape.first_row + (kOddBlocks != 0 ? blockIdx.x / kOddBlocks : blockIdx.x >> shape.log_blocks);
  const unsigned rank = cluster_rank(), blocks = blocks_of<kOddBlocks>(shape);
  const auto thread = static_cast<int>(threadIdx.x);
  const ClusterRoom room(shape, cluster_aside_bytes(kAside));
  ClusterState& state = shared<ClusterState>();
  open_cluster<kOddBlocks>(shape, state);
  // The place of a row needs nothing that the kernel before may write, unless it has a length, a start or a k of its own; the compiler
  // would wait first and compute then, but for the condition, which always holds.
  const Problem& p = a.args.problem;
  Args::Span span{0, p.cols, p.k};
  using Share = ShareOfRow<E, kThreads, kVecs, kOddBlocks, kAside>;
  Share share(Row<E>(a.args, span, row_index), shape.log_blocks, rank);
  if (share.known() != ~0U) grid_dependency_wait();
  if (p.has_lengths || p.has_row_k) {
    span = a.args.span(row_index);
    share = Share(Row<E>(a.args, span, row_index), shape.log_blocks, rank);
  }
  const auto k = static_cast<int>(span.count);
  const auto pad = [&](const Writer<E>& writer) {
#pragma unroll 1
    for (int place = k + thread; rank == 0 && place < a.args.problem.k; place += kThreads) writer.pad(place);
  };
  if (k == 0) {
    pad(Writer<E>(a.args, element, span, row_index));
    cluster_wait();
    return;
  }
  std::uint32_t found = list_best(shape, element, share, k, state, room, WholeRow<E>{a.args, row_index});
  // Asked once more, for the register that it would take meanwhile.
  const auto positions = [&] {
    const Args::Span again = a.args.span(row_index);
    return static_cast<std::uint32_t>(again.end - again.begin);
  };
  const Candidate* list = room.list;
  if ((k > kComparedABlock << shape.log_blocks && found < kInOrder && a.args.problem.order != Order::index) ||
      found - kCrowded < kCrowded) {
    if (kLooksForTies<E, Share> && found == kWon) {
      found = kNoneLeft;
    } else if ((k <= kComparedABlock << shape.log_blocks && shape.log_blocks <= kLogCutBlocks) ||
               a.args.problem.order == Order::index) {
      found = static_cast<std::uint32_t>(
          cut_own(static_cast<int>(found & kListed), k, positions(), a.shape.groups(), room, state));
      list = room.dense;
    } else {
      list = order_own<kOddBlocks>(shape, room, rank, k, found, state);
    }
  }
  const auto own = static_cast<int>(found & kListed);
#pragma unroll 1
  for (int i = thread; i < own << shape.log_blocks; i += kThreads) {
    const unsigned to = static_cast<unsigned>(i) & ((1U << shape.log_blocks) - 1);
    if (kOddBlocks == 0 || to < blocks)
      store_async(&room.received[rank * list_step(shape) + (i >> shape.log_blocks)], to, list[i >> shape.log_blocks],
                  &state.candidates_came);
  }
  if (const unsigned to = kThreads - 1 - threadIdx.x; to < blocks) {
    mbarrier_expect(&state.candidates_came, to, own * sizeof(Candidate) + sizeof(std::uint32_t));
    store_async(&state.counts[rank], to, found, &state.candidates_came);
  }
  // As in gather(): not sooner.
  grid_launch_dependents();
  // Where the row begins is asked once more, for the registers that it would take meanwhile.
  const Writer<E> writer(a.args, element, a.args.span(row_index), row_index);
  mbarrier_wait(&state.candidates_came, 0);
  // By the lane's list, of which each has as many lanes; what is no block has none.
  const int log_lanes = kLogWarp - shape.log_blocks;
  const unsigned whose = lane() >> log_lanes;
  const std::uint32_t told = kOddBlocks == 0 || whose < blocks ? state.counts[whose] : kInOrder;
  const std::uint32_t listed = told & ~kInOrder;
  const bool in_order = __all_sync(full_mask, told - kInOrder < kCrowded) != 0;
  // Long lists in no order, or places that only all winners together tell.
  if ((!in_order && __any_sync(full_mask, listed > (shape.log_blocks > 1 ? kLongList : kLongListOfTwo)) != 0) ||
      a.args.problem.order == Order::index) [[unlikely]] {
    if (kLooksForTies<E, Share> && __any_sync(full_mask, told >= kNoneLeft) != 0) {
      // Whoever knows the winners writes all of them.
      if (state.counts[rank] >= kNoneLeft && thread < k) writer.write(thread, room.dense[thread]);
      pad(writer);
      return;
    }
    if (a.args.problem.order != Order::index) {
      const CutLists cut = cut_received(shape, rank, k, positions(), a.shape.groups(), room, state);
      place_by_comparing(0, 0, static_cast<std::uint32_t>(cut.all), room.list, room.dense, cut.own, k,
                         [&](int place, Candidate c) { writer.write(place, c); });
      pad(writer);
      return;
    }
    if (rank != 0) return;
    const Gathered all = gather_received<kRankedAtOnce>(shape, k, state, room);
    rank_and_emit<kThreads>(all.candidates, all.scratch, all.count, k, a.args.problem.order,
                            [&](int place, Candidate c) { writer.write(place, c); });
  } else if (in_order) {
    place_among_lists(shape, state, room.received, list, rank, own, k,
                      [&](int place, Candidate c) { writer.write(place, c); });
  } else {
    place_by_comparing(shape.log_blocks, list_step(shape), listed, room.received, list, own, k,
                       [&](int place, Candidate c) { writer.write(place, c); });
  }
  pad(writer);
}

}  // namespace topkit::cuda
