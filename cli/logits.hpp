// A file as rows of logits: all axes but the last are rows.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "cli/tensor.hpp"

namespace topkit::cli {

class Logits {
 public:
  // Borrows from `tensor`, or copies: what the library does not take as it lies (float64, which becomes float32; strides,
  // bytes that are not aligned). Throws Failure for a type that holds no logits.
  explicit Logits(const Tensor& tensor);
  Logits(const Logits&) = delete;
  Logits& operator=(const Logits&) = delete;

  std::int64_t rows() const { return shape_[0]; }
  std::int64_t cols() const { return shape_[1]; }
  const DLTensor* dl() const { return &dl_; }

 private:
  void copy(const Tensor& tensor);

  std::array<std::int64_t, 2> shape_{1, 0};
  std::vector<std::byte> packed_;
  DLTensor dl_{};
};

}  // namespace topkit::cli
