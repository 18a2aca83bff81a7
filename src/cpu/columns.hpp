// Rows whose elements do not lie side by side (a selection along another axis than the last) become contiguous, a tile of
// neighbouring rows at a time: what lies together in memory is read together.
#pragma once

#include <cstddef>
#include <cstdint>

namespace topkit::cpu {

struct Tile {
  const std::byte* source;             // the first element of the first row
  std::int64_t row_step, column_step;  // bytes from row to row and from column to column
  std::int64_t rows, cols;
  int element_bytes;  // 1, 2, 4 or 8
};

// Rows side by side in memory, so many that a cache line is used up, but one when they lie far apart.
std::int64_t tile_rows(const Tile& tile);

// Writes row r to `out + r * out_step`.
void gather(const Tile& tile, std::byte* out, std::int64_t out_step);

}  // namespace topkit::cpu
