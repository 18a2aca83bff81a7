// topk as XLA calls it, through jax-tvm-ffi: everything is static but the operands, and every output, workspace too, is
// XLA's own memory.
#include <tvm/ffi/tvm_ffi.h>

#include <array>
#include <string>

#include "call.hpp"

namespace topkit::python {
namespace {

using ffi::Optional;
using ffi::String;
using ffi::TensorView;

constexpr std::int64_t kAlignment = 256;  // of the workspace that tk_topk takes; XLA does not promise as much

// Of those that this machine can run, as binding.cpp lists them; NULL beyond.
const char* isa_name(std::int64_t index) {
  for (std::int32_t i = 0; i < tk_isa_count(); ++i)
    if (tk_isa_available(i) != 0 && index-- == 0) return tk_isa_name(i);
  return nullptr;
}

// Which of the operands that every call has are meant, and the algorithm. python/topkit/jax.py packs the same bits.
struct Given {
  std::int64_t bits;

  bool lengths() const { return (bits & 1) != 0; }
  bool starts() const { return (bits & 2) != 0; }
  bool row_k() const { return (bits & 4) != 0; }
  bool ids() const { return (bits & 8) != 0; }
  bool fill() const { return (bits & 16) != 0; }
  // Of tk_algorithm_name and of isa_name, from 1 on; 0: the plan chooses.
  Optional<String> algorithm() const {
    const char* name = tk_algorithm_name(static_cast<std::int32_t>(bits >> 5 & 255) - 1);
    const char* isa = (bits >> 13 & 7) != 0 ? isa_name((bits >> 13 & 7) - 1) : nullptr;
    std::string both = name != nullptr ? name : "";
    if (isa != nullptr) both += std::string("/") + isa;
    return both.empty() ? Optional<String>() : Optional<String>(String(both));
  }
  std::int64_t threads() const { return bits >> 16; }
};

template <class T>
Optional<T> when(bool given, const T& value) {
  return given ? Optional<T>(value) : Optional<T>();
}

void topk_xla(std::int64_t k, std::int64_t mode, std::int64_t type, std::int64_t given_bits, std::int64_t fill,
              TensorView x, TensorView lengths, TensorView starts, TensorView row_k, TensorView ids, TensorView values,
              TensorView indices, TensorView workspace) {
  const Given given{given_bits};
  View in(x, type), out_values(values, type), out_indices(indices);
  Options options(-1, mode, given.threads());
  options.by_row(when(given.lengths(), lengths), when(given.starts(), starts), when(given.row_k(), row_k),
                 when(given.ids(), ids));
  options.fill(when(given.fill(), fill));
  options.algorithm(given.algorithm());
  DLTensor scratch = *View(workspace).get();
  const auto address = reinterpret_cast<std::intptr_t>(scratch.data) + static_cast<std::intptr_t>(scratch.byte_offset);
  const std::int64_t skipped = -address & (kAlignment - 1);
  std::int64_t size = scratch.shape[0] - skipped;
  scratch.byte_offset += static_cast<std::uint64_t>(skipped);
  scratch.shape = &size;
  check(tk_topk(in.get(), k, options.get(), out_values.get(), out_indices.get(),
                on_cuda(x.device()) && size > 0 ? &scratch : nullptr, current_stream(x.device())));
}

// Bytes of the workspace operand of topk_xla on CUDA: at this time there are only shapes.
std::int64_t xla_workspace(std::int64_t rows, std::int64_t cols, std::int64_t type, std::int64_t k, std::int64_t mode,
                           std::int64_t given_bits, std::int64_t index_bits) {
  const Given given{given_bits};
  std::array<std::int64_t, 2> shape{rows, cols};
  const auto tensor = [&](std::int32_t axes, std::int64_t* lengths, DLDataType of) {
    DLTensor made{};
    made.device = {kDLCUDA, 0};
    made.ndim = axes;
    made.dtype = of;
    made.shape = lengths;
    return made;
  };
  DLTensor x = tensor(2, shape.data(), type_of(type)), by_row = tensor(1, shape.data(), {kDLInt, 32, 1});
  DLTensor ids = tensor(1, shape.data() + 1, {kDLInt, static_cast<std::uint8_t>(index_bits), 1});
  Options made(-1, mode);
  made.algorithm(given.algorithm());
  tk_options options = *made.get();
  options.lengths = given.lengths() ? &by_row : nullptr;
  options.starts = given.starts() ? &by_row : nullptr;
  options.row_k = given.row_k() ? &by_row : nullptr;
  options.ids = given.ids() ? &ids : nullptr;
  std::size_t bytes = 0;
  check(tk_topk_workspace(&x, k, &options, nullptr, nullptr, &bytes));
  return bytes == 0 ? 0 : static_cast<std::int64_t>(bytes) + kAlignment - 1;
}

}  // namespace
}  // namespace topkit::python

TVM_FFI_DLL_EXPORT_TYPED_FUNC(topk_xla, topkit::python::topk_xla)
TVM_FFI_DLL_EXPORT_TYPED_FUNC(xla_workspace, topkit::python::xla_workspace)
