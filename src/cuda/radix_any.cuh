// Order any: candidates above the cut are written as they lie, a warp's side by side; only those in the bin of the cut are ranked.
#pragma once

#include "radix_split.cuh"

namespace topkit::cuda {

// A thread's candidates, where they lie: from[at], from[at + step], .. those below `count`.
struct Lying {
  const Candidate* from;
  std::uint32_t at, step, count;

  // Calls f(candidate, where); a few are loaded together.
  template <class F>
  __device__ void each(F f) const {
    constexpr std::uint32_t kTogether = 4;
#pragma unroll 1
    for (std::uint32_t i = at; i < count; i += kTogether * step) {
      Candidate c[kTogether];
#pragma unroll
      for (std::uint32_t h = 0; h < kTogether; ++h)
        if (i + h * step < count) c[h] = from[i + h * step];
#pragma unroll
      for (std::uint32_t h = 0; h < kTogether; ++h)
        if (i + h * step < count) f(c[h], i + h * step);
    }
  }
  // The same by whole warps, whose lanes' candidates lie side by side: f(has, candidates), of kTogether.
  template <std::uint32_t kTogether, class F>
  __device__ void each_together(F f) const {
#pragma unroll 1
    for (std::uint32_t i = at; i - lane() < count; i += kTogether * step) {
      Candidate c[kTogether];
      bool has[kTogether];
#pragma unroll
      for (std::uint32_t h = 0; h < kTogether; ++h) {
        has[h] = i + h * step < count;
        c[h] = has[h] ? from[i + h * step] : 0;
      }
      f(has, c);
    }
  }
};

// Two counters, zero, behind a barrier: of what is written, and of what lies in the bin of the cut.
struct AnyCounts {
  std::uint32_t written, at_cut;
};

// Calls emit(rank, candidate) for the best `wanted`, of which the first has rank `offset`, in no order: all, or where the cut is
// among them cut.above candidates of higher bins and the best of those in its bin, which go to at_cut. All threads.
template <class Emit>
__device__ void emit_any(AnyCounts& counts, const Lying& candidates, const RangeBins& range, bool has_cut, FoundBin cut,
                         Candidate* at_cut, std::uint32_t offset, std::uint32_t wanted, Emit emit) {
  constexpr std::uint32_t kTogether = 4;
  const unsigned lower = (1U << lane()) - 1;
  candidates.each_together<kTogether>([&](const bool(&has)[kTogether], const Candidate(&c)[kTogether]) {
    unsigned wins[kTogether];
    std::uint32_t many = 0;
#pragma unroll
    for (std::uint32_t h = 0; h < kTogether; ++h) {
      bool above = has[h];
      if (above && has_cut) {
        const std::uint32_t bin = range.bin_within(range.dense(c[h]));
        above = bin > cut.bin;
        if (bin == cut.bin) at_cut[atomicAdd(&counts.at_cut, 1U)] = c[h];
      }
      __syncwarp(full_mask);
      wins[h] = __ballot_sync(full_mask, above);
      many += static_cast<std::uint32_t>(__popc(wins[h]));
    }
    std::uint32_t place = 0;
    if (lane() == 0 && many != 0) place = atomicAdd(&counts.written, many);
    place = offset + __shfl_sync(full_mask, place, 0);
#pragma unroll
    for (std::uint32_t h = 0; h < kTogether; ++h) {
      if ((wins[h] >> lane() & 1U) != 0) emit(place + static_cast<std::uint32_t>(__popc(wins[h] & lower)), c[h]);
      place += static_cast<std::uint32_t>(__popc(wins[h]));
    }
  });
  if (!has_cut) return;
  __syncthreads();
#pragma unroll 1
  for (std::uint32_t i = threadIdx.x; i < cut.within; i += kOrderThreads) {
    std::uint32_t rank = cut.above;
#pragma unroll 1
    for (std::uint32_t j = 0; j < cut.within; ++j) rank += at_cut[j] > at_cut[i] ? 1U : 0U;
    if (rank < wanted) emit(offset + rank, at_cut[i]);
  }
}

}  // namespace topkit::cuda
