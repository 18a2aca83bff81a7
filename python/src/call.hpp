// What Python packs into few arguments (each costs its conversion), unpacked into the C interface's structs.
#pragma once

#include <tvm/ffi/tvm_ffi.h>

#include <cstdint>

#include "errors.hpp"
#include "topkit/topkit.h"

namespace topkit::python {

namespace ffi = tvm::ffi;

// python/topkit/_call.py packs the same bits.
struct Mode {
  std::int64_t bits;

  std::int32_t largest() const { return static_cast<std::int32_t>(bits & 1); }
  std::int32_t order() const { return static_cast<std::int32_t>(bits >> 1 & 3); }
  std::int32_t nan() const { return static_cast<std::int32_t>(bits >> 3 & 1); }
};

inline tk_options options_of(std::int64_t axis, Mode mode) {
  tk_options options;
  tk_options_init(&options);
  options.axis = axis >= INT32_MIN && axis <= INT32_MAX ? static_cast<std::int32_t>(axis) : INT32_MAX;
  options.largest = mode.largest();
  options.order = mode.order();
  options.nan = mode.nan();
  return options;
}

// The tensor as the C interface takes it. `type`, when not 0, is the element type of bytes that the framework knows
// under another name (code * 256 + bits).
class View {
 public:
  View() = default;
  explicit View(const ffi::TensorView& from, std::int64_t type = 0) : used_(true) {
    tensor_.data = from.data_ptr();
    tensor_.device = from.device();
    tensor_.ndim = from.ndim();
    tensor_.dtype = from.dtype();
    tensor_.byte_offset = from.byte_offset();
    tensor_.shape = const_cast<std::int64_t*>(from.shape().data());
    tensor_.strides = from.ndim() == 0 ? nullptr : const_cast<std::int64_t*>(from.strides().data());
    if (type != 0) tensor_.dtype = {static_cast<std::uint8_t>(type / 256), static_cast<std::uint8_t>(type % 256), 1};
  }
  explicit View(const ffi::Optional<ffi::TensorView>& from, std::int64_t type = 0)
      : View(from.has_value() ? View(from.value(), type) : View()) {}

  DLTensor* get() { return used_ ? &tensor_ : nullptr; }

 private:
  DLTensor tensor_{};
  bool used_ = false;
};

}  // namespace topkit::python
