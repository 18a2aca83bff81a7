// The first kernel of a row in the registers of many clusters: each has a part of it, and lists what may be among the part's k
// best as a cluster does for a row of its own (cluster.cuh), whatever the data are. Every block leaves its count and its list, in
// no order unless it is longer than what grid_join.cuh, which goes on, loads of each at once.
#pragma once

#include "cluster_kernel.cuh"
#include "grid_shape.hpp"

namespace topkit::cuda {

struct GridLists {
  Candidate* lists;
  std::uint32_t* counts;  // of a list
  std::uint32_t blocks;   // lists of a row, one a block
  std::uint32_t places;   // of a list
};

template <class E>
struct GridPartsArgs {
  Args args;
  E element;
  ClusterShape shape;  // of a part
  GridLists out;
  std::uint32_t inverse;  // 2^32 / out.blocks, rounded up: of a block's number the high word of the product is the row
  std::uint32_t share;    // granules of a block
  int few;                // candidates of a list that the next kernel loads at once
};

template <class E, int kVecs>
__global__ void __launch_bounds__(kClusterThreads, topk_blocks_an_sm(kVecs))
    grid_parts_kernel(const __grid_constant__ GridPartsArgs<E> a) {
  if constexpr (kArch != 0 && kArch < 900) return;  // no clusters: the plan does not come here
  const ClusterRoom room(a.shape);
  ClusterState& state = shared<ClusterState>();
  const std::uint32_t row_index = __umulhi(blockIdx.x, a.inverse);
  const std::uint32_t block = blockIdx.x - row_index * a.out.blocks, rank = cluster_rank();
  open_cluster(a.shape, state);
  // The next kernel is one block a row, which takes nobody's place, and reads nothing before this one has ended.
  grid_launch_dependents();
  grid_dependency_wait();
  const Args::Span span = a.args.span(row_index);
  const auto k = static_cast<int>(span.count);
  if (k == 0) {
    cluster_wait();
    return;
  }
  const std::uint32_t from = (block - rank) * a.share;  // of the part
  ShareOfRow<E, kClusterThreads, kVecs> share(Row<E>(a.args, span, row_index), a.shape.log_blocks, rank, from,
                                              from + (a.share << a.shape.log_blocks));
  std::uint32_t found = list_best(a.shape, a.element, share, k, state, room, NothingElse());
  const Candidate* list = room.list;
  if (found < kInOrder && (found & kListed) > static_cast<unsigned>(a.few)) [[unlikely]]
    list = order_own<0>(a.shape, room, cluster_rank(),
                        static_cast<int>(a.args.span(__umulhi(blockIdx.x, a.inverse)).count), found, state);
  const auto listed = static_cast<int>(found & kListed);
  static_assert(kClusterMostK <= kClusterThreads);
  const auto thread = static_cast<int>(threadIdx.x);
  if (thread < listed) a.out.lists[blockIdx.x * kClusterMostK + threadIdx.x] = list[thread];
  if (thread == kClusterThreads - 1) a.out.counts[blockIdx.x] = static_cast<std::uint32_t>(listed);
}

}  // namespace topkit::cuda
