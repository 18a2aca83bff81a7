// The best k of each of many rows, a block each, best first. The row is read once, into registers.
//
//   load      all of the row's granules are asked for, and before them the sample's
//   bound     what a little more than k of the row reach, says the sample (radix_rows_bound.cuh)
//   filter    elements that reach it go to a list (radix_rows_filter.cuh)
//   rank      the list is put into order and written (radix_rows_rank.cuh)
//
// Two blocks share a multiprocessor. Where rows are many instructions decide, so each step does the least that it can: counts
// before it stores, 32-bit words for types of 16 bits, one atomic a candidate. When the sample said too little, or a row has
// more in one bin than counting can take, radix_exact.cuh does that row; of 16-bit types radix_stable.cuh one whose bound divides equal
// keys or whose bins are crowded.
#pragma once

#include "radix_exact.cuh"
#include "radix_rows_bound.cuh"
#include "radix_rows_filter.cuh"
#include "radix_rows_rank.cuh"
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
  RowStage<E> stage;
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
      state.split.floor = state.split.high = 0;
    }
    if (alike) grid_dependency_wait();
    if (span.count != 0 && sample.is_taken()) {
      if (threadIdx.x < sample.size()) granule = share.row.vectors()[sample.granule(share)];
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
  Ranked ranked{};
  if (state.sample.is_taken()) {
    const Words<E> words(share.row.count);
    const RowBound<E> bound =
        row_bound(order.counts(), state.split, order.digits, element, words, granule, state.sample.size(),
                  share.row.position(state.sample.granule(share), 0), state.sample.reach);
    reinterpret_cast<uint4*>(order.counts())[threadIdx.x] = make_uint4(0, 0, 0, 0);
    const RowThreshold<E> threshold(element, bound);
    if (kStable && threadIdx.x == 0) {  // from here on they say this
      state.split.floor = Words<E>::key(bound.word);
      state.split.high = bound.by_key ? ~0U : words.position(bound.word);
    }
    bool listed = true;
    if (threshold.says_all) [[likely]] {
      filter_row(element, state.passed, share, stage, list, threshold.pack);
    } else if constexpr (kStable) {
      listed = false;
    } else {
      filter_again(element, state.passed, share, list, words, bound.word);
    }
    if (listed) [[likely]] {
      __syncthreads();
      const std::uint32_t count = state.passed;
      sure = count >= state.out.k && count <= kCapacity;
      if (sure)
        ranked = rank_rows(element, state, list, words, bound.word, count, state.out.k, [&] {
          return [&a, &element, words, out = state.out](std::uint32_t place, Word w) {
            out.write(a.args, element, place, candidate(Words<E>::key(w), words.position(w)));
          };
        });
    }
    if constexpr (kStable) {
      if (!listed || ranked.crowded) [[unlikely]] {
        order_stably(a);
        __syncthreads();
        if (state.passed >= state.out.k && state.passed <= kCapacity) return;
        sure = false;
      }
    }
  }
  if constexpr (kStable) {
    if (!sure) [[unlikely]]
      order_exactly(a, 0, 0);
  } else {
    if (!sure || ranked.crowded) [[unlikely]]
      order_exactly(a, ranked.last, 0);
  }
}

}  // namespace topkit::cuda
