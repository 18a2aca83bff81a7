// Merging sorted candidate lists: the k best of every row over all parts, by key, then by lower id.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/engine.hpp"
#include "tensor.hpp"
#include "topkit/topkit.h"

namespace topkit {

struct MergeRequest {
  const DLTensor* values = nullptr;
  const DLTensor* ids = nullptr;
  std::int64_t k = 0;
  const tk_options* options = nullptr;
  const DLTensor* out_values = nullptr;
  const DLTensor* out_ids = nullptr;
  const DLTensor* workspace = nullptr;
  void* stream = nullptr;
};

// What is left after validation: pointers, strides in elements, and how to rank.
struct MergeArgs {
  DeviceKind device = DeviceKind::cpu;
  DType dtype = DType::f32;
  IndexType id_type = IndexType::i64;
  Order order = Order::value;
  Nan nan = Nan::largest;
  bool largest = true;
  std::int64_t parts = 0, rows = 0, width = 0, k = 0;
  struct Cube {  // [parts, rows, width]
    const std::byte* data = nullptr;
    std::int64_t part_stride = 0, row_stride = 0, col_stride = 1;
  } values, ids;
  struct Matrix {               // [rows, k]
    std::byte* data = nullptr;  // null when not wanted
    std::int64_t row_stride = 0, col_stride = 1;
  } out_values, out_ids;
  std::uint64_t fill = 0;
  int threads = 0;  // 0: as many as pay
  cpu::Pool pool;
};

MergeArgs validate_merge(const MergeRequest& request, Use use);

// On the CPU. Throws std::bad_alloc before anything is written.
void merge(const MergeArgs& args);

}  // namespace topkit
