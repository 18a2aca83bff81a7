// The road of a row whose sample said too little: the bound is found by histograms of the elements themselves, added up over
// the cluster, until what reaches it fits the lists or only equal keys are left. Of those each warp takes its share by
// position, so that the lowest indices win. Reads the row again for each digit, and for each kExactCapacity winners.
#pragma once

#include "radix_crowd.cuh"
#include "radix_rank.cuh"
#include "radix_state.cuh"

namespace topkit::cuda {

static_assert(kMostRadixK <= kExactCapacity);  // of order index, which knows one list a row

// Reads the lists of all blocks as one.
struct ListReader {
  const Candidate* list;
  const std::uint32_t* offsets;
  std::uint32_t blocks;

  __device__ Candidate operator()(std::uint32_t i) const {
    if (blocks == 1) return list[i];
    std::uint32_t from = 0;
    for (std::uint32_t b = 1; b < blocks; ++b) from += i >= offsets[b] ? 1U : 0U;
    return cluster_load(&list[i - offsets[from]], from);
  }
};

struct ExactBound {
  Key bound;
  std::uint32_t count;  // candidates of all lists, at least k and at most kExactCapacity
};

// Winners that are put into order at once, behind state.offset others.
template <class E>
__device__ std::uint32_t next_winners(const RadixResidentState<E>& state) {
  return ::min(state.out.k - state.offset, kExactCapacity);
}

// Fills the lists with next_winners() of the row's candidates up to state.highest, at least. All blocks of the cluster come
// here together.
template <class E>
__device__ ExactBound list_exactly(const RadixTeam<E>& team, const E& element, Candidate* list) {
  RadixResidentState<E>& state = team.state;
  OrderState& order = state.order;
  const RadixShare<E>& share = state.share;
  const std::uint32_t k = next_winners(state), blocks = team.blocks();
  const auto may_win = [&state](Key key, std::uint32_t p) { return candidate(key, p) <= state.highest; };
  // The k-th key lies in low..top: `above` elements are higher, `within` in there.
  Key low = 0, top = ::min(sizeof(typename E::Raw) == 2 ? Key{0xffff} : ~Key{0}, key_of(state.highest));
  std::uint32_t above = 0, within = share.row.count - state.offset;
  while (low < top && above + within > kExactCapacity) {
    const int bits = 32 - __clz(static_cast<int>(top - low));
    const int shift = bits > kSplitBinsLog ? bits - kSplitBinsLog : 0;
    __syncthreads();
    order.clear();
    __syncthreads();
    share.read(element, low, [&](Key key, std::uint32_t p) {
      if (key <= top && may_win(key, p)) atomicAdd(&order.counts()[(key - low) >> shift], 1U);
    });
    std::uint32_t* bins = order.counts();
    if (blocks > 1) {
      bins += kSplitBins;
      cluster_sync();
#pragma unroll 1
      for (std::uint32_t i = threadIdx.x; i < kSplitBins; i += kOrderThreads) {
        std::uint32_t sum = 0;
        for (std::uint32_t b = 0; b < blocks; ++b) sum += cluster_load(&order.counts()[i], b);
        bins[i] = sum;
      }
      cluster_sync();
    } else {
      __syncthreads();
    }
    const FoundBin found = find_rank<kSplitOwn>(bins, order.digits, k - above);
    above += found.above;
    within = found.within;
    const Key bottom = low + (found.bin << shift);
    const Key last = bottom + ((Key{1} << shift) - 1);
    top = last < top && last >= bottom ? last : top;
    low = bottom;
  }
  const Key bound = low;
  __syncthreads();
  order.clear();
  if (threadIdx.x == 0) state.passed = 0;
  __syncthreads();
  // What is left is `bound` alone when it does not fit: its first k - above by position win.
  const bool fits = above + within <= kExactCapacity;
  if (fits || bound != ~Key{0})
    share.read(element, fits ? bound : bound + 1, [&](Key key, std::uint32_t p) {
      if (may_win(key, p)) list[atomicAdd(&state.passed, 1U)] = candidate(key, p);
    });
  if (!fits) {
    const std::uint32_t quota = k - above;
    std::uint32_t equal = 0, before, lower;
    share.read(element, bound, [&](Key key, std::uint32_t p) { equal += key == bound && may_win(key, p) ? 1U : 0U; });
    team.cluster_sum(team.block_sum(equal, &before), &lower);
    before += lower;
#pragma unroll 1
    for (std::uint32_t from = share.warp_begin(); from < share.warp_end() && before < quota; from += kWarp) {
      const std::uint32_t g = from + lane();
      std::uint32_t own = 0;
      if (g < share.warp_end())
        share.read(element, g, bound,
                   [&](Key key, std::uint32_t p) { own += key == bound && may_win(key, p) ? 1U : 0U; });
      const std::uint32_t through = sum_through(own);
      std::uint32_t place = before + through - own;
      if (g < share.warp_end())
        share.read(element, g, bound, [&](Key key, std::uint32_t p) {
          if (key == bound && may_win(key, p) && place++ < quota)
            list[atomicAdd(&state.passed, 1U)] = candidate(key, p);
        });
      before += __shfl_sync(full_mask, through, kWarp - 1);
    }
  }
  return {bound, team.publish()};
}

// Where candidates are put into order: behind the list, in the place of the sample and the stages if there are any, once the row has
// been read.
__device__ inline Candidate* sorted_of() { return reinterpret_cast<Candidate*>(dynamic_shared<char>() + kSampleAt); }

// Lists next_winners(), puts them into order and writes them.
template <class E>
[[gnu::noinline]] __device__ void order_next(const RadixArgs<E>& a) {
  RadixResidentState<E>& state = shared<RadixResidentState<E>>();
  const RadixTeam<E> team{state, a.shape};
  auto* const list = dynamic_shared<Candidate>();
  const std::uint32_t k = next_winners(state);
  const ExactBound exact = list_exactly(team, a.element, list);
  const std::uint32_t ranks = (k + team.blocks() - 1) >> team.shape.blocks_log;
  const std::uint32_t from = ::min(team.rank() * ranks, k), to = ::min(from + ranks, k);
  const int position_bits = 32 - __clz(static_cast<int>(state.share.row.count - 1));
  order_items<kExactHeld>(
      state.order, sorted_of(), exact.count, k, from, to, candidate(exact.bound, ~0U), ~Candidate{0}, position_bits,
      a.args.problem.order, nullptr, ListReader{list, state.offsets, team.blocks()},
      [&] {
        if (team.blocks() > 1) cluster_arrive();
      },
      // Behind this all blocks have read this one's list.
      [&] {
        if (team.blocks() > 1) cluster_wait();
      },
      [&] {
        return [&](std::uint32_t rank, Candidate c) {
          const Emit<E> emit{a, state};
          emit(state.offset + rank, c);
          if (rank == kExactCapacity - 1 && state.more) emit.keep(c);
        };
      });
}

// Puts a crowd of `count` candidates into order that lie in sorted_of() and are this block's alone, of which the best has rank
// state.offset. Writes the winners, of order index keeps the last.
template <class E>
[[gnu::noinline]] __device__ void order_crowd(const RadixArgs<E>& a, std::uint32_t count) {
  RadixResidentState<E>& state = shared<RadixResidentState<E>>();
  sort_crowd(state.order, sorted_of(), count);
  const Candidate* const sorted = sorted_of();
  const Emit<E> emit{a, state};
  const std::uint32_t offset = state.offset, wins = ::min(state.out.k - offset, count);
#pragma unroll 1
  for (std::uint32_t i = threadIdx.x; i < wins; i += kOrderThreads) emit(offset + i, sorted[i]);
}

// Orders a row that has no place on the short road: lists it first, unless `count` is not zero; then a crowd of so many candidates
// lies in sorted_of(), is this block's alone, and the best of them has rank `offset`. Writes them, of order index keeps the last.
template <class E>
[[gnu::noinline]] __device__ void order_exactly(const RadixArgs<E>& a, std::uint32_t count, std::uint32_t offset) {
  RadixResidentState<E>& state = shared<RadixResidentState<E>>();
  if (threadIdx.x == 0) {
    state.offset = count == 0 ? 0 : offset;
    state.more = false;
  }
  if (count != 0) {
    __syncthreads();
    return order_crowd(a, count);
  }
  while (true) {
    if (threadIdx.x == 0) {
      if (state.more) state.offset += kExactCapacity;
      state.highest = state.more ? state.cut - 1 : ~Candidate{0};
      state.more = state.offset + kExactCapacity < state.out.k;
    }
    __syncwarp(full_mask);  // or the compiler has that thread reach the barrier by a branch of its own
    __syncthreads();
    order_next(a);
    if (!state.more) break;
    if (a.shape.blocks > 1) {  // the last of these is known
      cluster_sync();
    } else {
      __syncthreads();
    }
  }
}

}  // namespace topkit::cuda
