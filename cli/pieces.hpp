// A selection over a tensor of any rank, cut into calls of bounded size over three axes: two of rows, and the selected one.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "cli/shape.hpp"

namespace topkit::cli {

// Rows [0] x [1] of x and of the outputs; strides in elements, offsets from the first element.
struct Piece {
  std::array<std::int64_t, 2> rows{1, 1};
  std::array<std::int64_t, 2> x_strides{0, 0}, out_strides{0, 0};
  std::int64_t x_offset = 0, out_offset = 0;

  std::int64_t count() const { return rows[0] * rows[1]; }
};

struct Selection {
  Shape shape, strides;  // of x
  std::size_t axis = 0;
  std::int64_t k = 0;
  std::int64_t element_bytes = 4;

  std::int64_t rows() const;
  std::int64_t cols() const { return shape[axis]; }
  Shape out_shape() const;  // k in place of cols
  std::int64_t col_stride() const { return strides[axis]; }
  std::int64_t out_col_stride() const { return row_major_strides(out_shape())[axis]; }
};

// Calls `work` on pieces of about `most_bytes` of x that together hold every row once.
void for_each_piece(const Selection& selection, std::int64_t most_bytes, const std::function<void(const Piece&)>& work);

}  // namespace topkit::cli
