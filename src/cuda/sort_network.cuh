// A sorting network over kItems words a thread of one row's threads: as far as a warp reaches by shuffles (warp_network.cuh), beyond
// that through shared memory.
//
// No branch and no address depends on the data. (Batcher 1968, in the form with mirrored first rounds.)
#pragma once

#include <cstdint>

#include "simt.hpp"
#include "warp_network.cuh"

namespace topkit::cuda {

// kWarps: a row has whole warps, all of the block's rows as many. Else it has a part of a warp.
template <int kItems, bool kWarps>
struct SortNetwork {
  std::uint32_t* room;       // of the row, kItems a thread; nothing of it stays
  unsigned thread, threads;  // of the row: a power of two

  __device__ void barrier() const {
    if (!kWarps || threads == kWarp) {
      __syncwarp(full_mask);
    } else {
      __syncthreads();
    }
  }

  // Descending by place, item r of thread t at place t * kItems + r; of threads whose places lie behind the first `wanted` nothing
  // is known. All threads of the block.
  __device__ __forceinline__ void sort(std::uint32_t (&item)[kItems], unsigned wanted) const {
    if constexpr (!kWarps) {
      sort_places_of_some<static_cast<int>(kWarp) / 2>(item, threads);
      return;
    }
    sort_places<static_cast<int>(kWarp)>(item);
#pragma unroll 1
    for (unsigned span = 2 * kWarp; span <= threads; span *= 2) {
      // Who has none of the wanted in the last round goes without.
      const auto takes = [&](unsigned block) { return span < threads || (thread & ~(block - 1)) * kItems < wanted; };
      exchange<true>(item, span - 1, (thread & span / 2) == 0, true);
#pragma unroll 1
      for (unsigned flip = span / 4; flip >= kWarp; flip /= 2)
        exchange<false>(item, flip, (thread & flip) == 0, takes(2 * flip));
      if (takes(kWarp)) halve_runs<static_cast<int>(kWarp) * kItems / 2>(item);
    }
  }

 private:
  // With thread ^ flip; the upper of two keeps the larger words.
  template <bool kMirrored>
  __device__ __forceinline__ void exchange(std::uint32_t (&item)[kItems], unsigned flip, bool upper, bool takes) const {
    const auto words_of = [&](unsigned t) { return room + t / kWarp * (kWarp * kItems) + t % kWarp; };
    __syncthreads();
    if (takes) {
      std::uint32_t* const own = words_of(thread);
#pragma unroll
      for (int r = 0; r < kItems; ++r) own[r * static_cast<int>(kWarp)] = item[r];
    }
    __syncthreads();
    if (!takes) return;
    const std::uint32_t* const others = words_of(thread ^ flip);
#pragma unroll
    for (int r = 0; r < kItems; ++r) {
      const std::uint32_t other = others[(kMirrored ? kItems - 1 - r : r) * static_cast<int>(kWarp)];
      item[r] = (item[r] > other) == upper ? item[r] : other;
    }
  }
};

}  // namespace topkit::cuda
