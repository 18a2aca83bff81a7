// The best k of a row by one block or a cluster of up to 16, each with lines of the row dealt to it (radix_share.cuh): read once.
//
//   sample    every block the same one or two thousand elements, asked for ahead of the block's own share of the row
//   split     the sample says what about 1.2 .. 1.7 k elements reach, and which block orders which of them (radix_split.cuh),
//             by cuts at ranks of the sample itself where bins would leave most to one block
//   filter    elements that reach it go to the block's list, while the share arrives (radix_filter.cuh)
//   send      what was listed goes to the blocks that order it                                         (hop)
//   rank      each block puts what it got into order and writes it (radix_rank.cuh)
//
// The hop is store_async into the other blocks and an mbarrier there, so there is no barrier of the cluster on this road; one
// block ranks its own list.
//
// No data makes it wrong: every block sees all counts. What had no room where it was sent is taken from the lists; when fewer than k
// reach the bound, or more than a list holds, all take the road of radix_exact.cuh; a block whose bins hold too many that of
// radix_crowd.cuh.
#pragma once

#include "by_element.hpp"
#include "radix_exact.cuh"
#include "radix_filter.cuh"
#include "radix_index.cuh"
#include "radix_rank.cuh"
#include "radix_state.cuh"

namespace topkit::cuda {

// Cuts at even ranks of the sampled elements that reach the bound. Keys far apart, or many elements of one key beside others, leave
// bins that are even parts of a range nothing to tell apart. The list is not in use yet. All threads; ends with a barrier.
template <class E>
[[gnu::noinline]] __device__ void cut_sample(const RadixArgs<E>& a, Candidate bound) {
  constexpr std::uint32_t kMostPicked = 96;  // about so many, of some of the threads, the same in all blocks
  constexpr int kPerVec = RadixShare<E>::kPerVec;
  RadixResidentState<E>& state = shared<RadixResidentState<E>>();
  SplitState& s = state.split;
  const RadixShare<E>& share = state.share;
  const std::uint32_t blocks = static_cast<std::uint32_t>(a.shape.blocks), reach = state.sample.reach;
  auto* const picked = dynamic_shared<Candidate>();
  Candidate* const scratch = picked + kOrderThreads + kRankPad;
  picked[threadIdx.x] = 0;
  if (threadIdx.x < kRankPad) picked[kOrderThreads + threadIdx.x] = 0;
  __syncthreads();
  const std::uint32_t every = reach <= kMostPicked ? 1 : reach <= 2 * kMostPicked ? 2 : 4;
  if (threadIdx.x < state.sample.size() && (threadIdx.x & (every - 1)) == 0) {
    const RangeBins range{0, 0, __clz(static_cast<int>(share.row.count - 1))};
    Pack packs[E::kPacksPerVec];
    a.element.unpack(reinterpret_cast<const Vec*>(dynamic_shared<char>() + kSampleAt)[threadIdx.x], packs);
    const std::uint32_t position = share.row.position(state.sample.granule(share), 0);
    const auto at = [&](int e) {
      return range.dense(candidate(a.element.key(packs[e / E::kPerPack], e % E::kPerPack), position + e));
    };
    std::uint32_t own = 0;
#pragma unroll
    for (int e = 0; e < kPerVec; ++e) own += at(e) >= bound ? 1U : 0U;
    std::uint32_t slot = own != 0 ? atomicAdd(&s.picked, own) : 0;
#pragma unroll
    for (int e = 0; e < kPerVec && own != 0; ++e)
      if (at(e) >= bound) picked[slot++] = at(e);
  }
  __syncthreads();
  const std::uint32_t many = s.picked;
  static_assert(2 * (kOrderThreads + kRankPad) * sizeof(Candidate) <= kSampleAt);
  const Placed placed = many <= kComparedWithEach
                            ? place_by_comparing<kOrderThreads>(picked, static_cast<int>(many))
                            : place_among_runs<kOrderThreads>(picked, scratch, static_cast<int>(many));
  __syncthreads();
  if (placed.place >= 0) picked[placed.place] = placed.candidate;
  __syncthreads();
  if (threadIdx.x + 1 < blocks) s.cuts[threadIdx.x] = picked[many * (threadIdx.x + 1) >> a.shape.blocks_log];
  __syncthreads();
}

// Sends what this block has listed to the blocks that order it, and with it their messages. Entries become candidates.
// Behind a barrier. kCuts: cuts part the blocks, not bins.
template <bool kCuts, class E>
__device__ __forceinline__ void send_listed(const RadixTeam<E>& team, const E& element, const Split& split,
                                            Candidate* list, Candidate* received) {
  RadixResidentState<E>& state = team.state;
  const std::uint32_t* const before = state.order.counts() + kSplitBins;
  const std::uint32_t blocks = team.blocks(), rank = team.rank();
  const Received place(rank, team.shape.blocks_log);
  const std::uint32_t many = state.passed > kCapacity ? 0 : state.passed;  // a list that is too full has holes
  constexpr std::uint32_t kFewBlocks = 4;
#pragma unroll 1
  for (std::uint32_t from = warp() * kWarp; from < many; from += kOrderThreads) {
    const std::uint32_t i = from + lane();
    const bool has = i < many;
    const Candidate c = has ? candidate_of(element, list[i]) : split.bound;
    if (has) list[i] = c;
    const Candidate d = has ? split.bins.dense(c) : c;
    const std::uint32_t owner =
        kCuts ? owner_by_cuts(state.split, d, blocks) : split.owner(before[split.bins.bin(d)], blocks);
    std::uint32_t slot = 0;
    if (blocks > kFewBlocks) {
      if (has) slot = atomicAdd(&state.sent[owner], 1U);
    } else {  // crowds for one block take their places together
      std::uint32_t own = 0, ahead = 0;
#pragma unroll
      for (std::uint32_t to = 0; to < kFewBlocks; ++to) {
        const unsigned same = __ballot_sync(full_mask, has && owner == to);
        if (lane() == to) own = static_cast<std::uint32_t>(__popc(same));
        if (owner == to) ahead = static_cast<std::uint32_t>(__popc(same & ((1U << lane()) - 1)));
      }
      if (lane() < kFewBlocks) slot = atomicAdd(&state.sent[lane()], own);
      slot = __shfl_sync(full_mask, slot, static_cast<int>(owner)) + ahead;
    }
    if (has && slot < place.room) store_async(&received[place.at(slot)], owner, c, &state.came);
  }
  __syncthreads();
  if (warp() != 0) return;
  const std::uint32_t count = lane() < blocks ? state.sent[lane()] : 0;
  const std::uint32_t through = sum_through(count);
  const std::uint32_t total = __shfl_sync(full_mask, through, kWarp - 1) + (state.passed > kCapacity ? kTooMany : 0);
  const std::uint32_t most = __reduce_max_sync(full_mask, count);
  if (lane() >= blocks) return;
  auto* const message = reinterpret_cast<std::uint64_t*>(&state.came_from[rank]);
  store_async(message, lane(), count | static_cast<std::uint64_t>((through - count) | most << 16) << 32, &state.came);
  store_async(message + 1, lane(), total | static_cast<std::uint64_t>(state.high) << 32, &state.came);
  mbarrier_expect(&state.came, lane(), ::min(count, place.room) * sizeof(Candidate) + sizeof(Message));
}

// By cuts, of a split with this bound.
template <class E>
[[gnu::noinline]] __device__ void send_by_cuts(const RadixArgs<E>& a, Candidate bound) {
  RadixResidentState<E>& state = shared<RadixResidentState<E>>();
  const Split split{{0, 0, __clz(static_cast<int>(state.share.row.count - 1))}, bound, 0, 0, true};
  auto* const received = reinterpret_cast<Candidate*>(dynamic_shared<char>() + radix_received_at(a.shape.depth));
  send_listed<true>(RadixTeam<E>{state, a.shape}, a.element, split, dynamic_shared<Candidate>(), received);
}

// Of all that was sent.
struct Arrivals {
  std::uint32_t total;   // candidates of the row
  std::uint32_t offset;  // those of the blocks before this one, which are better
  std::uint32_t own;     // this block's
  std::uint32_t count;   // those that came from the block `source`
  Key high;              // the best key of all
  bool over;             // some block had no room for what came to it; all blocks see this
};

// By each warp for itself, behind the hop.
__device__ inline Arrivals count_arrivals(const Message* came_from, std::uint32_t blocks, std::uint32_t source) {
  Message m{};
  if (lane() < blocks) m = came_from[lane()];
  const std::uint32_t of_two = m.most + __shfl_xor_sync(full_mask, static_cast<std::uint32_t>(m.most), blocks / 2);
  return {__reduce_add_sync(full_mask, m.total), __reduce_add_sync(full_mask, static_cast<std::uint32_t>(m.below)),
          __reduce_add_sync(full_mask, m.count), __shfl_sync(full_mask, m.count, static_cast<int>(source)),
          __reduce_max_sync(full_mask, m.high),  __any_sync(full_mask, of_two * blocks > 2 * kCapacity) != 0};
}

// Takes the `own` candidates that this block orders, those that are dense in low..top, from the lists of all blocks, where there
// was no room to send them all. False if a block has no room for what it orders. All blocks of the cluster come here together.
template <class E>
[[gnu::noinline]] __device__ bool pull_listed(const RadixArgs<E>& a, Candidate low, Candidate top, std::uint32_t own) {
  RadixResidentState<E>& state = shared<RadixResidentState<E>>();
  const RadixTeam<E> team{state, a.shape};
  auto* const received = reinterpret_cast<Candidate*>(dynamic_shared<char>() + radix_received_at(a.shape.depth));
  if (threadIdx.x == 0) state.pulled = 0;
  const std::uint32_t listed = team.publish();
  std::uint32_t lower;
  if (team.cluster_sum(own > kCapacity ? 1 : 0, &lower) != 0) return false;
  const ListReader reader{dynamic_shared<Candidate>(), state.offsets, team.blocks()};
  const RangeBins range{low, 0, __clz(static_cast<int>(state.share.row.count - 1))};
  constexpr std::uint32_t kTogether = 4;
#pragma unroll 1
  for (std::uint32_t from = threadIdx.x; from < listed && own != 0; from += kTogether * kOrderThreads) {
    Candidate c[kTogether];
#pragma unroll
    for (std::uint32_t h = 0; h < kTogether; ++h)
      c[h] = from + h * kOrderThreads < listed ? reader(from + h * kOrderThreads) : 0;
#pragma unroll
    for (std::uint32_t h = 0; h < kTogether; ++h) {
      const Candidate d = range.dense(c[h]);
      if (c[h] != 0 && d >= low && d <= top) received[atomicAdd(&state.pulled, 1U)] = c[h];
    }
  }
  cluster_sync();  // nobody leaves whose list others read
  return true;
}

// kAny: for order any. A kernel of its own: the others would pay for it with their registers.
template <class E, bool kAny>
__global__ void __launch_bounds__(kOrderThreads, 2) radix_resident(const __grid_constant__ RadixArgs<E> a) {
  const E& element = a.element;
  const int blocks_log = a.shape.blocks_log;
  RadixResidentState<E>& state = shared<RadixResidentState<E>>();
  const RadixTeam<E> team{state, a.shape};
  OrderState& order = state.order;
  auto* const list = dynamic_shared<Candidate>();
  const std::uint32_t own_rank = blocks_log == 0 ? 0 : cluster_rank();

  if (threadIdx.x == 0 && blocks_log != 0) {
    mbarrier_init(&state.came, team.blocks());
    mbarrier_publish();
  }
  __syncwarp(full_mask);
  if (blocks_log != 0) cluster_arrive_relaxed();
  order.clear();
  if (threadIdx.x < kMostRadixBlocks) state.sent[threadIdx.x] = 0;
  RadixRing<E> ring(a.shape);
  // What does not depend on what the kernel before this one writes is done before that has ended.
  const bool alike = !a.args.problem.has_lengths && !a.args.problem.has_row_k;  // all rows
  if (!alike) grid_dependency_wait();
  if (threadIdx.x == 0) {
    const std::int64_t row = a.first_row + (blockIdx.x >> blocks_log);
    const Args::Span span = a.args.span(row);
    const RadixShare<E> share(Row<E>(a.args, span, row), own_rank, blocks_log, a.shape.dealt_log != 0);
    state.rank = own_rank;
    state.out.set(a.args, span, row);
    state.share = share;
    state.sample = alike ? a.sample : RadixSample::of(share, span.count);
    state.passed = state.high = 0;
    state.split.floor = state.split.high = state.split.heavy = state.split.picked = state.split.highest = 0;
    state.split.lowest = ~Key{0};
  }
  __syncthreads();
  if (alike) grid_dependency_wait();
  const RowOut<E>& out = state.out;
  const RadixShare<E>& share = state.share;
  const std::uint32_t k = out.k, n = share.row.count;
  const bool samples = k != 0 && state.sample.is_taken();
  if (samples) ring.begin(share, state.sample, own_rank);
  grid_launch_dependents();
  if (blocks_log != 0) cluster_wait();  // the other blocks are there
#pragma unroll 1
  for (std::int64_t place = k + own_rank * kOrderThreads + threadIdx.x; place < a.args.problem.k;
       place += static_cast<std::int64_t>(kOrderThreads) << blocks_log)
    out.pad(a.args, place);
  if (k == 0) return;

  const Order kind = a.args.problem.order;
  const Emit<E> emit{a, state};
  bool sure = false;
  Ranked ranked{};
  std::uint32_t offset = 0;
  if (samples) {
    std::uint32_t* const before = order.counts() + kSplitBins;
    const Vec granule = ring.sampled();
    const Split split = split_sample<E>(before, state.split, order.digits, element, granule, state.sample.size(),
                                        share.row.position(state.sample.granule(share), 0),
                                        __clz(static_cast<int>(n - 1)), state.sample.reach, a.share, blocks_log);
    if (split.uneven) [[unlikely]]
      cut_sample(a, split.bound);
    const Key high = filter_share(element, state, ring, split, list);
    if (lane() == 0) atomicMax(&state.high, high);
    __syncthreads();
    RangeBins range = split.bins;
    Lying lying{};
    std::uint32_t count = 0;  // of the candidates that this block orders
    if (blocks_log == 0) {
      count = state.passed;
      sure = count >= k && count <= kCapacity;
      range.set(split.bound, static_cast<Candidate>(state.high) << 32 | 0xffffffffU);
      lying = {list, threadIdx.x, kOrderThreads, count};
      if (sure)
        lying.each([&](Candidate entry, std::uint32_t i) {
          const Candidate c = candidate_of(element, entry);
          list[i] = c;
          atomicAdd(&order.counts()[range.bin_within(range.dense(c))], 1U);
        });
    } else {
      auto* const received = reinterpret_cast<Candidate*>(dynamic_shared<char>() + radix_received_at(a.shape.depth));
      if (state.split.by_cuts()) [[unlikely]] {
        send_by_cuts(a, split.bound);
      } else {
        send_listed<false>(team, element, split, list, received);
      }
      // While it travels: where this block's part of the range lies.
      const auto owner = [&](std::uint32_t above) {
        return above < split.reach ? split.owner(above, team.blocks()) : kMostRadixBlocks;
      };
      const auto bottom_of = [&](std::uint32_t bin) {
        return split.bins.base + (static_cast<Candidate>(bin) << split.bins.shift);
      };
      Candidate bottom = split.bound, above = 0;  // above: the lowest of the block before this one
      if (state.split.by_cuts()) [[unlikely]] {
        if (own_rank + 1 < team.blocks()) bottom = state.split.cuts[own_rank];
        if (own_rank != 0) above = state.split.cuts[own_rank - 1];
      } else {
        const std::uint32_t from = lowest_bin(before, [&](std::uint32_t b) { return owner(b) <= own_rank; });
        const std::uint32_t to = lowest_bin(before, [&](std::uint32_t b) { return owner(b) < own_rank; });
        bottom = bottom_of(from);
        above = bottom_of(::max(to, from + 1));
      }
      const std::uint32_t source = warp() & (team.blocks() - 1);
      mbarrier_wait(&state.came, 0);
      const Arrivals arrivals = count_arrivals(state.came_from, team.blocks(), source);
      const Candidate top =
          own_rank == 0 ? static_cast<Candidate>(arrivals.high) << 32 | 0xffffffffU : ::max(above, bottom + 1) - 1;
      range.set(bottom, top);
      sure = arrivals.total < kTooMany && arrivals.total >= k;
      offset = arrivals.offset;
      count = arrivals.own;
      lying = {received + Received(source, blocks_log).low(arrivals.count), (warp() >> blocks_log) * kWarp + lane(),
               static_cast<std::uint32_t>(kOrderThreads) >> blocks_log, arrivals.count};
      if (sure && arrivals.over) [[unlikely]] {
        sure = pull_listed(a, range.base, top, count);
        lying = {received, threadIdx.x, kOrderThreads, count};
      }
      if (sure && offset < k)
        lying.each(
            [&](Candidate c, std::uint32_t) { atomicAdd(&order.counts()[range.bin_within(range.dense(c))], 1U); });
    }
    if (sure && offset < k) {
      __syncthreads();
      ranked = rank_candidates<kAny>(order, lying, range, sorted_of(), count, offset, k, kind, emit);
    }
  }
  if (!sure || ranked.crowded) [[unlikely]]
    order_exactly(a, ranked.last, offset);
  if (kind == Order::index) write_by_index(a, team);
}

}  // namespace topkit::cuda
