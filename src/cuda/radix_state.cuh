// What the blocks of radix_resident keep in shared memory, and their sums; radix_rows keeps the part that needs no cluster.
#pragma once

#include "../args.hpp"
#include "radix_out.cuh"
#include "radix_shape.hpp"
#include "radix_share.cuh"
#include "radix_split.cuh"

namespace topkit::cuda {

inline constexpr std::uint32_t kCapacity = kRadixCapacity;  // candidates of a list
inline constexpr std::uint32_t kTooMany = 1U << 27;         // added to a total: more passed than a list holds

// What a block tells another beside the candidates that it sends for it to order.
struct Message {
  std::uint32_t count;  // of the candidates
  std::uint16_t below,
      most;             // of those that it sends to blocks of lower number, which are better; the most for one block
  std::uint32_t total;  // of all that it sends
  Key high;             // of all that it sends; only the first block uses it
};

// Where candidates of one block lie that came to another. Blocks of opposite shares, half a row apart, have a room together, which
// they fill from its two ends: winners that lie together leave one of the two with little to send.
struct Received {
  std::uint32_t room, first;  // of two; where the first of them lies
  int step;

  __device__ Received(std::uint32_t source, int blocks_log) : room(2 * kCapacity >> blocks_log) {
    const std::uint32_t half = 1U << (blocks_log - 1);
    const bool upper = source >= half;
    first = (source & (half - 1)) * room + (upper ? room - 1 : 0);
    step = upper ? -1 : 1;
  }
  __device__ std::uint32_t at(std::uint32_t slot) const { return first + slot * static_cast<std::uint32_t>(step); }
  // The lowest place of `count`.
  __device__ std::uint32_t low(std::uint32_t count) const { return step < 0 ? first + 1 - count : first; }
};

template <class E>
struct RadixArgs {
  Args args;
  E element;
  RadixResident shape;
  RadixSample sample;  // of every row, where none has a length or a k of its own
  std::int64_t first_row;
  std::uint32_t share = 0;  // Split::share where all rows have this sample, else 0
};

template <class E>
struct RadixResidentState {
  // Read again behind each barrier rather than kept in registers.
  std::uint32_t rank;  // of this block
  RowOut<E> out;
  RadixShare<E> share;
  RadixSample sample;
  OrderState order;
  SplitState split;
  Mbarrier came;
  alignas(16) Message came_from[kMostRadixBlocks];
  std::uint32_t sent[kMostRadixBlocks];     // to each block
  std::uint32_t lists[kMostRadixBlocks];    // of each block's list
  std::uint32_t offsets[kMostRadixBlocks];  // where its list begins among all
  std::uint32_t others[kMostRadixBlocks];   // of each block: what cluster_sum adds up
  std::uint32_t warps[kOrderWarps];
  std::uint32_t pulled;  // candidates that this block took from the lists
  std::uint32_t passed;  // elements of the share that reach the bound; the first kCapacity are listed
  Key high;              // of what this block has listed
  std::uint32_t offset;  // of what order_exactly puts into order
  Candidate cut;         // the last winner, of order_exactly of those so far
  Candidate highest;     // that order_exactly has not yet put into order
  bool more;             // winners behind those that order_exactly puts into order now

  // One block's row, as another state has it, of which all winners are put into order at once. One thread calls; a barrier is owed.
  template <class RowState>
  __device__ void take(const RowState& row) {
    rank = 0;
    out = row.out;
    share = row.share;
    offset = 0;
    highest = ~Candidate{0};
    more = false;
  }
};

// Of a block's threads, all of which call.
template <class E>
struct RadixTeam {
  RadixResidentState<E>& state;
  const RadixResident& shape;

  __device__ std::uint32_t rank() const { return state.rank; }
  __device__ std::uint32_t blocks() const { return static_cast<std::uint32_t>(shape.blocks); }

  // A sum over the cluster; lower: of the blocks before this one. All threads bring the same value.
  __device__ std::uint32_t cluster_sum(std::uint32_t value, std::uint32_t* lower) const {
    *lower = 0;
    if (shape.blocks == 1) return value;
    if (threadIdx.x < blocks()) cluster_store(&state.others[rank()], threadIdx.x, value);
    cluster_sync();
    std::uint32_t sum = 0;
    for (std::uint32_t b = 0; b < blocks(); ++b) {
      if (b < rank()) *lower += state.others[b];
      sum += state.others[b];
    }
    cluster_sync();
    return sum;
  }
  // A sum over the block; before: of the warps before this one.
  __device__ std::uint32_t block_sum(std::uint32_t value, std::uint32_t* before) const {
    value = __reduce_add_sync(full_mask, value);
    __syncthreads();
    if (lane() == 0) state.warps[warp()] = value;
    __syncthreads();
    const std::uint32_t other = lane() < kOrderWarps ? state.warps[lane()] : 0;
    *before = __reduce_add_sync(full_mask, lane() < warp() ? other : 0);
    return __reduce_add_sync(full_mask, other);
  }
  // Every block learns how many candidates each list has; returns the sum.
  __device__ std::uint32_t publish() const {
    __syncthreads();
    if (shape.blocks == 1) {
      if (threadIdx.x == 0) state.lists[0] = state.passed;
      __syncthreads();
      return state.lists[0];
    }
    if (threadIdx.x < blocks()) cluster_store(&state.lists[rank()], threadIdx.x, state.passed);
    cluster_sync();
    std::uint32_t sum = 0;
    for (std::uint32_t b = 0; b < blocks(); ++b) {
      if (threadIdx.x == 0) state.offsets[b] = sum;
      sum += state.lists[b];
    }
    __syncthreads();
    return sum;
  }
};

// Writes a winner; for order index, keeps the last for all blocks to see, as keep() does.
template <class E>
struct Emit {
  const RadixArgs<E>& a;
  RadixResidentState<E>& state;

  __device__ void operator()(std::uint32_t place, Candidate c) const {
    if (a.args.problem.order != Order::index) {
      state.out.write(a.args, a.element, place, c);
    } else if (place == state.out.k - 1) {
      keep(c);
    }
  }
  __device__ void keep(Candidate c) const {
#pragma unroll 1
    for (int b = 0; b < a.shape.blocks; ++b) cluster_store(&state.cut, static_cast<unsigned>(b), c);
  }
};

}  // namespace topkit::cuda
