#include "columns.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace topkit::cpu {
namespace {

constexpr std::int64_t kLine = 64;

// A square of 16-byte vectors: kSide rows of kSide elements, its columns become rows.
template <class T>
struct Square {
  static constexpr int kSide = 16 / sizeof(T);
  typedef T Reg __attribute__((vector_size(16)));

  // Rows i and i + kSide / 2 interleave; log2(kSide) times that is a transposition.
  template <std::size_t... i>
  static void interleave(Reg (&r)[kSide], std::index_sequence<i...>) {
    Reg next[kSide];
    for (int row = 0; row < kSide / 2; ++row) {
      const Reg a = r[row], b = r[row + kSide / 2];
      next[2 * row] = __builtin_shufflevector(a, b, (i / 2 + (i % 2) * kSide)...);
      next[2 * row + 1] = __builtin_shufflevector(a, b, (i / 2 + kSide / 2 + (i % 2) * kSide)...);
    }
    std::copy(next, next + kSide, r);
  }

  static void move(const std::byte* from, std::int64_t column_step, std::byte* to, std::int64_t out_step) {
    Reg r[kSide];
    for (int c = 0; c < kSide; ++c) std::memcpy(&r[c], from + c * column_step, 16);
    for (int step = kSide; step > 1; step /= 2) interleave(r, std::make_index_sequence<kSide>());
    for (int row = 0; row < kSide; ++row) std::memcpy(to + row * out_step, &r[row], 16);
  }
};

template <class T>
void one_by_one(const Tile& t, std::int64_t row_from, std::int64_t row_to, std::int64_t col_from, std::int64_t col_to,
                std::byte* out, std::int64_t out_step) {
  for (std::int64_t r = row_from; r < row_to; ++r)
    for (std::int64_t c = col_from; c < col_to; ++c)
      std::memcpy(out + r * out_step + c * static_cast<std::int64_t>(sizeof(T)),
                  t.source + r * t.row_step + c * t.column_step, sizeof(T));
}

template <class T>
void gather_of(const Tile& t, std::byte* out, std::int64_t out_step) {
  constexpr std::int64_t kSide = Square<T>::kSide;
  const bool together = t.row_step == static_cast<std::int64_t>(sizeof(T));
  const std::int64_t rows = together ? t.rows / kSide * kSide : 0, cols = t.cols / kSide * kSide;
  for (std::int64_t c = 0; c < cols && rows != 0; c += kSide)
    for (std::int64_t r = 0; r < rows; r += kSide)
      Square<T>::move(t.source + r * t.row_step + c * t.column_step, t.column_step,
                      out + r * out_step + c * static_cast<std::int64_t>(sizeof(T)), out_step);
  one_by_one<T>(t, 0, rows, cols, t.cols, out, out_step);
  one_by_one<T>(t, rows, t.rows, 0, t.cols, out, out_step);
}

}  // namespace

std::int64_t tile_rows(const Tile& tile) {
  const std::int64_t step = tile.row_step < 0 ? -tile.row_step : tile.row_step;
  return step == 0 ? 1 : std::clamp<std::int64_t>(kLine / step, 1, tile.rows);
}

void gather(const Tile& tile, std::byte* out, std::int64_t out_step) {
  switch (tile.element_bytes) {
    case 1: return gather_of<std::uint8_t>(tile, out, out_step);
    case 2: return gather_of<std::uint16_t>(tile, out, out_step);
    case 4: return gather_of<std::uint32_t>(tile, out, out_step);
    default: return gather_of<std::uint64_t>(tile, out, out_step);
  }
}

}  // namespace topkit::cpu
