// topkit's C interface as functions of apache-tvm-ffi: one build serves every Python and every framework, whose tensors
// arrive through DLPack and whose allocator and current stream through its exchange table.
#include <tvm/ffi/tvm_ffi.h>

#include <string>

#include "call.hpp"

namespace topkit::python {
namespace {

using ffi::Optional;
using ffi::String;
using ffi::TensorView;

// Everything the C interface can do, into tensors that are there. The last two and the result: with_workspace.
std::int64_t topk_into(TensorView x, std::int64_t k, std::int64_t axis, std::int64_t mode, std::int64_t type,
                       Optional<TensorView> values, Optional<TensorView> indices, Optional<TensorView> lengths,
                       Optional<TensorView> starts, Optional<TensorView> row_k, Optional<TensorView> ids,
                       Optional<std::int64_t> fill, Optional<String> algorithm, std::int64_t threads,
                       Optional<TensorView> workspace, Optional<std::int64_t> stream) {
  View in(x, type), out_values(values, type), out_indices(indices);
  Options options(axis, mode, threads);
  options.by_row(lengths, starts, row_k, ids);
  options.fill(fill);
  options.algorithm(algorithm);
  return with_workspace(
      x.device(), workspace, stream,
      [&](std::size_t* bytes) {
        return tk_topk_workspace(in.get(), k, options.get(), out_values.get(), out_indices.get(), bytes);
      },
      [&](DLTensor* scratch, void* queue) {
        return tk_topk(in.get(), k, options.get(), out_values.get(), out_indices.get(), scratch, queue);
      });
}

std::int64_t merge_into(TensorView values, TensorView ids, std::int64_t k, std::int64_t mode, std::int64_t type,
                        Optional<TensorView> out_values, Optional<TensorView> out_ids, Optional<std::int64_t> fill,
                        std::int64_t threads, Optional<TensorView> workspace, Optional<std::int64_t> stream) {
  View in_values(values, type), in_ids(ids), best_values(out_values, type), best_ids(out_ids);
  Options options(-1, mode, threads);
  options.fill(fill);
  return with_workspace(
      values.device(), workspace, stream,
      [&](std::size_t* bytes) {
        return tk_merge_topk_workspace(in_values.get(), in_ids.get(), k, options.get(), bytes);
      },
      [&](DLTensor* scratch, void* queue) {
        return tk_merge_topk(in_values.get(), in_ids.get(), k, options.get(), best_values.get(), best_ids.get(),
                             scratch, queue);
      });
}

String explain(ffi::Shape shape, std::int64_t type, std::int64_t device, std::int64_t ordinal, std::int64_t k,
               std::int64_t axis, std::int64_t mode, Optional<String> algorithm, std::int64_t threads) {
  DLTensor x{};
  x.device = {static_cast<DLDeviceType>(device), static_cast<std::int32_t>(ordinal)};
  x.ndim = static_cast<std::int32_t>(shape.size());
  x.dtype = type_of(type);
  x.shape = const_cast<std::int64_t*>(shape.data());
  Options options(axis, mode, threads);
  options.algorithm(algorithm);
  std::size_t needed = 0;
  check(tk_explain(&x, k, options.get(), nullptr, 0, &needed));
  std::string text(needed, '\0');
  check(tk_explain(&x, k, options.get(), text.data(), text.size(), nullptr));
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
TVM_FFI_DLL_EXPORT_TYPED_FUNC(merge_into, topkit::python::merge_into)
TVM_FFI_DLL_EXPORT_TYPED_FUNC(explain, topkit::python::explain)
TVM_FFI_DLL_EXPORT_TYPED_FUNC(version, topkit::python::version)
TVM_FFI_DLL_EXPORT_TYPED_FUNC(algorithms, topkit::python::algorithms)
TVM_FFI_DLL_EXPORT_TYPED_FUNC(isas, topkit::python::isas)
