// topkit's C interface as functions of apache-tvm-ffi: one build serves every Python and every framework, whose tensors
// arrive through DLPack and whose allocator and current stream through its exchange table.
#include <tvm/ffi/extra/c_env_api.h>
#include <tvm/ffi/tvm_ffi.h>

#include <string>

#include "call.hpp"

namespace topkit::python {
namespace {

using ffi::Optional;
using ffi::String;
using ffi::Tensor;
using ffi::TensorView;

Tensor allocate(ffi::ShapeView shape, DLDataType type, DLDevice device) {
  return Tensor::FromEnvAlloc(TVMFFIEnvTensorAlloc, shape, type, device);
}

DLTensor* borrowed(const Tensor& tensor) { return const_cast<DLTensor*>(tensor.GetDLTensorPtr()); }

bool on_cuda(DLDevice device) { return device.device_type == kDLCUDA || device.device_type == kDLCUDAManaged; }

// Runs with workspace of the framework's allocator. Freed when the launch has returned: such allocators are ordered by
// the stream they allocate for, which is the one we launch on.
void select(DLTensor& x, std::int64_t k, const tk_options& options, DLTensor* values, DLTensor* indices) {
  if (!on_cuda(x.device)) {
    check(tk_topk(&x, k, &options, values, indices, nullptr, nullptr));
    return;
  }
  std::size_t bytes = 0;
  check(tk_topk_workspace(&x, k, &options, values, indices, &bytes));
  void* stream = TVMFFIEnvGetStream(x.device.device_type, x.device.device_id);
  if (bytes == 0) {
    check(tk_topk(&x, k, &options, values, indices, nullptr, stream));
    return;
  }
  const auto size = static_cast<std::int64_t>(bytes);
  const Tensor workspace = allocate(ffi::ShapeView(&size, 1), {kDLUInt, 8, 1}, x.device);
  check(tk_topk(&x, k, &options, values, indices, borrowed(workspace), stream));
}

// Everything the C interface can do, into tensors that are there. Without `stream` it is that of x's framework.
void topk_into(TensorView x, std::int64_t k, std::int64_t axis, std::int64_t bits, std::int64_t type,
               Optional<TensorView> values, Optional<TensorView> indices, Optional<TensorView> workspace,
               Optional<std::int64_t> stream, Optional<TensorView> lengths, Optional<TensorView> starts,
               Optional<TensorView> row_k, Optional<TensorView> ids, Optional<std::int64_t> fill,
               Optional<String> algorithm, std::int64_t threads) {
  View in(x, type), out_values(values, type), out_indices(indices), out_workspace(workspace);
  View rows_lengths(lengths), rows_starts(starts), rows_k(row_k), in_ids(ids);
  tk_options options = options_of(axis, Mode{bits});
  options.lengths = rows_lengths.get();
  options.starts = rows_starts.get();
  options.row_k = rows_k.get();
  options.ids = in_ids.get();
  options.threads = static_cast<std::int32_t>(threads);
  const std::int64_t fill_bits = fill.has_value() ? fill.value() : 0;
  if (fill.has_value()) options.fill = &fill_bits;  // little-endian: the low bytes come first
  const String name = algorithm.has_value() ? algorithm.value() : String();
  if (algorithm.has_value()) options.algorithm = name.c_str();
  if (!stream.has_value() && !workspace.has_value()) {
    select(*in.get(), k, options, out_values.get(), out_indices.get());
    return;
  }
  void* queue = stream.has_value() ? reinterpret_cast<void*>(stream.value())
                                   : TVMFFIEnvGetStream(x.device().device_type, x.device().device_id);
  check(tk_topk(in.get(), k, &options, out_values.get(), out_indices.get(), out_workspace.get(),
                on_cuda(x.device()) ? queue : nullptr));
}

std::int64_t topk_workspace(TensorView x, std::int64_t k, std::int64_t axis, std::int64_t bits, std::int64_t type,
                            Optional<TensorView> lengths, Optional<TensorView> starts, Optional<TensorView> row_k,
                            Optional<TensorView> ids, Optional<String> algorithm) {
  View in(x, type), rows_lengths(lengths), rows_starts(starts), rows_k(row_k), in_ids(ids);
  tk_options options = options_of(axis, Mode{bits});
  options.lengths = rows_lengths.get();
  options.starts = rows_starts.get();
  options.row_k = rows_k.get();
  options.ids = in_ids.get();
  const String name = algorithm.has_value() ? algorithm.value() : String();
  if (algorithm.has_value()) options.algorithm = name.c_str();
  std::size_t bytes = 0;
  check(tk_topk_workspace(in.get(), k, &options, nullptr, nullptr, &bytes));
  return static_cast<std::int64_t>(bytes);
}

void merge_into(TensorView values, TensorView ids, std::int64_t k, std::int64_t bits, std::int64_t type,
                Optional<TensorView> out_values, Optional<TensorView> out_ids, Optional<std::int64_t> fill,
                std::int64_t threads) {
  View in_values(values, type), in_ids(ids), best_values(out_values, type), best_ids(out_ids);
  tk_options options = options_of(-1, Mode{bits});
  options.threads = static_cast<std::int32_t>(threads);
  const std::int64_t fill_bits = fill.has_value() ? fill.value() : 0;
  if (fill.has_value()) options.fill = &fill_bits;
  check(tk_merge_topk(
      in_values.get(), in_ids.get(), k, &options, best_values.get(), best_ids.get(), nullptr,
      on_cuda(values.device()) ? TVMFFIEnvGetStream(values.device().device_type, values.device().device_id) : nullptr));
}

String explain(ffi::Shape shape, std::int64_t type, std::int64_t device, std::int64_t ordinal, std::int64_t k,
               std::int64_t axis, std::int64_t bits, Optional<String> algorithm, std::int64_t threads) {
  DLTensor x{};
  x.device = {static_cast<DLDeviceType>(device), static_cast<std::int32_t>(ordinal)};
  x.ndim = static_cast<std::int32_t>(shape.size());
  x.dtype = {static_cast<std::uint8_t>(type / 256), static_cast<std::uint8_t>(type % 256), 1};
  x.shape = const_cast<std::int64_t*>(shape.data());
  tk_options options = options_of(axis, Mode{bits});
  options.threads = static_cast<std::int32_t>(threads);
  const String name = algorithm.has_value() ? algorithm.value() : String();
  if (algorithm.has_value()) options.algorithm = name.c_str();
  std::size_t needed = 0;
  check(tk_explain(&x, k, &options, nullptr, 0, &needed));
  std::string text(needed, '\0');
  check(tk_explain(&x, k, &options, text.data(), text.size(), nullptr));
  text.pop_back();
  return text;
}

String version() { return tk_version(); }

// "NAME DEVICE" of every algorithm, DEVICE as DLPack numbers it.
ffi::Array<String> algorithms() {
  ffi::Array<String> all;
  for (std::int32_t i = 0; i < tk_algorithm_count(); ++i)
    all.push_back(std::string(tk_algorithm_name(i)) + " " + std::to_string(tk_algorithm_device(i)));
  return all;
}

// Instruction sets that this machine can run, best first.
ffi::Array<String> isas() {
  ffi::Array<String> all;
  for (std::int32_t i = 0; i < tk_isa_count(); ++i)
    if (tk_isa_available(i) != 0) all.push_back(tk_isa_name(i));
  return all;
}

}  // namespace
}  // namespace topkit::python

TVM_FFI_DLL_EXPORT_TYPED_FUNC(topk_into, topkit::python::topk_into)
TVM_FFI_DLL_EXPORT_TYPED_FUNC(topk_workspace, topkit::python::topk_workspace)
TVM_FFI_DLL_EXPORT_TYPED_FUNC(merge_into, topkit::python::merge_into)
TVM_FFI_DLL_EXPORT_TYPED_FUNC(explain, topkit::python::explain)
TVM_FFI_DLL_EXPORT_TYPED_FUNC(version, topkit::python::version)
TVM_FFI_DLL_EXPORT_TYPED_FUNC(algorithms, topkit::python::algorithms)
TVM_FFI_DLL_EXPORT_TYPED_FUNC(isas, topkit::python::isas)
