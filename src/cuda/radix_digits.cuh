// Histograms of one block: where a rank falls, and where each bin's items begin, counted from the highest bin.
#pragma once

#include <cstdint>
#include <type_traits>

#include "simt.hpp"
#include "sums.cuh"

namespace topkit::cuda {

inline constexpr int kOrderThreadsLog = 9;
inline constexpr int kOrderThreads = 1 << kOrderThreadsLog;
inline constexpr int kOrderWarps = kOrderThreads / kWarp, kOrderWarpsLog = 4;

// The bin in which a rank (1 is the best) falls, how many items are in higher bins, and how many in it.
struct FoundBin {
  std::uint32_t bin, above, within;
};

struct DigitState {
  std::uint32_t warps[kOrderWarps];
  FoundBin found;
};

// Calls f(bin, items in higher bins, items in it) for all kOwn * kOrderThreads bins, each by one thread, highest first. All
// threads call, behind a barrier; another barrier belongs between this and the next use of the state. kReplaces: each bin
// becomes the number of items in higher ones.
template <int kOwn, bool kReplaces = false, class F>
__device__ void scan_down(std::conditional_t<kReplaces, std::uint32_t*, const std::uint32_t*> bins, DigitState& s,
                          F f) {
  const std::uint32_t first = (kOrderThreads - 1 - threadIdx.x) * kOwn;
  std::uint32_t own[kOwn];
  static_assert(kOwn % 4 == 0);
#pragma unroll
  for (int i = 0; i < kOwn; i += 4) {
    const uint4 four = *reinterpret_cast<const uint4*>(bins + first + i);
    own[i] = four.x;
    own[i + 1] = four.y;
    own[i + 2] = four.z;
    own[i + 3] = four.w;
  }
  std::uint32_t sum = 0;
#pragma unroll
  for (int i = 0; i < kOwn; ++i) sum += own[i];
  const std::uint32_t through = sum_through(sum);
  if (lane() == kWarp - 1) s.warps[warp()] = through;
  __syncthreads();
  const std::uint32_t earlier = lane() < warp() ? s.warps[lane()] : 0;  // of the kOrderWarps < 32
  std::uint32_t before = __reduce_add_sync(full_mask, earlier) + through - sum;
#pragma unroll
  for (int i = kOwn - 1; i >= 0; --i) {
    f(first + static_cast<std::uint32_t>(i), before, own[i]);
    const std::uint32_t count = own[i];
    own[i] = before;
    before += count;
  }
  if constexpr (kReplaces) {
#pragma unroll
    for (int i = 0; i < kOwn; i += 4)
      *reinterpret_cast<uint4*>(bins + first + i) = make_uint4(own[i], own[i + 1], own[i + 2], own[i + 3]);
  }
}

// All threads call, behind a barrier; ends with one. 1 <= wanted <= sum of the bins.
template <int kOwn>
__device__ FoundBin find_rank(const std::uint32_t* bins, DigitState& s, std::uint32_t wanted) {
  scan_down<kOwn>(bins, s, [&](std::uint32_t bin, std::uint32_t before, std::uint32_t count) {
    if (before < wanted && wanted <= before + count) s.found = {bin, before, count};
  });
  __syncthreads();
  return s.found;
}

}  // namespace topkit::cuda
