// The road of a row of a 16-bit type that has many equal keys where its last winner is, or whose keys crowd: what reaches the bound is
// marked in the row (radix_stable_marks.cuh), listed by ascending position and put into order by key alone (radix_stable_sort.cuh).
//
// A key of 16 bits is two digits: no distribution crowds anything.
#pragma once

#include "radix_stable_marks.cuh"
#include "radix_stable_sort.cuh"

namespace topkit::cuda {

// Dynamic shared memory: what is in order, the list, the marks.
inline constexpr std::size_t kStableListAt = kRadixCapacity * 4, kStableMarksAt = kStableListAt + kRadixCapacity * 2;
static_assert(kStableMarksAt + kMostRowsCols / 8 + 16 <= kSampleAt);  // what is crowded lies there

// Of state's row: what is above the key state.split.floor reaches the bound, and of those that have it the ones up to position
// state.split.high (~0: all), which one thread has written, with no barrier behind that. state.passed says how many do, a barrier is owed;
// nothing is written where these are fewer than k or more than kRadixCapacity.
template <class E>
[[gnu::noinline]] __device__ void order_stably(const RadixArgs<E>& a) {
  static_assert(sizeof(typename E::Raw) == 2 && kMostRowsCols <= Words<E>::kMostCols);
  static_assert(kRadixCapacity <= kMostOrdered);
  const E& element = a.element;
  RadixResidentState<E>& state = shared<RadixResidentState<E>>();
  std::uint32_t* const sums = state.order.digits.warps;
  auto* const sorted = dynamic_shared<std::uint32_t>();
  auto* const list = reinterpret_cast<std::uint16_t*>(dynamic_shared<char>() + kStableListAt);
  const RowMarks marks{reinterpret_cast<std::uint32_t*>(dynamic_shared<char>() + kStableMarksAt)};
  const RadixShare<E>& share = state.share;
  const std::uint32_t k = state.out.k;
  RowStage<E> stage;
  stage.template load<true>(share, 0);
  if (threadIdx.x == 0) marks.clear_last(share.row.granules());
  __syncthreads();
  const TiedThreshold<E> threshold(element, share, state.split.floor, state.split.high);
  mark_row(element, share, stage, threshold, marks);
  __syncthreads();
  const std::uint32_t count = list_marked(marks, share.row.granules(), share.row.shift, RadixShare<E>::kPerVec, sums,
                                          list, k, static_cast<std::uint32_t>(kRadixCapacity));
  if (threadIdx.x == 0) state.passed = count;
  if (count < k || count > kRadixCapacity) return;
  __syncthreads();
  sort_stably(element, state, list, sorted, count, k, threshold.least);
  const RowOut<E> out = state.out;
#pragma unroll 1
  for (std::uint32_t place = threadIdx.x; place < k; place += kOrderThreads) {
    const std::uint32_t word = sorted[place];
    out.write(a.args, place, static_cast<typename E::Raw>(word >> 16), word & 0xffff);
  }
}

}  // namespace topkit::cuda
