// Puts the candidates of a block into order: bins over the range they have, and within a bin each counts what is above it.
#pragma once

#include "radix_any.cuh"

namespace topkit::cuda {

inline constexpr std::uint32_t kManyInBin = 64;  // with more than this in a bin radix_crowd.cuh does better
// What radix_exact.cuh puts into order at once: fewer than what is ranked, for the sake of registers.
inline constexpr int kExactHeld = 6;
inline constexpr std::uint32_t kExactCapacity = kExactHeld * kOrderThreads;

// How the rest is done: the candidates lie in `sorted`, bin behind bin.
struct Ranked {
  bool crowded;        // some bins hold many; nothing was written
  std::uint32_t last;  // so many are there, the best
};

// Calls emit(rank, candidate) for ranks below k; the block has `count` candidates, counted in bins of `range`, and the best of
// them has rank `offset`. For order any, which has a kernel of its own, in no order (radix_any.cuh); for index, only those of the
// bin of rank k - 1. sorted has room for all and kRankStep more. Behind a barrier.
template <bool kAny, class Emit>
__device__ Ranked rank_candidates(OrderState& s, const Lying& candidates, const RangeBins& range, Candidate* sorted,
                                  std::uint32_t count, std::uint32_t offset, std::uint32_t k, Order order, Emit emit) {
  std::uint32_t* const bins = s.counts();
  const std::uint32_t wanted = k - offset;  // of this block's ranks
  auto& counts = *reinterpret_cast<AnyCounts*>(&bins[kSplitBins]);
  if (kAny && threadIdx.x == 0) counts = {0, 0};
  std::uint32_t crowd = 0;
  scan_down<kSplitOwn, true>(bins, s.digits, [&](std::uint32_t bin, std::uint32_t before, std::uint32_t own) {
    crowd = ::max(crowd, own);
    if (before < wanted && wanted <= before + own) s.digits.found = {bin, before, own};
  });
  const bool crowded = __syncthreads_or(crowd > kManyInBin ? 1 : 0) != 0;
  const bool has_cut = wanted <= count;
  const FoundBin cut = has_cut ? s.digits.found : FoundBin{~0U, count, 0};
  const std::uint32_t last = cut.above + cut.within;
  if constexpr (kAny) {
    if (cut.within <= kManyInBin) {
      emit_any(counts, candidates, range, has_cut, cut, sorted, offset, wanted, emit);
      return {false, 0};
    }
  }
  if (!crowded && order == Order::index && !has_cut) return {false, 0};
  const bool all = order == Order::value || crowded;
  constexpr std::uint32_t kRankStep = 4;  // read together, so that one's loads hide the others'
  // Nothing that lies behind the last, or in a lower bin, is above a candidate.
  if (threadIdx.x < kRankStep) sorted[last + threadIdx.x] = 0;
  if (threadIdx.x == 0) bins[kSplitBins] = 0;
  candidates.each([&](Candidate c, std::uint32_t) {
    const std::uint32_t bin = range.bin_within(range.dense(c));
    if (!all && order == Order::index && bin != cut.bin) return;
    const std::uint32_t at = atomicAdd(&bins[bin], 1U);  // a bin's number becomes that of the next lower one
    if (at >= last) return;
    if (all || bin == cut.bin) {
      sorted[at] = c;
    } else {
      emit(offset + at, c);
    }
  });
  if (!all && !has_cut) return {false, 0};
  __syncthreads();
  if (crowded) return {true, last};
#pragma unroll 1
  for (std::uint32_t i = (all ? 0 : cut.above) + threadIdx.x; i < last; i += kOrderThreads) {
    const Candidate mine = sorted[i];
    const std::uint32_t bin = range.bin_within(range.dense(mine));
    const std::uint32_t begin = all ? bins[bin + 1] : cut.above, end = bins[bin];
    std::uint32_t rank = begin;
#pragma unroll 1
    for (std::uint32_t j = begin; j < end; j += kRankStep) {
#pragma unroll
      for (std::uint32_t q = 0; q < kRankStep; ++q) rank += sorted[j + q] > mine ? 1U : 0U;
    }
    if (rank < wanted) emit(offset + rank, mine);
  }
  return {false, 0};
}

}  // namespace topkit::cuda
