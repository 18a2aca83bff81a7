// Calls that must be refused before anything is launched, each with its sentence.
#include <cstring>

#include "report.hpp"
#include "trial.hpp"

namespace topkit::gpu_test {

void test_misuse(const Options&, Report& report) {
  constexpr std::int64_t kRows = 2, kCols = 1000, kBest = 10;
  const DeviceBuffer x(kRows * kCols * 4), values(kRows * kBest * 4), indices(kRows * kBest * 8), memory(1 << 20);
  std::int64_t shape_x[2]{kRows, kCols}, shape_out[2]{kRows, kBest}, bytes = 1 << 20;
  const auto expect = [&](const char* what, tk_status wanted, const char* word, const auto& change) {
    DLTensor dl_x{x.data(), {kDLCUDA, 0}, 2, {kDLFloat, 32, 1}, shape_x, nullptr, 0};
    DLTensor dl_values{values.data(), {kDLCUDA, 0}, 2, {kDLFloat, 32, 1}, shape_out, nullptr, 0};
    DLTensor dl_indices{indices.data(), {kDLCUDA, 0}, 2, {kDLInt, 64, 1}, shape_out, nullptr, 0};
    DLTensor workspace{memory.data(), {kDLCUDA, 0}, 1, {kDLUInt, 8, 1}, &bytes, nullptr, 0};
    std::int64_t k = kBest;
    change(k, dl_x, dl_values, dl_indices, workspace);
    const tk_status status = tk_topk(&dl_x, k, nullptr, &dl_values, &dl_indices, &workspace, nullptr);
    if (status == wanted && std::strstr(tk_last_error(), word) != nullptr && cudaDeviceSynchronize() == cudaSuccess)
      report.pass();
    else
      report.fail(std::string(what) + ": " + tk_status_name(status) + ", \"" + tk_last_error() + "\" lacks " + word);
  };
  expect("k above the columns", TK_INVALID_ARGUMENT, "k = 1001",
         [](auto& k, auto&, auto&, auto&, auto&) { k = kCols + 1; });
  expect("a device that is not there", TK_INVALID_ARGUMENT, "device_id = 63",
         [](auto&, auto& in, auto& v, auto& i, auto& w) {
           for (DLTensor* tensor : {&in, &v, &i, &w}) tensor->device.device_id = 63;
         });
  expect("outputs on another device kind", TK_INVALID_ARGUMENT, "values", [](auto&, auto&, auto& v, auto&, auto&) {
    v.device = {kDLCPU, 0};
  });
  expect("an output over the input", TK_INVALID_ARGUMENT, "overlaps",
         [](auto&, auto& in, auto& v, auto&, auto&) { v.data = in.data; });
  expect("a workspace that is not bytes", TK_INVALID_ARGUMENT, "workspace.dtype",
         [](auto&, auto&, auto&, auto&, auto& w) {
           w.dtype = {kDLFloat, 32, 1};
         });
}

}  // namespace topkit::gpu_test
