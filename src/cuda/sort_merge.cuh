// The best of up to 8192 elements in their order, by the threads that hold eight of each: a network in registers, then runs
// that double by merging. A run is no longer than the winners wanted, so that few winners of many make the later merges cheap.
//
// Idea: merge path (Green, McColl and Bader, "GPU merge path", 2012): where a thread's outputs begin in both runs is found by
// bisection.
#pragma once

#include <cstdint>
#include <type_traits>

#include "simt.hpp"
#include "sort_shape.hpp"
#include "warp_network.cuh"

namespace topkit::cuda {

__extension__ typedef unsigned __int128 SortWord128;

// An element in one word, its key above its column: larger is better, the lower column wins ties; 0 is behind every element.
template <class U>
struct SortItem {
  static constexpr int kColumnBits = sizeof(U) <= 2 ? 16 : 32;  // columns are below 8192
  using Word =
      std::conditional_t<sizeof(U) <= 2, std::uint32_t, std::conditional_t<sizeof(U) == 4, std::uint64_t, SortWord128>>;
  static constexpr std::uint32_t kColumns = 0xffffffffU >> (32 - kColumnBits);

  __device__ static Word word(U key, std::uint32_t column) {
    return static_cast<Word>(key) << kColumnBits | (kColumns - column);
  }
  __device__ static U key(Word word) { return static_cast<U>(word >> kColumnBits); }
  __device__ static std::uint32_t column(Word word) { return kColumns - (static_cast<std::uint32_t>(word) & kColumns); }
};

// Where item i lies: one is left out every 128 bytes, so that threads eight or four items apart meet different banks.
template <class Word>
__device__ __forceinline__ unsigned padded(unsigned i) {
  return i + i / (128 / sizeof(Word));
}

// What a row's threads share: `room` for kSortItems a thread, padded. `threads` of a row are neighbours; more than a warp of them are
// the whole block or share their barriers with it.
template <class Word>
struct SortRow {
  Word* room;
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
template <class Word>
__device__ __forceinline__ void merge_part(Word (&item)[kSortItems], const Word* room, unsigned run, unsigned width,
                                           unsigned length, unsigned place) {
  const auto at = [&](unsigned i) { return room[padded<Word>(run + i)]; };
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
  Word first = a < length ? at(a) : 0, second = b < length ? at(width + b) : 0;
#pragma unroll
  for (int i = 0; i < kSortItems; ++i) {
    const bool takes = first > second;
    item[i] = takes ? first : second;
    if (i + 1 == kSortItems) break;
    const unsigned next = takes ? ++a : ++b;
    const Word come = next < length ? at(takes ? next : next + width) : 0;
    first = takes ? come : first;
    second = takes ? second : come;
  }
}

// Puts the row's best `wanted` items to row.room, best first. All threads of the block; ends with a barrier.
template <class Word>
__device__ __forceinline__ void sort_row(const SortRow<Word>& row, Word (&item)[kSortItems], unsigned wanted) {
  // As far as a warp reaches, in registers; words of 128 bits do not travel between lanes.
  unsigned lanes = 1;
  if constexpr (sizeof(Word) <= 8) {
    lanes = ::min(row.threads, static_cast<unsigned>(kWarp));
    sort_places_of_some<kWarp>(item, lanes);
  } else {
    sort_places<1>(item);
  }
#pragma unroll
  for (int i = 0; i < kSortItems; ++i) row.room[padded<Word>(row.thread * kSortItems + i)] = item[i];
  const unsigned most = (wanted + kSortItems - 1) / kSortItems * kSortItems;
  row.barrier(::min(2 * lanes, row.threads));
#pragma unroll 1
  for (unsigned width = lanes * kSortItems; width < row.threads * kSortItems; width *= 2) {
    const unsigned first = row.thread * kSortItems & ~(2 * width - 1), place = row.thread * kSortItems - first;
    const unsigned length = ::min(width, most), reach = 2 * width / kSortItems;
    const bool takes = place < ::min(2 * length, most);
    if (takes) merge_part(item, row.room, first, width, length, place);
    row.barrier(reach);
    if (takes) {
#pragma unroll
      for (int i = 0; i < kSortItems; ++i) row.room[padded<Word>(first + place + i)] = item[i];
    }
    row.barrier(::min(2 * reach, row.threads));
  }
}

}  // namespace topkit::cuda
