// One call of tk_topk in every respect that the contract lets a caller choose.
#pragma once

#include <cstdint>
#include <ostream>
#include <string_view>

#include "buffers.hpp"
#include "problem.hpp"

namespace topkit::test {

// Where the rows of x lie.
enum class Shape : std::uint8_t {
  packed,       // [rows, cols], strides NULL
  padded,       // row stride > cols, the gap filled with values that beat every other
  overlapping,  // row stride < cols
  broadcast,    // row stride 0
  spread,       // column stride 3
  axis_first,   // [cols, rows], axis 0
  axis_middle,  // [rows / 2, cols, 2], axis 1
  cube,         // [rows / 2, 2, cols] with a byte offset
};
inline constexpr int kShapes = 8;

enum class Ids : std::uint8_t { none, per_column, per_place };

struct Request {
  DType dtype = DType::f32;
  std::int64_t rows = 2, cols = 0, k = 0;  // rows is even where shape needs a second axis
  bool largest = true;
  Nan nan = Nan::largest;
  Order order = Order::value;
  IndexType index_type = IndexType::i64;
  bool values = true, indices = true;
  bool lengths = false, starts = false, row_k = false;
  IndexType row_type = IndexType::i32;  // of lengths, starts and row_k
  Ids ids = Ids::none;
  bool fill = false;
  bool padded_output = false;
  Shape shape = Shape::packed;
  Edge edge = Edge::end;
  std::string_view distribution = "normal";
  std::uint64_t seed = 1;
};

std::ostream& operator<<(std::ostream& out, const Request& request);

// A request of the given size whose options are drawn from `seed`: over many seeds, every pair of option values meets.
Request drawn(DType dtype, std::int64_t rows, std::int64_t cols, std::int64_t k, std::uint64_t seed);

// Rows that differ as the low four bits of `choice` say: lengths (always where k > cols), starts, k by row, a fill value.
Request ragged(DType dtype, std::int64_t rows, std::int64_t cols, std::int64_t k, int choice);

}  // namespace topkit::test
