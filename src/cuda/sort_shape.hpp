// How cuda_sort lays out a problem: threads a row, rows a block, shared memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../problem.hpp"

namespace topkit::cuda {

inline constexpr int kSortItems = 8;                 // elements a thread
inline constexpr std::int64_t kMostSortCols = 8192;  // 1024 threads
inline constexpr std::int64_t kMostWideSortCols = 4096;

// What an element of `width` bytes is in shared memory: its key and its column.
constexpr std::int64_t sort_item_bytes(std::int64_t width) { return width <= 2 ? 4 : width == 4 ? 8 : 16; }

struct SortShape {
  int row_threads;  // a power of two; kSortItems of them hold the row
  int rows;         // of a block
  std::size_t row_bytes, shared_bytes;
};

inline bool sort_can(const Problem& p) {
  return p.cols <= (sort_item_bytes(bytes(p.dtype)) <= 8 ? kMostSortCols : kMostWideSortCols);
}

inline SortShape sort_shape(const Problem& p) {
  constexpr int kBlockThreads = 128;
  SortShape shape{.row_threads = 1, .rows = 1, .row_bytes = 0, .shared_bytes = 0};
  while (shape.row_threads * kSortItems < p.cols) shape.row_threads *= 2;
  shape.rows = std::max(1, kBlockThreads / shape.row_threads);
  const std::int64_t items = shape.row_threads * kSortItems * sort_item_bytes(bytes(p.dtype));
  shape.row_bytes =
      static_cast<std::size_t>(items + (items / 128 + 1) * sort_item_bytes(bytes(p.dtype)) + 15) / 16 * 16;
  shape.shared_bytes = shape.row_bytes * static_cast<std::size_t>(shape.rows);
  return shape;
}

}  // namespace topkit::cuda
