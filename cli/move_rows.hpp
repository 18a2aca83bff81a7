// Rows that lie at any stride, packed one after another and back.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "cli/pieces.hpp"

namespace topkit::cli {

// Where the rows of a piece lie: of x, or of an output.
struct RowPlaces {
  std::array<std::int64_t, 2> strides;
  std::int64_t offset, col_stride, cols;  // in elements
};
RowPlaces x_places(const Selection& selection, const Piece& piece);
RowPlaces out_places(const Selection& selection, const Piece& piece);

// `spread` is the tensor's first element, at any alignment.
void pack_rows(const Piece& piece, const RowPlaces& places, std::int64_t element_bytes, const std::byte* spread,
               std::byte* packed);
void unpack_rows(const Piece& piece, const RowPlaces& places, std::int64_t element_bytes, const std::byte* packed,
                 std::byte* spread);

}  // namespace topkit::cli
