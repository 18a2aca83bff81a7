#include "cli/pieces.hpp"

#include <algorithm>

namespace topkit::cli {
namespace {

constexpr std::int64_t kPageBytes = 4096;

struct Axis {
  std::int64_t extent, x_stride, out_stride;
};

// The axes of rows, neighbours joined where one pair of strides walks both.
std::vector<Axis> row_axes(const Selection& s) {
  const Shape out = row_major_strides(s.out_shape());
  std::vector<Axis> axes;
  for (std::size_t i = 0; i < s.shape.size(); ++i) {
    if (i == s.axis || s.shape[i] == 1) continue;
    const Axis next{s.shape[i], s.strides[i], out[i]};
    if (!axes.empty() && axes.back().x_stride == next.x_stride * next.extent &&
        axes.back().out_stride == next.out_stride * next.extent) {
      axes.back() = {axes.back().extent * next.extent, next.x_stride, next.out_stride};
    } else {
      axes.push_back(next);
    }
  }
  return axes;
}

void cut(const Selection& s, const Piece& whole, std::int64_t most_bytes,
         const std::function<void(const Piece&)>& work) {
  const std::int64_t row_bytes = std::max<std::int64_t>(s.cols() * s.element_bytes, 1);
  const std::int64_t most_rows = std::max<std::int64_t>(most_bytes / row_bytes, 1);
  std::array<std::int64_t, 2> step{1, whole.rows[1]};
  if (whole.rows[1] <= most_rows) {
    step[0] = most_rows / whole.rows[1];
  } else {
    step[1] = most_rows;
    // Rows that lie side by side share pages: a narrower piece would read every page again and again.
    if (whole.x_strides[1] < s.col_stride()) step[1] = std::max(step[1], kPageBytes / s.element_bytes);
  }
  for (std::int64_t i = 0; i < whole.rows[0]; i += step[0])
    for (std::int64_t j = 0; j < whole.rows[1]; j += step[1]) {
      Piece piece = whole;
      piece.rows = {std::min(step[0], whole.rows[0] - i), std::min(step[1], whole.rows[1] - j)};
      piece.x_offset += i * whole.x_strides[0] + j * whole.x_strides[1];
      piece.out_offset += i * whole.out_strides[0] + j * whole.out_strides[1];
      work(piece);
    }
}

}  // namespace

std::int64_t Selection::rows() const {
  std::int64_t product = 1;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (i != axis) product *= shape[i];
  return product;
}

Shape Selection::out_shape() const {
  Shape out = shape;
  out[axis] = k;
  return out;
}

void for_each_piece(const Selection& selection, std::int64_t most_bytes,
                    const std::function<void(const Piece&)>& work) {
  if (selection.rows() == 0) return;
  const std::vector<Axis> axes = row_axes(selection);
  const std::size_t outer = axes.size() > 2 ? axes.size() - 2 : 0;
  Piece inner;
  for (std::size_t i = outer; i < axes.size(); ++i) {
    const std::size_t place = 2 - (axes.size() - i);
    inner.rows[place] = axes[i].extent;
    inner.x_strides[place] = axes[i].x_stride;
    inner.out_strides[place] = axes[i].out_stride;
  }
  std::vector<std::int64_t> at(outer, 0);
  for (;;) {
    Piece piece = inner;
    for (std::size_t i = 0; i < outer; ++i) {
      piece.x_offset += at[i] * axes[i].x_stride;
      piece.out_offset += at[i] * axes[i].out_stride;
    }
    cut(selection, piece, most_bytes, work);
    std::size_t i = outer;
    while (i > 0 && ++at[i - 1] == axes[i - 1].extent) at[--i] = 0;
    if (i == 0) return;
  }
}

}  // namespace topkit::cli
