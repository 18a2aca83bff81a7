// Sorting winners by one block: (key, index) pairs, best key first, equal keys by ascending index.
#pragma once

#include <cstdint>

#include "radix_select.cuh"

namespace topkit::cuda {

// Bitonic, in shared memory; size is a power of two. Every pair is unique by its index.
template <class U>
__device__ void sort_pairs(U* keys, std::uint32_t* indices, std::uint32_t size) {
  for (std::uint32_t length = 2; length <= size; length *= 2) {
    for (std::uint32_t stride = length / 2; stride > 0; stride /= 2) {
      for (std::uint32_t pair = threadIdx.x; pair < size / 2; pair += kRadixThreads) {
        const std::uint32_t i = 2 * pair - (pair & (stride - 1)), j = i + stride;
        const U a = keys[i], b = keys[j];
        const std::uint32_t ia = indices[i], ib = indices[j];
        const bool in_order = a > b || (a == b && ia < ib);
        if (in_order == ((i & length) != 0)) {
          keys[i] = b;
          keys[j] = a;
          indices[i] = ib;
          indices[j] = ia;
        }
      }
      __syncthreads();
    }
  }
}

inline constexpr int kSortBits = 8;
inline constexpr int kSortBins = 1 << kSortBits;
inline constexpr int kSortItems = 8;

struct SortShared {
  std::uint32_t counts[kRadixWarps][kSortBins];
  std::uint32_t starts[kSortBins];
  BlockScan scan;
};

// One stable pass of a least-significant-digit radix sort, best digit first, from global to global memory.
template <class U>
__device__ void sort_pass(SortShared& s, const U* keys, const std::uint32_t* indices, U* keys_out,
                          std::uint32_t* indices_out, std::uint32_t n, int shift) {
  constexpr std::uint32_t kWarpTile = kWarp * kSortItems, kTile = kWarpTile * kRadixWarps;
  const auto digit_of = [shift](U key) { return static_cast<std::uint32_t>(~key >> shift) & (kSortBins - 1); };
  for (std::uint32_t d = threadIdx.x; d < kSortBins; d += kRadixThreads) s.starts[d] = 0;
  __syncthreads();
  for (std::uint32_t i = threadIdx.x; i < n; i += kRadixThreads) atomicAdd(&s.starts[digit_of(keys[i])], 1U);
  __syncthreads();
  std::uint32_t total;
  const std::uint32_t start = s.scan.exclusive(threadIdx.x < kSortBins ? s.starts[threadIdx.x] : 0, total);
  if (threadIdx.x < kSortBins) s.starts[threadIdx.x] = start;
  for (std::uint32_t base = 0; base < n; base += kTile) {
    for (std::uint32_t d = lane(); d < kSortBins; d += kWarp) s.counts[warp()][d] = 0;
    __syncwarp(full_mask);
    const std::uint32_t first = base + warp() * kWarpTile + lane();
    U key[kSortItems];
    std::uint32_t rank[kSortItems];
#pragma unroll
    for (int j = 0; j < kSortItems; ++j) {
      const std::uint32_t i = first + static_cast<std::uint32_t>(j) * kWarp;
      key[j] = i < n ? keys[i] : U{0};
      const std::uint32_t digit = i < n ? digit_of(key[j]) : kSortBins;
      const unsigned peers = __match_any_sync(full_mask, digit);
      const unsigned lower = peers & ((1U << lane()) - 1);
      if (i < n) rank[j] = s.counts[warp()][digit] + static_cast<std::uint32_t>(__popc(lower));
      __syncwarp(full_mask);
      if (i < n && lower == 0) s.counts[warp()][digit] += static_cast<std::uint32_t>(__popc(peers));
      __syncwarp(full_mask);
    }
    __syncthreads();
    // Counts become each warp's first place of a digit.
    if (threadIdx.x < kSortBins) {
      std::uint32_t at = s.starts[threadIdx.x];
      for (int w = 0; w < kRadixWarps; ++w) {
        const std::uint32_t count = s.counts[w][threadIdx.x];
        s.counts[w][threadIdx.x] = at;
        at += count;
      }
      s.starts[threadIdx.x] = at;
    }
    __syncthreads();
#pragma unroll
    for (int j = 0; j < kSortItems; ++j) {
      const std::uint32_t i = first + static_cast<std::uint32_t>(j) * kWarp;
      if (i >= n) continue;
      const std::uint32_t to = s.counts[warp()][digit_of(key[j])] + rank[j];
      keys_out[to] = key[j];
      indices_out[to] = indices[i];
    }
    __syncthreads();
  }
}

}  // namespace topkit::cuda
