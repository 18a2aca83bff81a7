// One DLTensor as an argument of a call: checked on its own, strides written out, addresses known.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "problem.hpp"
#include "topkit/topkit.h"

namespace topkit {

inline constexpr int kMaxRank = 64;

struct TensorFacts {
  std::string_view name;  // as messages call it
  DeviceKind device = DeviceKind::cpu;
  int device_id = 0;
  bool managed = false;  // CUDA managed memory: on every CUDA device
  bool written = false;  // an output or workspace
  DLDataType dtype{};
  int rank = 0;
  const std::int64_t* shape = nullptr;
  std::int64_t elements = 0;
  std::int64_t extent_bytes = 0;  // from the first element to the end of the last; 0 when empty
  std::byte* data = nullptr;      // first element; null when only shapes are asked about, or when empty

  std::int64_t element_bytes() const { return dtype.bits / 8; }
};

struct Tensor : TensorFacts {
  std::array<std::int64_t, kMaxRank> strides;  // the first `rank` are set, and copied

  Tensor() = default;
  Tensor(const Tensor& other) : TensorFacts(other) { copy_strides(other); }
  Tensor& operator=(const Tensor& other) {
    TensorFacts::operator=(other);
    copy_strides(other);
    return *this;
  }
  ~Tensor() = default;

 private:
  void copy_strides(const Tensor& other) {
    for (std::size_t axis = 0; axis < static_cast<std::size_t>(rank); ++axis) strides[axis] = other.strides[axis];
  }
};

// A query looks at shapes only; a run also needs the memory to be there.
enum class Use : bool { query, run };

// Every rule one tensor must keep by itself: non-null, rank, shape, strides, lanes, sizes within 63 bits, data non-null
// and aligned. `type_bits` come from its dtype, whose kind the caller checks first.
Tensor read_tensor(std::string_view name, const DLTensor& tensor, Use use);

// Fails unless the pointer is there and the tensor's lanes are 1.
const DLTensor& required(std::string_view name, const DLTensor* tensor);

DType element_type(std::string_view name, const DLTensor& tensor);
IndexType index_type(std::string_view name, const DLTensor& tensor);  // int32 or int64

// The layout of selecting along `axis`, the first `walked` axes left out (slabs.hpp); nothing when the others need more
// than two strides.
std::optional<Layout> layout_along(const Tensor& tensor, int axis, int walked = 0);

// Outputs only: no element shares memory with another.
void check_distinct_elements(const Tensor& tensor);

// True when no byte belongs to both. Exact for extents apart and for rows that interleave with one common stride.
bool apart(const Tensor& a, const Tensor& b);

std::string device_name(const Tensor& tensor);
std::string shape_text(const std::int64_t* shape, int rank);

}  // namespace topkit
