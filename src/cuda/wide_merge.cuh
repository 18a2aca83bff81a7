// The best of up to 8192 elements in their order, by threads that hold eight of them each: a network in registers, then runs
// that double by merging. A run is no longer than the winners wanted, so that few winners of many make the later merges cheap.
//
// Idea: merge path (Green, McColl and Bader, "GPU merge path", 2012): where a thread's outputs begin in both runs is found by
// bisection.
#pragma once

#include <cstdint>

#include "simt.hpp"
#include "warp_network.cuh"
#include "wide_shape.hpp"

namespace topkit::cuda {

__extension__ typedef unsigned __int128 WideWord;

// An element in one word, its key above its column: larger is better, the lower column wins ties; 0 is behind every element.
struct WideItem {
  static constexpr int kColumnBits = 32;
  static constexpr std::uint32_t kColumns = 0xffffffffU;

  __device__ static WideWord word(std::uint64_t key, std::uint32_t column) {
    return static_cast<WideWord>(key) << kColumnBits | (kColumns - column);
  }
  __device__ static std::uint64_t key(WideWord word) { return static_cast<std::uint64_t>(word >> kColumnBits); }
  __device__ static std::uint32_t column(WideWord word) { return kColumns - static_cast<std::uint32_t>(word); }
};

// Where item i lies: one is left out every 128 bytes, so that threads eight or four items apart meet different banks.
__device__ __forceinline__ unsigned wide_padded(unsigned i) { return i + i / (128 / sizeof(WideWord)); }

// What a row's threads share: `room` for kMergeItems a thread, padded. `threads` of a row are neighbours; more than a warp of them are
// the whole block or share their barriers with it.
struct WideSortRow {
  WideWord* room;
  unsigned thread, threads;

  __device__ void barrier(unsigned reach) const {
    if (reach <= kWarp) {
      __syncwarp(full_mask);
    } else {
      __syncthreads();
    }
  }
};

// item[]: outputs place.. of the runs that begin at items `run` and `run + width`, each of `length` items in their order.
__device__ __forceinline__ void merge_part(WideWord (&item)[kMergeItems], const WideWord* room, unsigned run,
                                           unsigned width, unsigned length, unsigned place) {
  const auto at = [&](unsigned i) { return room[wide_padded(run + i)]; };
  unsigned low = place > length ? place - length : 0, high = ::min(place, length);
  while (low < high) {
    const unsigned middle = (low + high) / 2;
    if (at(middle) > at(width + place - 1 - middle)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  unsigned a = low, b = place - low;
  WideWord first = a < length ? at(a) : 0, second = b < length ? at(width + b) : 0;
#pragma unroll
  for (int i = 0; i < kMergeItems; ++i) {
    const bool takes = first > second;
    item[i] = takes ? first : second;
    if (i + 1 == kMergeItems) break;
    const unsigned next = takes ? ++a : ++b;
    const WideWord come = next < length ? at(takes ? next : next + width) : 0;
    first = takes ? come : first;
    second = takes ? second : come;
  }
}

// Puts the row's best `wanted` items to row.room, best first. All threads of the block; ends with a barrier.
__device__ __forceinline__ void wide_sort_row(const WideSortRow& row, WideWord (&item)[kMergeItems], unsigned wanted) {
  sort_places<1>(item);  // words of 128 bits do not travel between lanes
#pragma unroll
  for (int i = 0; i < kMergeItems; ++i) row.room[wide_padded(row.thread * kMergeItems + i)] = item[i];
  const unsigned most = (wanted + kMergeItems - 1) / kMergeItems * kMergeItems;
  row.barrier(::min(2U, row.threads));
#pragma unroll 1
  for (unsigned width = kMergeItems; width < row.threads * kMergeItems; width *= 2) {
    const unsigned first = row.thread * kMergeItems & ~(2 * width - 1), place = row.thread * kMergeItems - first;
    const unsigned length = ::min(width, most), reach = 2 * width / kMergeItems;
    const bool takes = place < ::min(2 * length, most);
    if (takes) merge_part(item, row.room, first, width, length, place);
    row.barrier(reach);
    if (takes) {
#pragma unroll
      for (int i = 0; i < kMergeItems; ++i) row.room[wide_padded(first + place + i)] = item[i];
    }
    row.barrier(::min(2 * reach, row.threads));
  }
}

}  // namespace topkit::cuda
