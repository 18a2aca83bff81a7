// The best k of each of very many rows of a 16-bit type, half a block each, best first. The row is read once, into registers, and what may
// win of it is listed as radix_rows.cuh does; then
//
//   bins      the list is spread over bins that lie behind one another (radix_pairs_bins.cuh)
//   mend      neighbours are put into order, and written (radix_pairs_mend.cuh)
//
// Sums over warps and bins cost half the instructions that a whole block would take for them, and two rows wait for each other nowhere.
// Where the bound divides the elements of one key these are found behind what is above (radix_rows_ties.cuh); a row of which a bin holds
// too many is put into order stably (radix_stable.cuh), by the same half. What fits no list gets the whole block, once both are done.
#pragma once

#include "radix_exact.cuh"
#include "radix_pairs_bins.cuh"
#include "radix_pairs_mend.cuh"
#include "radix_rows_bound.cuh"
#include "radix_rows_ties.cuh"

namespace topkit::cuda {

// By half a block, its row `number`. row.end says what is left to do, with no barrier behind that.
template <class E>
__device__ __forceinline__ void order_row(const RadixArgs<E>& a, std::int64_t number, RowState<E>& row,
                                          std::uint32_t* bins, std::uint32_t* list, std::uint32_t* placed) {
  using Stage = RowStage<E, PairTeam, kArch >= 900 ? 16384 : 8192>;  // older devices compare bf16 by more registers
  // So many are asked for at once, the others when there are registers for them.
  constexpr int kEarly = kArch >= 900 ? Stage::kVecs - 2 : 1;
  const E& element = a.element;
  // What does not depend on what the kernel before this one writes is done before that has ended.
  const bool alike = !a.args.problem.has_lengths && !a.args.problem.has_row_k;  // all rows
  if (!alike) grid_dependency_wait();
  Vec granule{};
  Stage stage;
  {
    const Args::Span span = a.args.span(number);
    const RadixShare<E> share(Row<E>(a.args, span, number), 0, 0);
    const RadixSample sample = alike ? a.sample : RadixSample::of(share, span.count, kOrderThreadsLog - 1);
    if (PairTeam::thread() == 0) row.set(a.args, span, number, share, sample);
    if (alike) grid_dependency_wait();
    if (span.count != 0 && sample.is_taken()) {
      if (PairTeam::thread() < sample.size())
        granule = share.row.vectors()[sample.granule_of_short(share, PairTeam::thread())];
      stage.template load<0, kEarly>(share, 0);
    }
  }
  grid_launch_dependents();
  PairTeam::sync();
#pragma unroll 1
  for (std::int64_t place = row.out.k + PairTeam::thread(); place < a.args.problem.k; place += PairTeam::kThreads)
    row.out.pad(a.args, place);
  if (row.out.k == 0) return;
  if (!row.sample.is_taken()) {
    if (PairTeam::thread() == 0) row.end = RowEnd::unknown;
    return;
  }
  const Words<E> words(row.share.row.count);
  RowBound<E> bound;
  {
    SampledKeys<E> keys;
    if (PairTeam::thread() < row.sample.size()) keys.set(element, granule);
    const auto bins_of = count_sample<PairTeam>(bins, row.split, keys, row.sample.size(), row.sample.reach);
    if (!find_bound<PairTeam>(bins_of, bins, row.split, row.warps, row.sample.reach, bound)) [[unlikely]] {
      const std::uint32_t from = row.sample.granule_of_short(row.share, PairTeam::thread());
      const auto keys_suffice = [&](Key key) {
        return are_few_above(row.split.found, row.share, row.sample, 2 * kMostAboveTies / 3) &&
               TieThresholds<E>(element, key, row.share).say_all;
      };
      bound = search_bound<PairTeam>(bins_of, bins, row.split, row.warps, keys, words, row.sample.size(),
                                     row.share.row.position(from, 0), row.sample.reach, keys_suffice);
      stage = {};  // read again rather than kept until here
      stage.template load<0, kEarly>(row.share, 0);
    }
  }
  stage.template load<kEarly, Stage::kVecs>(row.share, 0);
  reinterpret_cast<uint4*>(bins)[PairTeam::thread()] = make_uint4(0, 0, 0, 0);
  const RowThreshold<E> threshold(element, bound);
  if (PairTeam::thread() == 0) {  // from here on they say this
    row.split.floor = Words<E>::key(bound.word);
    row.split.high = bound.by_key ? ~0U : words.position(bound.word);
    row.end = RowEnd::bounded;
  }
  Pack reached = threshold.pack;
  if (!threshold.says_all) [[unlikely]] {
    const TieThresholds<E> ties(element, Words<E>::key(bound.word), row.share);
    if (bound.by_key || !ties.say_all) return;
    reached = ties.above;
    bound.word = Words<E>::lowest(Words<E>::key(bound.word) + 1);
    if (PairTeam::thread() == 0) row.end = RowEnd::tied;
    __syncwarp(full_mask);
  }
  filter_row<PairTeam>(element, row.passed, row.share, stage, list, reached);
  PairTeam::sync();
  const std::uint32_t count = row.passed;
  if ((count < row.out.k && row.end != RowEnd::tied) || count > PairTeam::kListed) [[unlikely]] {
    PairTeam::sync();
    if (PairTeam::thread() == 0) row.end = RowEnd::unknown;
    return;
  }
  if (count == 0) return;
  if (count > kMostAboveTies && row.end == RowEnd::tied) {
    PairTeam::sync();
    if (PairTeam::thread() == 0) row.end = RowEnd::bounded;
    return;
  }
  place_in_bins(element, row, bins, list, placed, bound.word, count);
  const std::uint32_t last = row.last, crowd = row.crowd;
  if (crowd > kSortedBin) [[unlikely]] {
    if (PairTeam::thread() == 0) row.end = RowEnd::bounded;
    return;
  }
  const std::uint32_t k = row.out.k;
  if (PairTeam::thread() == 0 && row.passed >= k) row.end = RowEnd::written;
  if (crowd > kCountedBin) sort_heavy_bins(bins, placed, last);
  write_in_order(WinnerRows<E>{a.args, element, row.out, words}, placed, bins, last, ::min(row.passed, k));
}

// By the whole block: rows of which nothing is known.
template <class E>
[[gnu::noinline]] __device__ void order_left(const RadixArgs<E>& a) {
  auto& rows = shared<RowsState<E, PairTeam::kRows>>();
  auto& state = shared<RadixResidentState<E>>();
  static_assert(kMostRadixK <= kExactCapacity);
#pragma unroll 1
  while (true) {
    __syncthreads();
    if (threadIdx.x == 0) {
      RowState<E>& row = rows.row[rows.row[0].end == RowEnd::unknown ? 0 : 1];
      state.take(row);
      if (row.end != RowEnd::unknown) state.out.k = 0;  // none is left
      row.end = RowEnd::written;
    }
    __syncwarp(full_mask);
    __syncthreads();
    if (state.out.k == 0) return;
    order_next(a);
  }
}

template <class E>
__global__ void __launch_bounds__(kOrderThreads, 2) radix_pairs(const __grid_constant__ RadixArgs<E> a) {
  static_assert(2 * kSecondListAt <= kSampleAt &&
                kSampleAt + 2 * kSecondListAt <= static_cast<std::int64_t>(kRadixPairBytes - kOrderBins * 4));
  static_assert(sizeof(typename Words<E>::Word) == 4 && kMostRowsCols <= Words<E>::kMostCols);
  auto& rows = shared<RowsState<E, PairTeam::kRows>>();
  RowState<E>& row = rows.row[PairTeam::row()];
  {
    using Place = TeamRow<PairTeam, E>;
    const std::int64_t number = a.first_row + static_cast<std::int64_t>(blockIdx.x) * PairTeam::kRows + PairTeam::row();
    std::uint32_t* const bins = Place::bins();
#pragma unroll 1
    for (std::uint32_t i = PairTeam::thread(); i < kOrderBins / 4; i += PairTeam::kThreads)
      reinterpret_cast<uint4*>(bins)[i] = make_uint4(0, 0, 0, 0);
    if (number < a.args.problem.rows) {
      order_row(a, number, row, bins, reinterpret_cast<std::uint32_t*>(Place::list()),
                reinterpret_cast<std::uint32_t*>(Place::behind_list()));
    } else if (PairTeam::thread() == 0) {
      row.end = RowEnd::written;
    }
  }
  PairTeam::sync();
  if (row.end == RowEnd::bounded) [[unlikely]] {
    order_stably<PairTeam>(a);
  } else if (row.end == RowEnd::tied) [[unlikely]] {
    order_ties_of_pair(a);
  }
  __syncthreads();
  if (rows.row[0].end == RowEnd::unknown || rows.row[1].end == RowEnd::unknown) [[unlikely]]
    order_left(a);
}

}  // namespace topkit::cuda
