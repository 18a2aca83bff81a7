// The C interface: every function is one guarded body over validate, choose and run.
#include "topkit/topkit.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "algorithms.hpp"
#include "merge.hpp"
#include "run.hpp"
#include "status.hpp"
#include "validate.hpp"

namespace topkit {
namespace {

Plan plan_of(const Call& call) {
  const Device& device = device_of(call);
  if (call.tuning == nullptr) return choose(call.args.problem, device, built_in_tuning(), call.wish);
  expect_device(*call.tuning, device, "tuning");
  return choose(call.args.problem, device, call.tuning->view(), call.wish);
}

#if defined(__x86_64__) || defined(_M_X64)
constexpr std::array kBuilt{Isa::avx512, Isa::avx2, Isa::scalar};
#elif defined(__aarch64__)
constexpr std::array kBuilt{Isa::neon, Isa::scalar};
#else
constexpr std::array kBuilt{Isa::scalar};
#endif

bool is_isa(std::int32_t index) { return index >= 0 && index < static_cast<std::int32_t>(kBuilt.size()); }
Isa isa_at(std::int32_t index) { return kBuilt[static_cast<std::size_t>(index)]; }

}  // namespace
}  // namespace topkit

using namespace topkit;

tk_status tk_topk(const DLTensor* x, int64_t k, const tk_options* options, DLTensor* values, DLTensor* indices,
                  DLTensor* workspace, void* stream) {
  return guarded([&] {
    const Call call = validate({x, k, options, values, indices, workspace, stream}, Use::run);
    const Plan plan = plan_of(call);
    check_workspace(call, plan);
    run(plan, call);
  });
}

tk_status tk_topk_workspace(const DLTensor* x, int64_t k, const tk_options* options, const DLTensor* values,
                            const DLTensor* indices, size_t* bytes) {
  return guarded([&] {
    if (bytes == nullptr) invalid("bytes = NULL: a place for the answer is required");
    *bytes = plan_of(validate({x, k, options, values, indices, nullptr, nullptr}, Use::query)).workspace_bytes;
  });
}

tk_status tk_merge_topk(const DLTensor* values, const DLTensor* ids, int64_t k, const tk_options* options,
                        DLTensor* out_values, DLTensor* out_ids, DLTensor* workspace, void* stream) {
  return guarded([&] {
    merge(validate_merge({values, ids, k, options, out_values, out_ids, workspace, stream}, Use::run));
  });
}

tk_status tk_merge_topk_workspace(const DLTensor* values, const DLTensor* ids, int64_t k, const tk_options* options,
                                  size_t* bytes) {
  return guarded([&] {
    if (bytes == nullptr) invalid("bytes = NULL: a place for the answer is required");
    *bytes = merge_workspace(validate_merge({values, ids, k, options, nullptr, nullptr, nullptr, nullptr}, Use::query));
  });
}

tk_status tk_explain(const DLTensor* x, int64_t k, const tk_options* options, char* text, size_t capacity,
                     size_t* needed) {
  return guarded([&] {
    if (text == nullptr && capacity > 0) invalid("text = NULL: capacity is {}", capacity);
    const Call call = validate({x, k, options, nullptr, nullptr, nullptr, nullptr}, Use::query);
    std::string all = "problem: " + to_string(call.args.problem) + "\n" + to_string(plan_of(call));
    if (call.slabs.count > 1) all += formatted("slabs: {}\n", call.slabs.count);  // the problem is that of one
    if (needed != nullptr) *needed = all.size() + 1;
    if (capacity == 0) return;
    const std::size_t length = std::min(all.size(), capacity - 1);
    std::memcpy(text, all.data(), length);
    text[length] = '\0';
  });
}

// The names are literals, so data() ends with 0.
int32_t tk_algorithm_count(void) { return kAlgorithms; }

const char* tk_algorithm_name(int32_t index) {
  return index >= 0 && index < kAlgorithms ? algorithms()[static_cast<std::size_t>(index)].name.data() : nullptr;
}

DLDeviceType tk_algorithm_device(int32_t index) {
  const bool cuda =
      index >= 0 && index < kAlgorithms && algorithms()[static_cast<std::size_t>(index)].device == DeviceKind::cuda;
  return cuda ? kDLCUDA : kDLCPU;
}

int32_t tk_isa_count(void) { return static_cast<int32_t>(kBuilt.size()); }

const char* tk_isa_name(int32_t index) { return is_isa(index) ? name(isa_at(index)).data() : nullptr; }

int32_t tk_isa_available(int32_t index) { return is_isa(index) && cpu_device().has(isa_at(index)) ? 1 : 0; }
