#include "cuda_call.hpp"

#include "plan_text.hpp"
#include "tk_call.hpp"

namespace topkit::bench {

CudaCall::CudaCall(const Case& c, const std::string& algorithm, const void* x, const std::int32_t* lengths,
                   void* values, void* indices, int index_bytes, const tk_tuning* tuning)
    : in_shape_{c.rows, c.cols},
      out_shape_{c.rows, c.k},
      rows_shape_{c.rows},
      wished_(algorithm),
      x_(matrix(const_cast<void*>(x), kDLCUDA, info(c.dtype).dl, in_shape_)),
      lengths_{.data = const_cast<std::int32_t*>(lengths),
               .device = {kDLCUDA, 0},
               .ndim = 1,
               .dtype = {kDLInt, 32, 1},
               .shape = rows_shape_.data(),
               .strides = nullptr,
               .byte_offset = 0},
      values_(matrix(values, kDLCUDA, info(c.dtype).dl, out_shape_)),
      indices_(matrix(indices, kDLCUDA, {kDLInt, static_cast<std::uint8_t>(8 * index_bytes), 1}, out_shape_)) {
  tk_options_init(&options_);
  options_.order = static_cast<std::int32_t>(c.order);
  options_.tuning = tuning;
  if (lengths != nullptr) options_.lengths = &lengths_;
  if (!wished_.empty()) options_.algorithm = wished_.c_str();
  std::size_t bytes = 0;
  check(tk_topk_workspace(&x_, c.k, &options_, &values_, &indices_, &bytes));
  workspace_shape_[0] = static_cast<std::int64_t>(bytes);
  if (bytes > 0) workspace_.reserve(bytes);
  workspace_tensor_ = {.data = workspace_.data(),
                       .device = {kDLCUDA, 0},
                       .ndim = 1,
                       .dtype = {kDLUInt, 8, 1},
                       .shape = workspace_shape_.data(),
                       .strides = nullptr,
                       .byte_offset = 0};
  std::string plan(2000, '\0');
  check(tk_explain(&x_, c.k, &options_, plan.data(), plan.size(), nullptr));
  planned_ = line_of(plan, "algorithm");
}

void CudaCall::run(const void* x, cudaStream_t stream) {
  x_.data = const_cast<void*>(x);
  check(tk_topk(&x_, out_shape_[1], &options_, &values_, &indices_,
                workspace_shape_[0] > 0 ? &workspace_tensor_ : nullptr, stream));
}

}  // namespace topkit::bench
