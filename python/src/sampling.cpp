// tk_sample, tk_filter and tk_topn_logprobs as functions of apache-tvm-ffi. They have too many parameters for a typed
// signature: a cursor reads the positional arguments in the order that python/topkit/_sampling.py packs them.
#include "topkit/sampling.h"

#include <tvm/ffi/tvm_ffi.h>

#include <deque>

#include "call.hpp"

namespace topkit::python {
namespace {

using ffi::Optional;
using ffi::String;
using ffi::TensorView;

// Owns the tensors that its pointers lead to.
class Arguments {
 public:
  Arguments(const TVMFFIAny* args, std::int32_t count)
      : next_(reinterpret_cast<const ffi::AnyView*>(args)), end_(next_ + count) {}

  template <class T>
  T take() {
    if (next_ == end_) TVM_FFI_THROW(TypeError) << "an argument is missing";
    return (next_++)->cast<T>();
  }

  DLTensor* tensor(std::int64_t type = 0) { return views_.emplace_back(take<Optional<TensorView>>(), type).get(); }

  const char* name() {
    const auto given = take<Optional<String>>();
    return given.has_value() ? names_.emplace_back(given.value()).c_str() : nullptr;
  }

 private:
  const ffi::AnyView *next_, *end_;
  std::deque<View> views_;
  std::deque<String> names_;
};

tk_sampling sampling(Arguments& from) {
  tk_sampling options;
  tk_sampling_init(&options);
  options.temperature = static_cast<float>(from.take<double>());
  options.top_k = static_cast<std::int32_t>(from.take<std::int64_t>());
  options.top_p = static_cast<float>(from.take<double>());
  options.min_p = static_cast<float>(from.take<double>());
  options.seed = static_cast<std::uint64_t>(from.take<std::int64_t>());
  options.position = static_cast<std::uint64_t>(from.take<std::int64_t>());
  options.draw = static_cast<std::uint32_t>(from.take<std::int64_t>());
  options.softcap = static_cast<float>(from.take<double>());
  options.row_temperature = from.tensor();
  options.row_top_k = from.tensor();
  options.row_top_p = from.tensor();
  options.row_min_p = from.tensor();
  options.row_seed = from.tensor();
  options.row_position = from.tensor();
  options.bias_ids = from.tensor();
  options.bias = from.tensor();
  options.mask = from.tensor();
  options.mask_map = from.tensor();
  options.row_map = from.tensor();
  options.lengths = from.tensor();
  const auto rules = from.take<std::int64_t>();  // as sampling_rules packs them
  options.top_p_of = static_cast<std::int32_t>(rules & 3);
  options.top_p_inclusive = static_cast<std::int32_t>(rules >> 2 & 1);
  options.temperature_last = static_cast<std::int32_t>(rules >> 3 & 1);
  options.logprob_of = static_cast<std::int32_t>(rules >> 4 & 1);
  options.algorithm = from.name();
  options.threads = static_cast<std::int32_t>(from.take<std::int64_t>());
  return options;
}

// The operations: their outputs in the order they are packed, the call, and the size of its workspace.
struct Sample {
  tk_sampled out;

  explicit Sample(Arguments& from) {
    tk_sampled_init(&out);
    out.tokens = from.tensor();
    out.logprobs = from.tensor();
    out.kept = from.tensor();
    out.valid = from.tensor();
    out.candidates = from.tensor();
    out.candidate_logprobs = from.tensor();
  }
  tk_status bytes(const DLTensor* logits, const tk_sampling* options, std::size_t* needed) const {
    return tk_sample_workspace(logits, options, &out, needed);
  }
  tk_status run(const DLTensor* logits, const tk_sampling* options, DLTensor* workspace, void* stream) const {
    return tk_sample(logits, options, &out, workspace, stream);
  }
};

struct Filter {
  tk_filter_form form;
  DLTensor* out;

  explicit Filter(Arguments& from) : form(static_cast<tk_filter_form>(from.take<std::int64_t>())), out(from.tensor()) {}
  tk_status bytes(const DLTensor* logits, const tk_sampling* options, std::size_t* needed) const {
    return tk_filter_workspace(logits, options, form, out, needed);
  }
  tk_status run(const DLTensor* logits, const tk_sampling* options, DLTensor* workspace, void* stream) const {
    return tk_filter(logits, options, form, out, workspace, stream);
  }
};

struct TopnLogprobs {
  tk_logprobs out;

  explicit TopnLogprobs(Arguments& from) {
    tk_logprobs_init(&out);
    out.tokens = from.tensor();
    out.probes = from.tensor();
    out.row_n = from.tensor();
    out.ids = from.tensor();
    out.logprobs = from.tensor();
    out.token_logprobs = from.tensor();
    out.token_ranks = from.tensor();
    out.probe_logprobs = from.tensor();
    out.logsumexp = from.tensor();
  }
  tk_status bytes(const DLTensor* logits, const tk_sampling* options, std::size_t* needed) const {
    return tk_topn_logprobs_workspace(logits, options, &out, needed);
  }
  tk_status run(const DLTensor* logits, const tk_sampling* options, DLTensor* workspace, void* stream) const {
    return tk_topn_logprobs(logits, options, &out, workspace, stream);
  }
};

// (logits, their element type or 0, options, the operation's own, workspace, stream): the last two as with_workspace.
template <class Operation>
std::int64_t call(const TVMFFIAny* args, std::int32_t count) {
  Arguments from(args, count);
  const auto x = from.take<TensorView>();
  View logits(x, from.take<std::int64_t>());
  const tk_sampling options = sampling(from);
  const Operation operation(from);
  const auto workspace = from.take<Optional<TensorView>>();
  const auto stream = from.take<Optional<std::int64_t>>();
  return with_workspace(
      x.device(), workspace, stream, [&](std::size_t* bytes) { return operation.bytes(logits.get(), &options, bytes); },
      [&](DLTensor* scratch, void* queue) { return operation.run(logits.get(), &options, scratch, queue); });
}

// The rules of a preset, packed.
std::int64_t sampling_rules(const String& preset) {
  tk_sampling options;
  tk_sampling_init(&options);
  check(tk_sampling_preset(&options, preset.c_str()));
  return options.top_p_of | options.top_p_inclusive << 2 | options.temperature_last << 3;
}

}  // namespace
}  // namespace topkit::python

#define TOPKIT_EXPORT(name, Operation)                                                                        \
  extern "C" TVM_FFI_DLL_EXPORT int __tvm_ffi_##name(void*, const TVMFFIAny* args, std::int32_t count,        \
                                                     TVMFFIAny* result) {                                     \
    TVM_FFI_SAFE_CALL_BEGIN();                                                                                \
    *reinterpret_cast<tvm::ffi::Any*>(result) = topkit::python::call<topkit::python::Operation>(args, count); \
    TVM_FFI_SAFE_CALL_END();                                                                                  \
  }
TOPKIT_EXPORT(sample, Sample)
TOPKIT_EXPORT(filter, Filter)
TOPKIT_EXPORT(topn_logprobs, TopnLogprobs)
TVM_FFI_DLL_EXPORT_TYPED_FUNC(sampling_rules, topkit::python::sampling_rules)
