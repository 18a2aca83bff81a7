// The best k of each of many rows, a block each, best first. The row is read once, into registers.
//
//   load      all of the row's granules are asked for, and before them the sample's
//   bound     what a little more than k of the row reach, says the sample (radix_rows_bound.cuh)
//   filter    elements that reach it go to a list (radix_rows_filter.cuh)
//   rank      the list is put into order and written (radix_rows_rank.cuh)
//
// Two blocks share a multiprocessor. Where rows are many instructions decide, so each step does the least that it can: counts
// before it stores, 32-bit words for types of 16 bits, one atomic a candidate. Where the bound divides the elements of one key, these are
// found behind what is above (radix_rows_ties.cuh). Keys that lie far apart have bins of their own (radix_rows_wide.cuh); bins that hold too many even
// then are spread once more (radix_rows_spread.cuh), and of types of 16 bits put into order stably (radix_stable.cuh), as are ties with much above
// them. Where such rows are very many radix_pairs.cuh gives a block two. When the sample said too little, radix_exact.cuh does the row.
#pragma once

#include "radix_exact.cuh"
#include "radix_rows_bound.cuh"
#include "radix_rows_filter.cuh"
#include "radix_rows_rank.cuh"
#include "radix_rows_spread.cuh"
#include "radix_rows_ties.cuh"
#include "radix_rows_wide.cuh"
#include "radix_stable.cuh"

namespace topkit::cuda {

template <class E>
__global__ void __launch_bounds__(kOrderThreads, 2) radix_rows(const __grid_constant__ RadixArgs<E> a) {
  using Word = typename Words<E>::Word;
  constexpr bool kStable = sizeof(typename E::Raw) == 2;
  static_assert(kMostRowsCols <= Words<E>::kMostCols);
  const E& element = a.element;
  RadixResidentState<E>& state = shared<RadixResidentState<E>>();
  OrderState& order = state.order;
  auto* const list = dynamic_shared<Word>();

  order.clear();
  // What does not depend on what the kernel before this one writes is done before that has ended.
  const bool alike = !a.args.problem.has_lengths && !a.args.problem.has_row_k;  // all rows
  if (!alike) grid_dependency_wait();
  Vec granule{};
  RowStage<E, BlockTeam> stage;
  {
    const std::int64_t row = a.first_row + blockIdx.x;
    const Args::Span span = a.args.span(row);
    const RadixShare<E> share(Row<E>(a.args, span, row), 0, 0);
    const RadixSample sample = alike ? a.sample : RadixSample::of(share, span.count);
    if (threadIdx.x == 0) {
      state.rank = 0;
      state.out.set(a.args, span, row);
      state.share = share;
      state.sample = sample;
      state.passed = state.high = 0;
      state.split.floor = state.split.high = state.split.highest = state.split.heavy = 0;
      state.split.lowest = ~Key{0};
    }
    if (alike) grid_dependency_wait();
    if (span.count != 0 && sample.is_taken()) {
      if (threadIdx.x < sample.size()) granule = share.row.vectors()[sample.granule_of_short(share, threadIdx.x)];
      stage.load(share, 0);
    }
  }
  grid_launch_dependents();
  __syncthreads();
  const RadixShare<E>& share = state.share;
#pragma unroll 1
  for (std::int64_t place = state.out.k + threadIdx.x; place < a.args.problem.k; place += kOrderThreads)
    state.out.pad(a.args, place);
  if (state.out.k == 0) return;

  bool sure = false;
  if (state.sample.is_taken()) {
    const Words<E> words(share.row.count);
    RowBound<E> bound;
    {
      SampledKeys<E> keys;
      if (threadIdx.x < state.sample.size()) keys.set(element, granule);
      const auto bins =
          count_sample<BlockTeam>(order.counts(), state.split, keys, state.sample.size(), state.sample.reach);
      bound = search_bound<BlockTeam>(
          bins, order.counts(), state.split, order.digits.warps, keys, words, state.sample.size(),
          share.row.position(state.sample.granule_of_short(share, threadIdx.x), 0), state.sample.reach, [&](Key key) {
            return (!kStable || are_few_above(state.split.found, share, state.sample, kMostAboveTies)) &&
                   TieThresholds<E>(element, key, share).say_all;
          });
    }
    reinterpret_cast<uint4*>(order.counts())[threadIdx.x] = make_uint4(0, 0, 0, 0);
    const RowThreshold<E> threshold(element, bound);
    if (threadIdx.x == 0) {  // from here on they say this
      if constexpr (kStable) {
        state.split.floor = Words<E>::key(bound.word);
        state.split.high = bound.by_key ? ~0U : words.position(bound.word);
      } else {
        state.cut = bound.word;
      }
    }
    bool listed = true;
    if constexpr (kStable) {
      listed = threshold.says_all;
      if (listed) [[likely]]
        filter_row<BlockTeam>(element, state.passed, share, stage, list, threshold.pack);
    } else {
      Pack reached = threshold.pack;
      if (!threshold.says_all) [[unlikely]] {
        const Key key = Words<E>::key(bound.word);
        const TieThresholds<E> ties(element, key, share);
        listed = bound.by_key || !ties.say_all;
        reached = ties.above;
        if (threadIdx.x == 0) state.split.floor = key;
        __syncwarp(full_mask);
      }
      if (threshold.says_all || !listed) [[likely]] {
        filter_row<BlockTeam>(element, state.passed, share, stage, list, reached);
      } else {
        filter_again(element, state.passed, share, list, words, bound.word);
      }
      if (!listed) [[unlikely]] {  // but for ties
        __syncthreads();
        listed = order_ties(a);
        __syncthreads();
        if (listed && state.out.k == 0) return;
        bound.word = Words<E>::lowest(state.split.lowest);
        if (threadIdx.x == 0) state.cut = bound.word;
        __syncwarp(full_mask);
      }
    }
    if (listed) [[likely]] {
      __syncthreads();
      const std::uint32_t count = state.passed;
      sure = count >= state.out.k && count <= kCapacity;
      if (sure && state.split.heavy == 0 &&
          rank_rows<AllInRange<E>>(element, state, list, words, bound.word, count, state.out.k, [&] {
            return [&a, &element, words, out = state.out](std::uint32_t place, Word w) {
              out.write(a.args, element, place, candidate(Words<E>::key(w), words.position(w)));
            };
          })) [[likely]]
        return;
    }
    bool crowded = sure;
    if (kStable && crowded && threadIdx.x == 0) {
      const bool by_key = state.split.high == ~0U;
      state.cut = by_key ? Words<E>::lowest(state.split.floor) : words.word(state.split.floor, state.split.high);
    }
    if constexpr (kStable) {
      if (!listed) [[unlikely]] {
        crowded = list_few_above(a);
        if (crowded) {
          __syncthreads();
          if (state.out.k == 0) return;
          if (threadIdx.x == 0) {
            state.cut = Words<E>::lowest(state.split.lowest);
            state.split.heavy = 1;
          }
          __syncwarp(full_mask);
          __syncthreads();
        }
      }
    }
    if (crowded) [[unlikely]] {
      if (order_apart(a)) return;
      if constexpr (!kStable) sure = order_spread(a, static_cast<Word>(state.cut));
    }
    if constexpr (kStable) {
      if (!listed || crowded) [[unlikely]] {
        order_stably<BlockTeam>(a);
        __syncthreads();
        if (state.passed >= state.out.k && state.passed <= kCapacity) return;
        sure = false;
      }
    }
  }
  if (!sure) [[unlikely]]
    order_exactly(a, 0, 0);
}

}  // namespace topkit::cuda
