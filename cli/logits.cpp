#include "cli/logits.hpp"

#include <cstring>

#include "cli/error.hpp"

namespace topkit::cli {

Logits::Logits(const Tensor& tensor) {
  const TensorView& view = tensor.view();
  const bool narrowed = view.dtype == DType::f64;
  if (!narrowed && view.dtype != DType::f32 && view.dtype != DType::f16 && view.dtype != DType::bf16)
    invalid("{}: is {}, logits are f32, f16, bf16 or f64", tensor.name(), name(view.dtype));
  if (view.shape.empty() || view.shape.back() < 1)
    invalid("{}: has shape {}, a row of logits has at least one token", tensor.name(), shape_text(view.shape));
  shape_[1] = view.shape.back();
  for (std::size_t i = 0; i + 1 < view.shape.size(); ++i) shape_[0] *= view.shape[i];
  dl_ = tensor.dl();
  dl_.ndim = 2;
  dl_.shape = shape_.data();
  dl_.strides = nullptr;
  if (narrowed || !tensor.aligned() || view.strides != row_major_strides(view.shape)) copy(tensor);
}

void Logits::copy(const Tensor& tensor) {
  const TensorView& view = tensor.view();
  const DLTensor from = tensor.dl();
  const auto* source = static_cast<const std::byte*>(from.data) + from.byte_offset;
  const bool narrowed = view.dtype == DType::f64;
  const auto size = static_cast<std::size_t>(bytes(view.dtype)), kept = narrowed ? sizeof(float) : size;
  packed_.resize(static_cast<std::size_t>(shape_[0] * shape_[1]) * kept);
  Shape at(view.shape.size(), 0);
  std::byte* out = packed_.data();
  for (std::int64_t left = shape_[0] * shape_[1]; left > 0; --left, out += kept) {
    std::int64_t place = 0;
    for (std::size_t i = 0; i < at.size(); ++i) place += at[i] * view.strides[i];
    const std::byte* element = source + static_cast<std::size_t>(place) * size;
    if (narrowed) {
      double wide = 0;
      std::memcpy(&wide, element, sizeof(wide));
      const auto narrow = static_cast<float>(wide);
      std::memcpy(out, &narrow, sizeof(narrow));
    } else {
      std::memcpy(out, element, size);
    }
    for (std::size_t i = at.size(); i-- > 0;) {
      if (++at[i] < view.shape[i]) break;
      at[i] = 0;
    }
  }
  dl_.data = packed_.data();
  dl_.byte_offset = 0;
  if (narrowed) dl_.dtype = info(DType::f32).dl;
}

}  // namespace topkit::cli
