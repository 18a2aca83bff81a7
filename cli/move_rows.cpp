#include "cli/move_rows.hpp"

#include <cstring>

namespace topkit::cli {
namespace {

// Calls copy(offset in the tensor, offset among the packed, bytes) for the longest runs that both have.
template <class Copy>
void for_each_run(const Piece& piece, const RowPlaces& p, std::int64_t element_bytes, Copy&& copy) {
  std::int64_t packed = 0;
  for (std::int64_t i = 0; i < piece.rows[0]; ++i)
    for (std::int64_t j = 0; j < piece.rows[1]; ++j) {
      const std::int64_t row = p.offset + i * p.strides[0] + j * p.strides[1];
      const std::int64_t runs = p.col_stride == 1 ? 1 : p.cols, length = p.col_stride == 1 ? p.cols : 1;
      for (std::int64_t c = 0; c < runs; ++c, packed += length)
        copy((row + c * p.col_stride) * element_bytes, packed * element_bytes,
             static_cast<std::size_t>(length * element_bytes));
    }
}

}  // namespace

RowPlaces x_places(const Selection& selection, const Piece& piece) {
  return {piece.x_strides, piece.x_offset, selection.col_stride(), selection.cols()};
}

RowPlaces out_places(const Selection& selection, const Piece& piece) {
  return {piece.out_strides, piece.out_offset, selection.out_col_stride(), selection.k};
}

void pack_rows(const Piece& piece, const RowPlaces& places, std::int64_t element_bytes, const std::byte* spread,
               std::byte* packed) {
  for_each_run(piece, places, element_bytes, [&](std::int64_t from, std::int64_t to, std::size_t bytes) {
    std::memcpy(packed + to, spread + from, bytes);
  });
}

void unpack_rows(const Piece& piece, const RowPlaces& places, std::int64_t element_bytes, const std::byte* packed,
                 std::byte* spread) {
  for_each_run(piece, places, element_bytes, [&](std::int64_t to, std::int64_t from, std::size_t bytes) {
    std::memcpy(spread + to, packed + from, bytes);
  });
}

}  // namespace topkit::cli
