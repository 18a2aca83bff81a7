#include "cli/pieces.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace topkit::cli {
namespace {

// Marks the first element of every row that a piece covers, in x and in the outputs.
void expect_every_row_once(const Selection& s, std::int64_t most_bytes) {
  std::vector<std::pair<std::int64_t, std::int64_t>> seen, expected;
  for_each_piece(s, most_bytes, [&](const Piece& p) {
    EXPECT_TRUE(p.count() * s.cols() * s.element_bytes <= most_bytes || p.rows[0] == 1);
    for (std::int64_t i = 0; i < p.rows[0]; ++i)
      for (std::int64_t j = 0; j < p.rows[1]; ++j)
        seen.emplace_back(p.x_offset + i * p.x_strides[0] + j * p.x_strides[1],
                          p.out_offset + i * p.out_strides[0] + j * p.out_strides[1]);
  });
  const Shape out = row_major_strides(s.out_shape());
  for (std::int64_t row = 0; row < s.rows(); ++row) {
    std::int64_t x = 0, y = 0, rest = row;
    for (std::size_t i = s.shape.size(); i-- > 0;) {
      if (i == s.axis) continue;
      x += rest % s.shape[i] * s.strides[i];
      y += rest % s.shape[i] * out[i];
      rest /= s.shape[i];
    }
    expected.emplace_back(x, y);
  }
  std::sort(seen.begin(), seen.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(seen, expected) << shape_text(s.shape) << " axis " << s.axis << " pieces of " << most_bytes;
}

TEST(Pieces, TogetherHoldEveryRowOnce) {
  for (const Shape& shape : {Shape{7}, Shape{6, 5}, Shape{3, 4, 5}, Shape{2, 3, 4, 5}, Shape{2, 1, 3, 1, 2, 3},
                             Shape{0, 3}, Shape{3, 0}, Shape{5000, 3}})
    for (const bool fortran : {false, true})
      for (std::size_t axis = 0; axis < shape.size(); ++axis)
        for (const std::int64_t most : {1, 40, 100, 1000, 1 << 20}) {
          const std::int64_t k = std::min<std::int64_t>(2, shape[axis]);
          expect_every_row_once({.shape = shape,
                                 .strides = fortran ? column_major_strides(shape) : row_major_strides(shape),
                                 .axis = axis,
                                 .k = k,
                                 .element_bytes = 4},
                                most);
        }
}

TEST(Pieces, ADenseTensorThatFitsIsOneCall) {
  const Shape shape{4, 5, 6, 7};
  int calls = 0;
  for_each_piece({.shape = shape, .strides = row_major_strides(shape), .axis = 3, .k = 2, .element_bytes = 4}, 1 << 20,
                 [&](const Piece& piece) {
                   ++calls;
                   EXPECT_EQ(piece.count(), 120);
                 });
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace topkit::cli
