// Puts the candidates of a block into order: bins over the range they have, and within a bin each counts what is above it.
#pragma once

#include "radix_split.cuh"

namespace topkit::cuda {

inline constexpr int kHeld = 8;                  // candidates of a thread
inline constexpr std::uint32_t kManyInBin = 64;  // with more than this in a bin they are better spread once more
// What is spread again, by order_items: fewer than what is ranked, for the sake of registers.
inline constexpr int kExactHeld = 6;
inline constexpr std::uint32_t kExactCapacity = kExactHeld * kOrderThreads;

// A thread's candidates in registers: where they are put into order in the place that they came from.
struct Held {
  Candidate candidate[kHeld];

  // Of from[at], from[at + step], .. those below `count`.
  __device__ void take(const Candidate* from, std::uint32_t at, std::uint32_t step, std::uint32_t count) {
#pragma unroll
    for (int h = 0; h < kHeld; ++h) {
      candidate[h] = 0;
      if (at + h * step < count) candidate[h] = from[at + h * step];
    }
  }
  template <class F>
  __device__ void each(F f) const {
#pragma unroll
    for (int h = 0; h < kHeld; ++h)
      if (candidate[h] != 0) f(candidate[h]);
  }
};

// The same, read again each time.
struct Lying {
  const Candidate* from;
  std::uint32_t at, step, count;

  template <class F>
  __device__ void each(F f) const {
#pragma unroll 1
    for (std::uint32_t i = at; i < count; i += step) f(from[i]);
  }
};

// How the rest is done: the candidates lie in `sorted`, bin behind bin.
struct Ranked {
  bool crowded;        // some bins hold many; nothing was written
  std::uint32_t last;  // so many are there, the best
};

// Calls emit(rank, candidate) for ranks below k; the block has `count` candidates, counted in bins of `range`, and the best of
// them has rank `offset`. For order any, in no order; for index, only those of the bin of rank k - 1. sorted has room for
// all. Behind a barrier.
template <class Candidates, class Emit>
__device__ Ranked rank_candidates(OrderState& s, const Candidates& candidates, const RangeBins& range,
                                  Candidate* sorted, std::uint32_t count, std::uint32_t offset, std::uint32_t k,
                                  Order order, Emit emit) {
  std::uint32_t* const bins = s.counts();
  const std::uint32_t wanted = k - offset;  // of this block's ranks
  std::uint32_t crowd = 0;
  scan_down<kSplitOwn, true>(bins, s.digits, [&](std::uint32_t bin, std::uint32_t before, std::uint32_t own) {
    crowd = ::max(crowd, own);
    if (before < wanted && wanted <= before + own) s.digits.found = {bin, before, own};
  });
  const bool many = __syncthreads_or(crowd > kManyInBin ? 1 : 0) != 0;
  const bool has_cut = wanted <= count;
  const FoundBin cut = has_cut ? s.digits.found : FoundBin{~0U, count, 0};
  const std::uint32_t last = cut.above + cut.within;
  const bool crowded = many && last <= kExactCapacity;
  if (!crowded && order == Order::index && !has_cut) return {false, 0};
  const bool all = order == Order::value || crowded;
  candidates.each([&](Candidate c) {
    const std::uint32_t bin = range.bin(range.dense(c));
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
  constexpr int kTogether = 2;  // of a thread, so that one's loads hide the other's
#pragma unroll 1
  for (std::uint32_t i = (all ? 0 : cut.above) + threadIdx.x; i < last; i += kTogether * kOrderThreads) {
    Candidate mine[kTogether];
    std::uint32_t begin[kTogether], own[kTogether], rank[kTogether];
    std::uint32_t longest = 0;
#pragma unroll
    for (int t = 0; t < kTogether; ++t) {
      const std::uint32_t at = i + t * kOrderThreads;
      mine[t] = at < last ? sorted[at] : range.base;
    }
#pragma unroll
    for (int t = 0; t < kTogether; ++t) {
      const bool has = i + t * kOrderThreads < last;
      const std::uint32_t bin = has ? range.bin(range.dense(mine[t])) : 0;
      begin[t] = bin == kSplitBins - 1 ? 0 : all ? bins[bin + 1] : cut.above;
      own[t] = has ? bins[bin] - begin[t] : 0;
      longest = ::max(longest, own[t]);
      rank[t] = begin[t];
    }
#pragma unroll 1
    for (std::uint32_t j = 0; j < longest; j += 2) {
#pragma unroll
      for (int t = 0; t < kTogether; ++t) {
        const Candidate* const others = sorted + begin[t] + j;
        if (j < own[t] && others[0] > mine[t]) ++rank[t];
        if (j + 1 < own[t] && others[1] > mine[t]) ++rank[t];
      }
    }
#pragma unroll
    for (int t = 0; t < kTogether; ++t)
      if (own[t] != 0 && rank[t] < wanted) emit(offset + rank[t], mine[t]);
  }
  return {false, 0};
}

}  // namespace topkit::cuda
