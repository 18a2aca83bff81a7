// The third kernel of a streamed row with more winners than grid_join.cuh takes: one block puts what has reached the bound into
// order.
//
// Where fewer than k have, or more than the list holds, the sample misled, and the block reads the row itself: exact
// whatever it holds, and slow.
#pragma once

#include "grid_again.cuh"
#include "grid_parts.cuh"
#include "stream_finish.cuh"
#include "write.cuh"

namespace topkit::cuda {

inline constexpr int kFinishThreads = 1024;

struct GridFinishState {
  MergeState merge;
  BinState bins;
};

constexpr std::size_t grid_finish_bytes(int k) { return (kMergeCapacity + k + kFullBin) * sizeof(Candidate); }

// One block a row.
template <class E>
__global__ void __launch_bounds__(kFinishThreads, 1)
    grid_finish(const __grid_constant__ Args args, const E element, const GridLists in) {
  GridFinishState& state = shared<GridFinishState>();
  Candidate* const list = dynamic_shared<Candidate>();
  const std::uint32_t row_index = blockIdx.x;
  const Args::Span span = args.span(row_index);
  const auto k = static_cast<int>(span.count);
  const Candidate* const all = in.lists + static_cast<std::size_t>(row_index) * in.places;
  if (threadIdx.x == 0) state.merge.held = 0;
  __syncthreads();
  grid_dependency_wait();
  grid_launch_dependents();
  const std::uint32_t count = load_once(in.counts + row_index);
  int held = static_cast<int>(count);
  if (count < static_cast<unsigned>(k) || count > in.places) [[unlikely]] {
    merge_row<kFinishThreads>(element, Row<E>(args, span, row_index), list, k, state.merge);
    held = static_cast<int>(state.merge.held);
  } else if (count > kMergeCapacity) {
    merge_list<kFinishThreads>(all, count, list, k, state.merge);
    held = static_cast<int>(state.merge.held);
  } else {
#pragma unroll 4
    for (std::uint32_t i = threadIdx.x; i < count; i += kFinishThreads) list[i] = load_once(all + i);
    __syncthreads();
  }
  if (k > 0)
    sort_list<kFinishThreads>(list, held, k, args.problem.order, list + kMergeCapacity, state.merge.cut, state.bins);
  const Writer<E> writer(args, element, span, row_index);
#pragma unroll 1
  for (int place = static_cast<int>(threadIdx.x); place < args.problem.k; place += kFinishThreads) {
    if (place < k) {
      writer.write(place, list[place]);
    } else {
      writer.pad(place);
    }
  }
}

}  // namespace topkit::cuda
