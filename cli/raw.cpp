#include "cli/raw.hpp"

#include <utility>

#include "cli/error.hpp"

namespace topkit::cli {

TensorView read_raw(std::span<const std::byte> bytes, std::string_view file, DType dtype, Shape shape) {
  TensorView view;
  view.dtype = dtype;
  view.shape = std::move(shape);
  view.size = static_cast<std::size_t>(dense_bytes(view.shape, dtype, "--shape"));
  if (view.size != bytes.size())
    invalid("--shape = {}: with --dtype {} it is {} bytes, file {} has {}", shape_text(view.shape), name(dtype),
            view.size, file, bytes.size());
  view.strides = row_major_strides(view.shape);
  return view;
}

}  // namespace topkit::cli
