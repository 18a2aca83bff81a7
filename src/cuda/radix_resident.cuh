// The best k of a row by one block or a cluster of up to 16, each with a share of the row: read once.
//
//   sample    every block the same one or two thousand elements, asked for ahead of the block's own share of the row
//   split     the sample says what about 1.2 .. 1.7 k elements reach, and which block orders which of them (radix_split.cuh)
//   filter    elements that reach it go to the list of their warp, while the share arrives
//   send      each warp sends what it has listed to the blocks that order it                           (hop)
//   rank      each block puts what it got into order and writes it (radix_rank.cuh)
//
// The hop is store_async into the other blocks and an mbarrier there, so there is no barrier of the cluster on this road; one
// block ranks its own lists.
//
// No data makes it wrong: every block sees all counts, and when fewer than k reach the bound, or more than a list holds, all
// take the road of radix_exact.cuh.
#pragma once

#include "by_element.hpp"
#include "radix_exact.cuh"
#include "radix_rank.cuh"
#include "radix_state.cuh"

namespace topkit::cuda {

// How many of a warp's elements reach the bound, and the best key of those that its segment has room for.
struct Listed {
  std::uint32_t count;
  Key high;
};

// Lists in the warp's segment what reaches the bound of the block's share.
template <class E>
__device__ Listed filter_share(const E& element, const RadixShare<E>& share, RadixRing<E>& ring, const Split& split,
                               Candidate* segment) {
  constexpr int kPerVec = RadixShare<E>::kPerVec;
  using Raw = typename E::Raw;
  const Pack threshold = element.threshold(key_of(split.bound));
  const auto passes_too = [&](Candidate c) { return split.bins.dense(c) >= split.bound; };
  std::uint32_t listed = 0;
  Key high = 0;
  const std::uint32_t edge = share.edge();
  if (__any_sync(full_mask, edge != ~0U)) {
    Candidate c = 0;
    if (edge != ~0U) c = candidate(element.key(element.pack(share.row.x[edge]), 0), edge);
    const unsigned active = __ballot_sync(full_mask, edge != ~0U && passes_too(c));
    if ((active >> lane() & 1U) != 0) {
      segment[__popc(active & ((1U << lane()) - 1))] = c;
      high = key_of(c);
    }
    listed = static_cast<std::uint32_t>(__popc(active));
  }
  const std::uint32_t whole_begin = share.whole_begin, whole_end = ::min(share.end, share.whole_end), end = share.end;
  // Not all positions of the bound's key pass; or the bound is a NaN's, whose threshold +inf passes too.
  const bool by_candidate = split.bins.shift < 32 || element.key(threshold, 0) < key_of(split.bound);
#pragma unroll 1
  for (std::uint32_t from = share.begin; from < end; from += RadixRing<E>::kStage) {
    ring.take();
    std::uint32_t passes = 0;  // bit j * kPerVec + e: element e of granule j
#pragma unroll
    for (int j = 0; j < kStageVecs; ++j) {
      const std::uint32_t g = from + j * kOrderThreads + threadIdx.x;
      Pack packs[E::kPacksPerVec];
      element.unpack(*ring.granule(j), packs);  // garbage where there is none
      std::uint32_t own = 0;
#pragma unroll
      for (int i = 0; i < E::kPacksPerVec; ++i) own |= E::passes(packs[i], threshold) << (i * E::kPerPack);
      if (g >= whole_begin && g < whole_end) passes |= own << (j * kPerVec);
    }
    const auto candidate_at = [&](std::uint32_t bit) {
      const std::uint32_t j = bit / kPerVec, e = bit % kPerVec;
      const Raw raw = reinterpret_cast<const Raw*>(ring.granule(static_cast<int>(j)))[e];
      return candidate(element.key(element.pack(raw), 0),
                       share.row.position(from + j * kOrderThreads + threadIdx.x, static_cast<int>(e)));
    };
    if (by_candidate) [[unlikely]] {
      for (std::uint32_t left = passes; left != 0; left &= left - 1) {
        const int bit = __ffs(static_cast<int>(left)) - 1;
        if (!passes_too(candidate_at(static_cast<std::uint32_t>(bit)))) passes &= ~(1U << bit);
      }
      __syncwarp(full_mask);
    }
    const auto own = static_cast<std::uint32_t>(__popc(passes));
    const std::uint32_t through = sum_through(own);
    std::uint32_t slot = listed + through - own;
    listed += __shfl_sync(full_mask, through, kWarp - 1);
#pragma unroll 1
    for (; passes != 0 && slot < kSegment; passes &= passes - 1) {
      const Candidate c = candidate_at(static_cast<std::uint32_t>(__ffs(static_cast<int>(passes))) - 1);
      high = ::max(high, key_of(c));
      segment[slot++] = c;
    }
    ring.release(share);
  }
  __syncwarp(full_mask);
  return {listed, __reduce_max_sync(full_mask, high)};
}

// Sends what this warp has listed to the blocks that order it, and with it their messages.
template <class E>
__device__ void send_listed(const RadixTeam<E>& team, const Split& split, const Candidate* segment,
                            const Listed& listed, Candidate* received) {
  RadixResidentState<E>& state = team.state;
  const std::uint32_t* const before = state.order.counts() + kSplitBins;
  const std::uint32_t room = kCapacity >> team.shape.blocks_log, blocks = team.blocks(), rank = team.rank();
  const std::uint32_t many = ::min(listed.count, kSegment);
  constexpr std::uint32_t kFewBlocks = 4;
#pragma unroll 1
  for (std::uint32_t from = 0; from < many; from += kWarp) {
    const bool has = from + lane() < many;
    const Candidate c = has ? segment[from + lane()] : split.bound;
    const std::uint32_t owner = split.owner(before[split.bins.bin(has ? split.bins.dense(c) : c)]);
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
    if (has && slot < room) store_async(&received[rank * room + slot], owner, c, &state.came);
  }
  if (lane() == 0) {
    if (listed.count > kSegment) atomicMax(&state.passed, kTooMany);
    atomicMax(&state.high, listed.high);
  }
  __syncthreads();
  if (warp() != 0) return;
  const std::uint32_t count = lane() < blocks ? state.sent[lane()] : 0;
  const std::uint32_t through = sum_through(count);
  const bool over = __any_sync(full_mask, count > room) != 0;
  const std::uint32_t total = __shfl_sync(full_mask, through, kWarp - 1) + (over ? kTooMany : state.passed);
  if (lane() >= blocks) return;
  auto* const message = reinterpret_cast<std::uint64_t*>(&state.came_from[rank]);
  store_async(message, lane(), count | static_cast<std::uint64_t>(through - count) << 32, &state.came);
  store_async(message + 1, lane(), total | static_cast<std::uint64_t>(state.high) << 32, &state.came);
  mbarrier_expect(&state.came, lane(), ::min(count, room) * sizeof(Candidate) + sizeof(Message));
}

// Of all that was sent.
struct Arrivals {
  std::uint32_t total;   // candidates of the row
  std::uint32_t offset;  // those of the blocks before this one, which are better
  std::uint32_t own;     // this block's
  std::uint32_t count;   // those that came from the block `source`
  Key high;              // the best key of all
};

// By each warp for itself, behind the hop.
__device__ inline Arrivals count_arrivals(const Message* came_from, std::uint32_t blocks, std::uint32_t source) {
  Message m{};
  if (lane() < blocks) m = came_from[lane()];
  return {__reduce_add_sync(full_mask, m.total), __reduce_add_sync(full_mask, m.below),
          __reduce_add_sync(full_mask, m.count), __shfl_sync(full_mask, m.count, static_cast<int>(source)),
          __reduce_max_sync(full_mask, m.high)};
}

template <class E>
__global__ void __launch_bounds__(kOrderThreads, is_fast_element<E> ? 2 : 1)
    radix_resident(const __grid_constant__ RadixArgs<E> a) {
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
  // What does not depend on what the kernel before this one writes is done before that has ended.
  const bool alike = !a.args.problem.has_lengths && !a.args.problem.has_row_k;  // all rows
  if (!alike) grid_dependency_wait();
  if (threadIdx.x == 0) {
    const std::int64_t row = a.first_row + (blockIdx.x >> blocks_log);
    const Args::Span span = a.args.span(row);
    const RadixShare<E> share(Row<E>(a.args, span, row), own_rank, blocks_log);
    state.rank = own_rank;
    state.out.set(a.args, span, row);
    state.share = share;
    state.sample = alike ? a.sample : RadixSample::of(share, span.count);
    state.passed = state.high = 0;
    state.split.floor = state.split.high = 0;
  }
  __syncthreads();
  if (alike) grid_dependency_wait();
  const RowOut<E>& out = state.out;
  const RadixShare<E>& share = state.share;
  const std::uint32_t k = out.k, n = share.row.count;
  const bool samples = k != 0 && state.sample.is_taken();
  RadixRing<E> ring(a.shape);
  if (samples) ring.begin(share, state.sample);
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
                                        __clz(static_cast<int>(n - 1)), state.sample.reach, blocks_log);
    Candidate* const segment = list + warp() * kSegment;
    const Listed listed = filter_share(element, share, ring, split, segment);
    if (lane() == 0) state.segments[warp()] = listed.count;
    RangeBins range = split.bins;
    const auto rank_all = [&](const auto& candidates, std::uint32_t count) {
      candidates.each([&](Candidate c) { atomicAdd(&order.counts()[range.bin(range.dense(c))], 1U); });
      __syncthreads();
      ranked = rank_candidates(order, candidates, range, sorted_of(a, true), count, offset, k, kind, emit);
    };
    if (blocks_log == 0) {
      if (lane() == 0) atomicMax(&state.high, listed.high);
      __syncthreads();
      range.set(split.bound, static_cast<Candidate>(state.high) << 32 | 0xffffffffU);
      const std::uint32_t of_warp = lane() < kOrderWarps ? state.segments[lane()] : 0;
      const std::uint32_t total = __reduce_add_sync(full_mask, of_warp);
      sure = __all_sync(full_mask, of_warp <= kSegment) != 0 && total >= k;
      if (sure) {
        Held held;
        held.take(segment, lane(), kWarp, listed.count);
        rank_all(held, total);
      }
    } else {
      Candidate* const received = list + kCapacity;
      send_listed(team, split, segment, listed, received);
      // While it travels: where this block's part of the range lies.
      const auto owner = [&](std::uint32_t above) {
        return above < split.reach ? split.owner(above) : kMostRadixBlocks;
      };
      const auto bottom_of = [&](std::uint32_t bin) {
        return split.bins.base + (static_cast<Candidate>(bin) << split.bins.shift);
      };
      const std::uint32_t from = lowest_bin(before, [&](std::uint32_t b) { return owner(b) <= own_rank; });
      const std::uint32_t to = lowest_bin(before, [&](std::uint32_t b) { return owner(b) < own_rank; });
      const std::uint32_t source = warp() & (team.blocks() - 1), room = kCapacity >> blocks_log;
      mbarrier_wait(&state.came, 0);
      const Arrivals arrivals = count_arrivals(state.came_from, team.blocks(), source);
      range.set(bottom_of(from), own_rank == 0 ? static_cast<Candidate>(arrivals.high) << 32 | 0xffffffffU
                                               : bottom_of(::max(to, from + 1)) - 1);
      sure = arrivals.total < kTooMany && arrivals.total >= k;
      offset = arrivals.offset;
      if (sure && offset < k) {
        const Lying lying{received + source * room, (warp() >> blocks_log) * kWarp + lane(),
                          static_cast<std::uint32_t>(kOrderThreads) >> blocks_log, arrivals.count};
        if (kind != Order::index) {
          rank_all(lying, arrivals.own);
        } else {  // in the place that they came from: the list is still wanted
          Held held;
          held.take(lying.from, lying.at, lying.step, lying.count);
          rank_all(held, arrivals.own);
        }
      }
    }
  }
  if (!sure || ranked.crowded) [[unlikely]] {
    order_exactly(a, ranked.last, offset);
    return;
  }
  if (kind == Order::index) write_by_index(a, team);
}

}  // namespace topkit::cuda
