// The end of a top-k by a cluster: every block knows the candidates of all, finds how many come before each of its own, and
// writes those of its own that win. Nobody waits for one block that ranks them all. Few are compared each with each, many are
// found in sorted lists.
#pragma once

#include "cluster_sorted.cuh"

namespace topkit::cuda {

inline constexpr int kThreadsACandidate = 8;
// With more winners a block than this the blocks sort their candidates first (cluster_sorted.cuh).
inline constexpr int kComparedABlock = 16;

// How many of all candidates come before `first`, and << 16 before `second`, by kThreadsACandidate neighbours: each looks at
// every eighth place of every list, of four lists at once. Whole warps.
__device__ __forceinline__ std::uint32_t count_before(Candidate first, Candidate second, const ClusterShape& shape,
                                                      const Candidate* received, const ClusterState& state) {
  std::uint32_t before = 0;
#pragma unroll 1
  for (int block = 0; block < 1 << shape.log_blocks; block += 4) {
    Vec many = reinterpret_cast<const Vec*>(state.counts)[block / 4];
#pragma unroll
    for (int b = 0; b < 4; ++b) many.word[b] &= ~kInOrder;
    const Candidate* const lists = received + block * shape.capacity;
    const std::uint32_t most = ::max(::max(many.word[0], many.word[1]), ::max(many.word[2], many.word[3]));
#pragma unroll 1
    for (std::uint32_t j = threadIdx.x % kThreadsACandidate; j < most; j += kThreadsACandidate) {
      Candidate other[4];
#pragma unroll
      for (int b = 0; b < 4; ++b) other[b] = j < many.word[b] ? lists[b * shape.capacity + static_cast<int>(j)] : 0;
#pragma unroll
      for (int b = 0; b < 4; ++b) before += (other[b] > first ? 1U : 0U) + (other[b] > second ? 1U << 16 : 0U);
    }
  }
  __syncwarp(full_mask);
#pragma unroll
  for (int d = 1; d < kThreadsACandidate; d *= 2) before += __shfl_xor_sync(full_mask, before, d);
  return before;
}

// A selection alone has registers enough for 64 elements of which two lie in one.
template <class E, int kVecs>
inline constexpr int topk_blocks_an_sm = !is_fast_element<E> || kVecs * E::kPacksPerVec > 32 ? 1 : 2;

template <class E, int kVecs>
__global__ void __launch_bounds__(kClusterThreads, topk_blocks_an_sm<E, kVecs>)
    cluster_kernel(const __grid_constant__ ClusterArgs<E> a) {
  if constexpr (kArch != 0 && kArch < 900) return;  // no clusters: the plan does not come here
  constexpr int kThreads = kClusterThreads;
  const ClusterShape& shape = a.shape;
  const E& element = a.element;
  const std::int64_t row_index = shape.first_row + (blockIdx.x >> shape.log_blocks);
  const unsigned rank = cluster_rank(), blocks = 1U << shape.log_blocks;
  const auto thread = static_cast<int>(threadIdx.x);
  const ClusterRoom room(shape);
  ClusterState& state = shared<ClusterState>();
  open_cluster(shape, state);
  grid_dependency_wait();
  const Args::Span span = a.args.span(row_index);
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
  ShareOfRow<E, kThreads, kVecs> share(Row<E>(a.args, span, row_index), shape.log_blocks, rank);
  std::uint32_t found = list_best(shape, element, share, k, state, room, NothingElse());
  const auto own = static_cast<int>(found & ~kInOrder);
  const Candidate* list = room.list;
  if (found < kInOrder && k > kComparedABlock << shape.log_blocks && a.args.problem.order != Order::index) {
    sort_own(room, own);
    list = room.dense;
    found |= kInOrder;
  }
#pragma unroll 1
  for (int i = thread; i < own << shape.log_blocks; i += kThreads)
    store_async(&room.received[rank * shape.capacity + (i >> shape.log_blocks)], i & (blocks - 1),
                list[i >> shape.log_blocks], &state.candidates_came);
  if (const unsigned to = kThreads - 1 - threadIdx.x; to < blocks) {
    mbarrier_expect(&state.candidates_came, to, own * sizeof(Candidate) + sizeof(std::uint32_t));
    store_async(&state.counts[rank], to, found, &state.candidates_came);
  }
  // As in gather(): not sooner.
  grid_launch_dependents();
  const Writer<E> writer(a.args, element, span, row_index);
  mbarrier_wait(&state.candidates_came, 0);
  const std::uint32_t listed = lane() < blocks ? state.counts[lane()] : kInOrder;
  const std::uint32_t count = __reduce_add_sync(full_mask, listed & ~kInOrder);
  const bool in_order = __all_sync(full_mask, listed >= kInOrder) != 0;
  // Crowds in several blocks, or places that only all winners together tell.
  if ((count > kRankedAtOnce && !in_order) || a.args.problem.order == Order::index) [[unlikely]] {
    if (rank != 0) return;
    const Gathered found = gather_received<kRankedAtOnce>(shape, k, state, room);
    rank_and_emit<kThreads>(found.candidates, found.scratch, found.count, k, a.args.problem.order,
                            [&](int place, Candidate c) { writer.write(place, c); });
  } else if (in_order) {
    place_among_lists(shape, state, room.received, list, rank, own, k,
                      [&](int place, Candidate c) { writer.write(place, c); });
  } else {
    // Two candidates for eight threads; the first two of these write one each.
    constexpr int kAtOnce = kThreads / kThreadsACandidate;
    const int id = thread % kThreadsACandidate;
#pragma unroll 1
    for (int from = 0; from + static_cast<int>(warp()) * (kWarp / kThreadsACandidate) < own; from += 2 * kAtOnce) {
      const int first = from + thread / kThreadsACandidate, second = first + kAtOnce;
      const Candidate c[2] = {room.list[::min(first, own - 1)], room.list[::min(second, own - 1)]};
      const std::uint32_t before = count_before(c[0], c[1], shape, room.received, state);
      const auto place = static_cast<int>(id == 0 ? before & 0xffff : before >> 16);
      if (id < 2 && (id == 0 ? first : second) < own && place < k) writer.write(place, id == 0 ? c[0] : c[1]);
    }
  }
  pad(writer);
}

}  // namespace topkit::cuda
