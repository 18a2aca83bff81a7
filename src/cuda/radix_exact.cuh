// The road of a row whose sample said too little: the bound is found by histograms of the elements themselves, added up over
// the cluster, until what reaches it fits the lists. Digits are of key and position together: ties are told apart like any
// other candidates. Reads the row again for each digit, and for each kExactCapacity winners.
#pragma once

#include "radix_crowd.cuh"
#include "radix_crowd_wide.cuh"
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
  Candidate bound;
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
  const RangeBins range{0, 0, ::min(__clz(static_cast<int>(share.row.count - 1)), 31)};  // for dense()
  // The k-th candidate lies in low..top, dense: `above` are higher, `within` in there. Candidates are unique, so ties end as any.
  Candidate low = 0, top = range.dense(state.highest);
  if (sizeof(typename E::Raw) == 2) top = ::min(top, Candidate{0xffff} << 32 | 0xffffffffU);
  std::uint32_t above = 0, within = share.row.count - state.offset;
  while (above + within > kExactCapacity) {
    const int bits = 64 - __clzll(static_cast<long long>(top - low));
    const int shift = ::max(bits - kSplitBinsLog, 0);
    __syncthreads();
    order.clear();
    __syncthreads();
    share.read(element, key_of(low), [&](Key key, std::uint32_t p) {
      const Candidate d = range.dense(candidate(key, p));
      if (d >= low && d <= top) atomicAdd(&order.counts()[(d - low) >> shift], 1U);
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
    low += static_cast<Candidate>(found.bin) << shift;
    top = ::min(top, low + ((Candidate{1} << shift) - 1));
  }
  __syncthreads();
  order.clear();
  if (threadIdx.x == 0) state.passed = 0;
  __syncthreads();
  share.read(element, key_of(low), [&](Key key, std::uint32_t p) {
    const Candidate c = candidate(key, p);
    if (range.dense(c) >= low && c <= state.highest) list[atomicAdd(&state.passed, 1U)] = c;
  });
  return {range.undense(low), team.publish()};
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
      state.order, sorted_of(), exact.count, k, from, to, exact.bound, ~Candidate{0}, position_bits,
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
  const Emit<E> emit{a, state};
  const std::uint32_t offset = state.offset, wins = ::min(state.out.k - offset, count);
  Candidate* const sorted = sorted_of();
  if constexpr (E::kOctave != 0) {
    const auto place = [&](std::uint32_t rank, Candidate c) { emit(offset + rank, c); };
    // For order index the list is asked for once more.
    if (a.args.problem.order != Order::index &&
        rank_wide(state, sorted, dynamic_shared<Candidate>(), count, wins, place))
      return;
    __syncthreads();
  }
  sort_crowd(state.order, sorted, count);
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
