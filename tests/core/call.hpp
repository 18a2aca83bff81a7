// A small call of the C interface that a test changes in one respect and then makes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "topkit/topkit.h"

namespace topkit::test {

inline constexpr DLDataType kF32{kDLFloat, 32, 1};
inline constexpr DLDataType kF64{kDLFloat, 64, 1};
inline constexpr DLDataType kI32{kDLInt, 32, 1};
inline constexpr DLDataType kI64{kDLInt, 64, 1};
inline constexpr DLDataType kU8{kDLUInt, 8, 1};

// A DLTensor with shape, strides (NULL until set) and room of its own.
struct OwnTensor {
  std::vector<std::int64_t> shape, strides;
  std::vector<std::int64_t> room;  // int64: aligned for every type
  DLTensor dl{};

  OwnTensor(DLDataType type, std::vector<std::int64_t> dims, std::int64_t spare = 64) : shape(std::move(dims)) {
    std::int64_t count = 1;
    for (const std::int64_t length : shape) count *= length;
    room.assign(static_cast<std::size_t>(count + spare), 0);
    dl.data = room.data();
    dl.device = {kDLCPU, 0};
    dl.dtype = type;
    dl.ndim = static_cast<int>(shape.size());
    dl.shape = shape.data();
  }
  OwnTensor(const OwnTensor&) = delete;
  OwnTensor& operator=(const OwnTensor&) = delete;

  void reshape(std::vector<std::int64_t> dims) {
    shape = std::move(dims);
    dl.ndim = static_cast<int>(shape.size());
    dl.shape = shape.data();
  }
  void stride(std::vector<std::int64_t> steps) {
    strides = std::move(steps);
    dl.strides = strides.data();
  }
  template <class T>
  T* as() {
    return reinterpret_cast<T*>(room.data());
  }
  template <class T>
  void set(std::vector<T> items) {
    std::copy(items.begin(), items.end(), as<T>());
  }
};

// x [4, 6] float32, k = 3, values and indices (int64); everything right until the test changes it.
struct SmallCall {
  static constexpr std::int64_t kPoison = 0x5a5a5a5a5a5a5a5a;

  OwnTensor x{kF32, {4, 6}}, values{kF32, {4, 3}}, indices{kI64, {4, 3}};
  std::int64_t k = 3;
  tk_options options;
  const DLTensor* x_arg = &x.dl;
  DLTensor *values_arg = &values.dl, *indices_arg = &indices.dl, *workspace_arg = nullptr;
  void* stream = nullptr;

  SmallCall() {
    tk_options_init(&options);
    std::iota(x.as<float>(), x.as<float>() + 24, 0.0F);
    poison();
  }
  void poison() {
    values.room.assign(values.room.size(), kPoison);
    indices.room.assign(indices.room.size(), kPoison);
  }
  bool untouched() const {
    for (const auto* room : {&values.room, &indices.room})
      for (const std::int64_t word : *room)
        if (word != kPoison) return false;
    return true;
  }
  tk_status make() { return tk_topk(x_arg, k, &options, values_arg, indices_arg, workspace_arg, stream); }

  // "" when the call was accepted; else "status: sentence", and a complaint when something was written.
  std::string refusal() {
    poison();
    const tk_status status = make();
    if (status == TK_OK) return "";
    return std::string(tk_status_name(status)) + ": " + tk_last_error() +
           (untouched() ? "" : " (but outputs were written)");
  }
};

}  // namespace topkit::test
