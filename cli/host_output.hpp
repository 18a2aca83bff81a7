// An output of a call of the library on the host, and its DLTensor.
#pragma once

#include <cstdint>
#include <vector>

#include "dtype.hpp"
#include "topkit/topkit.h"

namespace topkit::cli {

template <class T>
class HostOutput {
 public:
  HostOutput(DType type, std::vector<std::int64_t> shape) : shape_(std::move(shape)) {
    std::int64_t count = 1;
    for (const std::int64_t length : shape_) count *= length;
    values.resize(static_cast<std::size_t>(count));
    dl_.data = values.data();
    dl_.device = {kDLCPU, 0};
    dl_.ndim = static_cast<std::int32_t>(shape_.size());
    dl_.dtype = info(type).dl;
    dl_.shape = shape_.data();
  }
  HostOutput(const HostOutput&) = delete;
  HostOutput& operator=(const HostOutput&) = delete;

  DLTensor* dl() { return &dl_; }
  // Of [rows, cols], or of [rows].
  const T& at(std::int64_t row, std::int64_t j = 0) const {
    return values[static_cast<std::size_t>(shape_.size() == 1 ? row : row * shape_[1] + j)];
  }

  std::vector<T> values;

 private:
  std::vector<std::int64_t> shape_;
  DLTensor dl_{};
};

}  // namespace topkit::cli
