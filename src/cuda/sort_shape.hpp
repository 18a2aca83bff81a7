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

struct SortShape {
  int row_threads;  // a power of two; kSortItems of them hold the row
  int rows;         // of a block
  int column_bits;  // that tell the row's places apart
  // Of a row: its elements, its words, and for words that do not hold a whole key the columns in their order so far.
  std::size_t words_at, columns_at, row_bytes, shared_bytes;
};

inline bool sort_can(const Problem& p) { return p.cols <= (bytes(p.dtype) <= 4 ? kMostSortCols : kMostWideSortCols); }

inline SortShape sort_shape(const Problem& p) {
  static_assert(kSortItems == 1 << 4);
  SortShape shape{
      .row_threads = 1, .rows = 1, .column_bits = 4, .words_at = 0, .columns_at = 0, .row_bytes = 0, .shared_bytes = 0};
  while (shape.row_threads * kSortItems < p.cols) {
    shape.row_threads *= 2;
    ++shape.column_bits;
  }
  shape.rows = std::max(1, kSortBlockThreads / shape.row_threads);
  const auto places = static_cast<std::size_t>(shape.row_threads * kSortItems);
  const auto width = static_cast<std::size_t>(bytes(p.dtype));
  const auto rounded = [](std::size_t size) { return (size + 15) / 16 * 16; };
  shape.words_at = rounded(places * width);
  shape.columns_at = shape.words_at + rounded((places + places / 32) * sizeof(std::uint32_t));
  shape.row_bytes = shape.columns_at + (width > 2 ? rounded(places * sizeof(std::uint16_t)) : 0);
  shape.shared_bytes = shape.row_bytes * static_cast<std::size_t>(shape.rows);
  return shape;
}

}  // namespace topkit::cuda
