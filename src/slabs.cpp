#include "slabs.hpp"

namespace topkit {
namespace {

const void* moved(const void* data, std::int64_t bytes) {
  return data == nullptr ? nullptr : static_cast<const std::byte*>(data) + bytes;
}
void* moved(void* data, std::int64_t bytes) {
  return data == nullptr ? nullptr : static_cast<std::byte*>(data) + bytes;
}

RowArray moved(RowArray array, std::int64_t rows) {
  array.data = moved(array.data, rows * array.stride * (array.type == IndexType::i32 ? 4 : 8));
  return array;
}

std::int64_t step(const Tensor* tensor, int axis) {
  return tensor == nullptr ? 0 : tensor->strides[static_cast<std::size_t>(axis)] * tensor->element_bytes();
}

}  // namespace

int axes_to_walk(const Tensor& x, const Tensor* values, const Tensor* indices, int axis) {
  for (int walked = 0;; ++walked) {  // ends: with all axes walked, one stride is left
    bool fits = true;
    for (const Tensor* tensor : {&x, values, indices})
      fits = fits && (tensor == nullptr || layout_along(*tensor, axis, walked).has_value());
    if (fits) return walked;
  }
}

Slabs walk(const Tensor& x, const Tensor* values, const Tensor* indices, int axis, int walked, std::int64_t rows) {
  Slabs slabs;
  for (int i = 0; i < walked; ++i) {
    if (i == axis) continue;
    slabs.axes[static_cast<std::size_t>(slabs.rank++)] = {x.shape[i], step(&x, i), step(values, i), step(indices, i)};
    slabs.count *= rows == 0 ? 1 : x.shape[i];
  }
  slabs.rows = rows / slabs.count;
  return slabs;
}

Args Slabs::at(const Args& first, std::int64_t s) const {
  Args args = first;
  const std::int64_t row = s * rows;
  for (int i = rank - 1; i >= 0; --i) {
    const Axis& axis = axes[static_cast<std::size_t>(i)];
    const std::int64_t place = s % axis.length;
    s /= axis.length;
    args.x = moved(args.x, place * axis.x_bytes);
    args.values = moved(args.values, place * axis.values_bytes);
    args.indices = moved(args.indices, place * axis.indices_bytes);
  }
  args.lengths = moved(args.lengths, row);
  args.starts = moved(args.starts, row);
  args.row_k = moved(args.row_k, row);
  args.ids = moved(args.ids, args.ids_layout.row(row) * (args.problem.index_type == IndexType::i32 ? 4 : 8));
  return args;
}

}  // namespace topkit
