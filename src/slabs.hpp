// Tensors whose rows need more than the two strides of a Layout: the leading axes are walked here, one engine call a slab.
#pragma once

#include <array>
#include <cstdint>

#include "args.hpp"
#include "tensor.hpp"

namespace topkit {

struct Slabs {
  struct Axis {
    std::int64_t length, x_bytes, values_bytes, indices_bytes;  // one step along the axis
  };
  std::int64_t count = 1;
  std::int64_t rows = 0;  // of one slab
  int rank = 0;
  std::array<Axis, kMaxRank> axes;  // the first `rank` are set

  // The arguments of slab s, given those of slab 0.
  Args at(const Args& first, std::int64_t s) const;
};

// The fewest leading axes that must be walked so that x and the outputs that are not null have a Layout behind them.
int axes_to_walk(const Tensor& x, const Tensor* values, const Tensor* indices, int axis);

Slabs walk(const Tensor& x, const Tensor* values, const Tensor* indices, int axis, int walked, std::int64_t rows);

}  // namespace topkit
