// What Python packs into few arguments (each costs its conversion), unpacked into the C interface's structs.
#pragma once

#include <tvm/ffi/extra/c_env_api.h>
#include <tvm/ffi/tvm_ffi.h>

#include <cstdint>
#include <string>

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

// code * 256 + bits, as python/topkit/_call.py has them.
inline DLDataType type_of(std::int64_t code) {
  return {static_cast<std::uint8_t>(code / 256), static_cast<std::uint8_t>(code % 256), 1};
}

inline bool on_cuda(DLDevice device) { return device.device_type == kDLCUDA || device.device_type == kDLCUDAManaged; }

inline void* current_stream(DLDevice device) {
  return on_cuda(device) ? TVMFFIEnvGetStream(device.device_type, device.device_id) : nullptr;
}

// The tensor as the C interface takes it. `type`, when not 0, is the element type of bytes that the framework knows
// under another name.
class View {
 public:
  View() = default;
  explicit View(const ffi::TensorView& from, std::int64_t type = 0) : used_(true) {
    tensor_.data = from.data_ptr();
    tensor_.device = from.device();
    tensor_.ndim = from.ndim();
    tensor_.dtype = type != 0 ? type_of(type) : from.dtype();
    tensor_.byte_offset = from.byte_offset();
    tensor_.shape = const_cast<std::int64_t*>(from.shape().data());
    tensor_.strides = from.ndim() == 0 ? nullptr : const_cast<std::int64_t*>(from.strides().data());
  }
  explicit View(const ffi::Optional<ffi::TensorView>& from, std::int64_t type = 0)
      : View(from.has_value() ? View(from.value(), type) : View()) {}

  DLTensor* get() { return used_ ? &tensor_ : nullptr; }

 private:
  DLTensor tensor_{};
  bool used_ = false;
};

// tk_options, and all that its pointers lead to.
class Options {
 public:
  using Array = ffi::Optional<ffi::TensorView>;

  Options(std::int64_t axis, std::int64_t mode, std::int64_t threads = 0) {
    tk_options_init(&options_);
    options_.axis = axis >= INT32_MIN && axis <= INT32_MAX ? static_cast<std::int32_t>(axis) : INT32_MAX;
    options_.largest = Mode{mode}.largest();
    options_.order = Mode{mode}.order();
    options_.nan = Mode{mode}.nan();
    options_.threads = static_cast<std::int32_t>(threads);
  }
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  void by_row(const Array& lengths, const Array& starts, const Array& row_k, const Array& ids) {
    lengths_ = View(lengths), starts_ = View(starts), row_k_ = View(row_k), ids_ = View(ids);
    options_.lengths = lengths_.get();
    options_.starts = starts_.get();
    options_.row_k = row_k_.get();
    options_.ids = ids_.get();
  }

  void fill(const ffi::Optional<std::int64_t>& bits) {
    if (!bits.has_value()) return;
    fill_ = bits.value();
    options_.fill = &fill_;  // little-endian: the low bytes come first
  }

  // "ALGORITHM", "ALGORITHM/ISA" or "/ISA".
  void algorithm(const ffi::Optional<ffi::String>& name) {
    if (!name.has_value()) return;
    algorithm_ = name.value();
    const std::size_t slash = algorithm_.find('/');
    if (slash != std::string::npos) {
      isa_ = algorithm_.substr(slash + 1);
      algorithm_.resize(slash);
      options_.isa = isa_.c_str();
    }
    if (slash != 0) options_.algorithm = algorithm_.c_str();
  }

  const tk_options* get() const { return &options_; }

 private:
  tk_options options_;
  View lengths_, starts_, row_k_, ids_;
  std::int64_t fill_ = 0;
  std::string algorithm_, isa_;
};

// Calls `run(workspace, stream)`, where `bytes(&size)` says how much workspace it needs. Without `stream` both are of the
// framework that the tensors came from; workspace may be freed when the launch has returned, because such allocators are
// ordered by the stream they allocate for. With `stream` both are the caller's; -1: nothing is run, the size is the answer.
template <class Bytes, class Run>
std::int64_t with_workspace(DLDevice device, const ffi::Optional<ffi::TensorView>& workspace,
                            const ffi::Optional<std::int64_t>& stream, Bytes bytes, Run run) {
  std::size_t needed = 0;
  if (!stream.has_value()) {
    if (on_cuda(device)) check(bytes(&needed));
    if (needed == 0) return check(run(nullptr, current_stream(device))), 0;
    const auto size = static_cast<std::int64_t>(needed);
    const auto made =
        ffi::Tensor::FromEnvAlloc(TVMFFIEnvTensorAlloc, ffi::ShapeView(&size, 1), DLDataType{kDLUInt, 8, 1}, device);
    return check(run(const_cast<DLTensor*>(made.GetDLTensorPtr()), current_stream(device))), 0;
  }
  if (stream.value() == -1) return check(bytes(&needed)), static_cast<std::int64_t>(needed);
  View given(workspace);
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a stream arrives from Python as the number that its address is
  return check(run(given.get(), on_cuda(device) ? reinterpret_cast<void*>(stream.value()) : nullptr)), 0;
}

}  // namespace topkit::python
