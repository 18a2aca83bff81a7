// What a reader promises of every view it returns.
#pragma once

#include <cstdlib>

#include "cli/tensor.hpp"

namespace topkit::fuzz {

// Aborts unless the view's elements, reached by its strides, are exactly its bytes, and those lie inside `size` bytes.
inline void expect_inside(const cli::TensorView& view, std::size_t size) {
  const auto check = [](bool holds) {
    if (!holds) std::abort();
  };
  check(view.offset <= size && view.size <= size - view.offset);
  check(!view.shape.empty() && view.shape.size() == view.strides.size());
  std::int64_t elements = 1, last = 0;
  for (std::size_t i = 0; i < view.shape.size(); ++i) {
    check(view.shape[i] >= 0 && view.strides[i] >= 0);
    elements *= view.shape[i];
    last += (view.shape[i] - 1) * view.strides[i];
  }
  check(static_cast<std::size_t>(elements * bytes(view.dtype)) == view.size);
  check(elements == 0 || last + 1 == elements);
}

}  // namespace topkit::fuzz
