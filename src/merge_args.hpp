// The pointers of one merge, given to a kernel by value. Everything here was checked by validate_merge().
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "problem.hpp"

namespace topkit {

struct MergeArgs {
  DeviceKind device = DeviceKind::cpu;
  DType dtype = DType::f32;
  IndexType id_type = IndexType::i64;
  Order order = Order::value;
  Nan nan = Nan::largest;
  bool largest = true;
  std::int64_t parts = 0, rows = 0, width = 0, k = 0;
  struct Cube {  // [parts, rows, width], strides in elements
    const std::byte* data = nullptr;
    std::int64_t part_stride = 0, row_stride = 0, col_stride = 1;
  } values, ids;
  struct Matrix {               // [rows, k]
    std::byte* data = nullptr;  // null when not wanted
    std::int64_t row_stride = 0, col_stride = 1;
  } out_values, out_ids;
  std::uint64_t fill = 0;  // raw bits of the value of an empty place
};

static_assert(std::is_trivially_copyable_v<MergeArgs>);

}  // namespace topkit
