// A word that a wanted number of words are not below, by one block: histograms of the range in which it lies, eleven bits of it
// at a time. Bits that all have in common take no pass, and no two words are equal, so it always ends.
#pragma once

#include "wide_row.cuh"

namespace topkit::cuda {

inline constexpr int kWideBinsLog = 11;
inline constexpr std::uint32_t kWideBins = 1U << kWideBinsLog;

struct WideCutState {
  std::uint32_t bins[kWideBins];
  std::uint32_t warps[kMostWideThreads / kWarp];
  FoundBin found;
};

// Bits of a number.
__device__ inline int wide_bits(WideWord word) {
  const auto high = static_cast<std::uint64_t>(word >> 64), low = static_cast<std::uint64_t>(word);
  return high != 0 ? 128 - __clzll(static_cast<long long>(high)) : 64 - __clzll(static_cast<long long>(low));
}

// for_each(f) calls f(word) for all words, by all threads of the block. At least `wanted` of them are in low..high, and of those
// exactly `wanted` are not below the result.
template <class ForEach>
__device__ WideWord wide_cut(WideCutState& s, const ForEach& for_each, WideWord low, WideWord high,
                             std::uint32_t wanted) {
  const std::uint32_t own = kWideBins / blockDim.x;
  for (;;) {
    const int bits = wide_bits(high - low), shift = bits > kWideBinsLog ? bits - kWideBinsLog : 0;
    for (std::uint32_t i = threadIdx.x; i < kWideBins; i += blockDim.x) s.bins[i] = 0;
    __syncthreads();
    for_each([&](WideWord word) {
      if (word >= low && word <= high) atomicAdd(&s.bins[static_cast<std::uint32_t>((word - low) >> shift)], 1U);
    });
    __syncthreads();
    // Thread t has the t-th highest run of bins.
    const std::uint32_t top = kWideBins - 1 - threadIdx.x * own;
    std::uint32_t sum = 0;
    for (std::uint32_t i = 0; i < own; ++i) sum += s.bins[top - i];
    const std::uint32_t through = sum_through(sum);
    if (lane() == kWarp - 1) s.warps[warp()] = through;
    __syncthreads();
    std::uint32_t above = through - sum;
    for (unsigned w = 0; w < warp(); ++w) above += s.warps[w];
    if (above < wanted && wanted <= above + sum) {
      std::uint32_t bin = top;
      while (above + s.bins[bin] < wanted) above += s.bins[bin--];
      s.found = {bin, above, s.bins[bin]};
    }
    __syncthreads();
    const FoundBin found = s.found;
    low += static_cast<WideWord>(found.bin) << shift;
    if (found.above + found.within == wanted) return low;
    wanted -= found.above;
    const WideWord last = low + ((static_cast<WideWord>(1) << shift) - 1);
    high = last < high ? last : high;
    __syncthreads();
  }
}

}  // namespace topkit::cuda
