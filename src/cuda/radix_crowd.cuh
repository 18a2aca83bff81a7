// Puts a crowd into order: candidates so close together, or ranges of them so far apart, that even bins hold too many. Bins are
// between splitters that the crowd itself gives, so how keys are spread does not matter.
//
// Candidates are unique, so no bin is heavy because of ties. Were splitters ever bad, bins would be large and their counting slow,
// never wrong.
// Idea: sample sort (Frazer and McKellar, 1970).
#pragma once

#include "radix_split.cuh"
#include "rank.cuh"

namespace topkit::cuda {

inline constexpr int kSplitters = kComparedWithEach;
inline constexpr int kCrowdHeld = kRadixCapacity / kOrderThreads;  // candidates of a thread
inline constexpr std::uint32_t kCrowdStep = 4;                     // zeros behind a crowd

// The `count` candidates of `sorted` best first, in place; behind them there is room for kCrowdStep more. Bins are used. Behind
// a barrier; ends with one.
__device__ inline void sort_crowd(OrderState& s, Candidate* sorted, std::uint32_t count) {
  auto* const splitters = reinterpret_cast<Candidate*>(s.counts());
  std::uint32_t* const bins = s.counts() + kSplitBins;
  static_assert((kSplitters + kRankPad) * sizeof(Candidate) <= kSplitBins * sizeof(std::uint32_t));
  const bool few = count <= kSplitters;  // all are splitters, and no bins are needed
  const std::uint32_t many = few ? count : static_cast<std::uint32_t>(kSplitters);
  reinterpret_cast<uint4*>(bins)[threadIdx.x] = make_uint4(0, 0, 0, 0);
  if (threadIdx.x < kSplitters + kRankPad)
    splitters[threadIdx.x] = threadIdx.x < many ? sorted[threadIdx.x * count / many] : 0;
  if (threadIdx.x < kCrowdStep) sorted[count + threadIdx.x] = 0;
  Candidate held[kCrowdHeld];
#pragma unroll
  for (int h = 0; h < kCrowdHeld; ++h) {
    const std::uint32_t i = static_cast<std::uint32_t>(h) * kOrderThreads + threadIdx.x;
    if (static_cast<std::uint32_t>(h) * kOrderThreads >= count || few) break;
    held[h] = i < count ? sorted[i] : 0;
  }
  __syncthreads();
  const Placed placed = place_by_comparing<kOrderThreads>(splitters, static_cast<int>(many));
  __syncthreads();
  if (placed.place >= 0) (few ? sorted : splitters)[placed.place] = placed.candidate;
  __syncthreads();
  if (few) return;
  std::uint32_t where[kCrowdHeld];  // its bin, and how many came there before it: 16 bits each
#pragma unroll
  for (int h = 0; h < kCrowdHeld; ++h) {
    if (static_cast<std::uint32_t>(h) * kOrderThreads >= count) break;
    if (held[h] == 0) continue;
    std::uint32_t better = 0;  // splitters
#pragma unroll
    for (std::uint32_t step = kSplitters / 2; step > 0; step /= 2)
      better += splitters[better + step - 1] > held[h] ? step : 0;
    better += splitters[better] > held[h] ? 1 : 0;
    const std::uint32_t bin = kSplitBins - 1 - better;
    where[h] = bin << 16 | atomicAdd(&bins[bin], 1U);
  }
  __syncthreads();
  scan_down<kSplitOwn, true>(bins, s.digits, [](std::uint32_t, std::uint32_t, std::uint32_t) {});
  __syncthreads();
#pragma unroll
  for (int h = 0; h < kCrowdHeld; ++h) {
    if (static_cast<std::uint32_t>(h) * kOrderThreads >= count) break;
    if (held[h] != 0) sorted[bins[where[h] >> 16] + (where[h] & 0xffff)] = held[h];
  }
  __syncthreads();
#pragma unroll
  for (int h = 0; h < kCrowdHeld; ++h) {
    if (static_cast<std::uint32_t>(h) * kOrderThreads >= count) break;
    if (held[h] == 0) continue;
    const std::uint32_t begin = bins[where[h] >> 16], end = bins[(where[h] >> 16) - 1];
    std::uint32_t rank = begin;
    // What lies behind its bin is worse than it.
#pragma unroll 1
    for (std::uint32_t j = begin; j < end; j += kCrowdStep) {
#pragma unroll
      for (std::uint32_t q = 0; q < kCrowdStep; ++q) rank += sorted[j + q] > held[h] ? 1U : 0U;
    }
    where[h] = rank;
  }
  __syncthreads();
#pragma unroll
  for (int h = 0; h < kCrowdHeld; ++h) {
    if (static_cast<std::uint32_t>(h) * kOrderThreads >= count) break;
    if (held[h] != 0) sorted[where[h]] = held[h];
  }
  __syncthreads();
}

}  // namespace topkit::cuda
