// The road of a row of a 16-bit type that has many equal keys where its last winner is, or whose keys crowd: what reaches the bound is
// marked in the row (radix_stable_marks.cuh), listed by ascending position and put into order by key alone (radix_stable_sort.cuh).
//
// A key of 16 bits is two digits: no distribution crowds anything.
#pragma once

#include "radix_stable_marks.cuh"
#include "radix_stable_sort.cuh"

namespace topkit::cuda {

// Of the team's row: what is above the key split.floor reaches the bound, and of those that have it the ones up to position
// split.high (~0: all), which one thread has written, with no barrier behind that. passed says how many do, a barrier is owed;
// nothing is written where these are fewer than k or more than Team::kListed.
template <class Team, class E>
[[gnu::noinline]] __device__ void order_stably(const RadixArgs<E>& a) {
  static_assert(sizeof(typename E::Raw) == 2 && kMostRowsCols <= Words<E>::kMostCols);
  const E& element = a.element;
  using Place = TeamRow<Team, E>;
  using Stage = RowStage<E, Team, 16384 / Team::kRows>;
  auto& row = Place::state();
  auto* const sorted = reinterpret_cast<std::uint32_t*>(Place::list());
  auto* const list = reinterpret_cast<std::uint16_t*>(Place::positions());
  const RowMarks marks{reinterpret_cast<std::uint32_t*>(Place::positions() + Team::kListed * 2)};
  const RadixShare<E>& share = row.share;
  const std::uint32_t k = row.out.k;
  Stage stage;
  stage.template load<0, Stage::kVecs, true>(share, 0);
  if (Team::thread() == 0) {
    marks.clear_last(share.row.granules());
    row.high = 0;
  }
  __syncwarp(full_mask);
  Team::sync();
  const TiedThreshold<E> threshold(element, share, row.split.floor, row.split.high);
  mark_row<Team>(element, share, stage, threshold, marks);
  Team::sync();
  const std::uint32_t count = list_marked<Team>(marks, share.row.granules(), share.row.shift, RadixShare<E>::kPerVec,
                                                Place::sums(), list, k, Team::kListed);
  if (Team::thread() == 0) {
    row.passed = count;
    if constexpr (Team::kRows > 1) row.end = count < k || count > Team::kListed ? RowEnd::unknown : RowEnd::written;
  }
  if (count < k || count > Team::kListed) return;
  Team::sync();
  sort_stably<Team>(element, row, Place::bins(), Place::sums(), list, sorted, count, k, threshold.least);
  const RowOut<E> out = row.out;
#pragma unroll 1
  for (std::uint32_t place = Team::thread(); place < k; place += Team::kThreads) {
    const std::uint32_t word = sorted[place];
    out.write(a.args, place, static_cast<typename E::Raw>(word >> 16), word & 0xffff);
  }
}

}  // namespace topkit::cuda
