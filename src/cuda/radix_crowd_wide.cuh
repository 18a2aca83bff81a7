// Puts a crowd into order that is one because its keys lie far apart: once more by bins, but by wide ones.
#pragma once

#include "radix_rank.cuh"
#include "radix_state.cuh"
#include "radix_wide_bins.cuh"

namespace topkit::cuda {

// Calls emit(rank, candidate) for the best `wins` of `count` in `crowd`. False, and nothing is done, where wide bins are no help. room: as
// long as kCapacity; all threads, behind a barrier. Bins are used.
template <class E, class Emit>
__device__ bool rank_wide(RadixResidentState<E>& state, const Candidate* crowd, Candidate* room, std::uint32_t count,
                          std::uint32_t wins, Emit emit) {
  using Word = typename Words<E>::Word;
  constexpr std::uint32_t kStep = 4;  // read together, so that one's loads hide the others'
  OrderState& s = state.order;
  SplitState& range = state.split;
  constexpr Key kZero = FloatKeys<E>::kZero;
  const bool crosses = range.floor < kZero && range.high > kZero;  // says the sample
  if (count + kStep > kCapacity || (!crosses && range.high < FloatKeys<E>::kInfinity)) return false;
  std::uint32_t* const bins = s.counts();
  s.clear();
  if (threadIdx.x == 0) {
    range.lowest = ~Key{0};
    range.highest = 0;
  }
  __syncwarp(full_mask);
  __syncthreads();
  {
    Key low = ~Key{0}, high = 0;
#pragma unroll 1
    for (std::uint32_t i = threadIdx.x; i < count; i += kOrderThreads) {
      const Key key = key_of(crowd[i]);
      low = ::min(low, key);
      if (key < FloatKeys<E>::kInfinity) high = ::max(high, key);
    }
    low = __reduce_min_sync(full_mask, low);
    high = __reduce_max_sync(full_mask, high);
    if (lane() == 0) {
      atomicMin(&range.lowest, low);
      atomicMax(&range.highest, high);
    }
  }
  const RangeBins positions{0, 0, __clz(static_cast<int>(state.share.row.count - 1))};
  __syncthreads();
  const WideBins<E> wide(Words<E>::lowest(range.lowest), range.highest);
  const auto bin_of = [&](Candidate c) {
    const Candidate dense = positions.dense(c);
    if constexpr (sizeof(Word) == 8) {
      return wide(dense);
    } else {
      return wide(key_of(c) << 16 | static_cast<std::uint32_t>(dense) >> 16);
    }
  };
#pragma unroll 1
  for (std::uint32_t i = threadIdx.x; i < count; i += kOrderThreads) atomicAdd(&bins[bin_of(crowd[i])], 1U);
  __syncthreads();
  std::uint32_t any_of = 0;
  scan_down<kOrderOwn, true>(bins, s.digits, [&](std::uint32_t, std::uint32_t before, std::uint32_t own) {
    any_of |= own;
    if (before < wins && wins <= before + own) s.cut_bin = before + own;
  });
  if (__syncthreads_or(any_of > kManyInBin ? 1 : 0) != 0) return false;
  const std::uint32_t last = s.cut_bin;
  if (threadIdx.x < kStep) room[last + threadIdx.x] = 0;
#pragma unroll 1
  for (std::uint32_t i = threadIdx.x; i < count; i += kOrderThreads) {
    const std::uint32_t at =
        atomicAdd(&bins[bin_of(crowd[i])], 1U);  // a bin's number becomes that of the next lower one
    if (at < last) room[at] = crowd[i];
  }
  __syncthreads();
#pragma unroll 1
  for (std::uint32_t i = threadIdx.x; i < last; i += kOrderThreads) {
    const Candidate mine = room[i];
    const std::uint32_t bin = bin_of(mine);
    std::uint32_t rank = bin + 1 == kOrderBins ? 0 : bins[bin + 1];
#pragma unroll 1
    for (std::uint32_t j = rank, end = bins[bin]; j < end; j += kStep) {
#pragma unroll
      for (std::uint32_t q = 0; q < kStep; ++q) count_if(room[j + q] > mine, rank);
    }
    if (rank < wins) emit(rank, mine);
  }
  return true;
}

}  // namespace topkit::cuda
