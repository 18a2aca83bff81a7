// How cuda_sort lays out a problem: threads a row, rows a block, shared memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../problem.hpp"

namespace topkit::cuda {

inline constexpr int kSortItems = 16;                    // elements a thread
inline constexpr int kSortBlockThreads = 128;            // of rows that do not take more
inline constexpr std::int64_t kMostSortCols = 8192;      // 512 threads
inline constexpr std::int64_t kMostWideSortCols = 4096;  // of 64-bit types, for their shared memory

// Of what is put into order at once, by a power of two of threads that hold kSortItems each: its elements of `width` bytes, its words, and
// where a word does not hold a whole key the columns in their order so far.
struct SortRoom {
  int threads, column_bits;
  std::size_t words_at, columns_at, bytes;
};

constexpr SortRoom sort_room(int threads, std::size_t width) {
  constexpr auto rounded = [](std::size_t size) { return (size + 15) / 16 * 16; };
  const auto places = static_cast<std::size_t>(threads) * kSortItems;
  SortRoom room{.threads = threads, .column_bits = 0, .words_at = rounded(places * width), .columns_at = 0, .bytes = 0};
  while (std::size_t{1} << room.column_bits < places) ++room.column_bits;
  room.columns_at = room.words_at + rounded((places + places / 32) * sizeof(std::uint32_t));
  room.bytes = room.columns_at + (width > 2 ? rounded(places * sizeof(std::uint16_t)) : 0);
  return room;
}

struct SortShape {
  SortRoom room;  // of a row
  int rows;       // of a block
  std::size_t shared_bytes;
};

inline bool sort_can(const Problem& p) { return p.cols <= (bytes(p.dtype) <= 4 ? kMostSortCols : kMostWideSortCols); }

inline SortShape sort_shape(const Problem& p) {
  int threads = 1;
  while (threads * kSortItems < p.cols) threads *= 2;
  SortShape shape{.room = sort_room(threads, static_cast<std::size_t>(bytes(p.dtype))),
                  .rows = std::max(1, kSortBlockThreads / threads),
                  .shared_bytes = 0};
  shape.shared_bytes = shape.room.bytes * static_cast<std::size_t>(shape.rows);
  return shape;
}

}  // namespace topkit::cuda
