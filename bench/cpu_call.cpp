#include "cpu_call.hpp"

#include <fmt/format.h>

#include "plan_text.hpp"
#include "tk_call.hpp"

namespace topkit::bench {

CpuCall::CpuCall(const Case& c, const Choice& choice)
    : in_shape_{c.rows, c.cols},
      out_shape_{c.rows, c.k},
      algorithm_(choice.algorithm),
      isa_(choice.isa),
      x_(matrix(nullptr, kDLCPU, info(c.dtype).dl, in_shape_)),
      values_(matrix(nullptr, kDLCPU, info(c.dtype).dl, out_shape_)),
      indices_(matrix(nullptr, kDLCPU, {kDLInt, 64, 1}, out_shape_)) {
  tk_options_init(&options_);
  options_.order = static_cast<std::int32_t>(c.order);
  options_.threads = choice.threads;
  options_.tuning = choice.tuning;
  if (!algorithm_.empty()) options_.algorithm = algorithm_.c_str();
  if (!isa_.empty()) options_.isa = isa_.c_str();
}

void CpuCall::run(const void* x, void* values, std::int64_t* indices) {
  x_.data = const_cast<void*>(x);
  values_.data = values;
  indices_.data = indices;
  check(tk_topk(&x_, out_shape_[1], &options_, &values_, &indices_, nullptr, nullptr));
}

std::string CpuCall::algorithm() const {
  std::string plan(1000, '\0');
  check(tk_explain(&x_, out_shape_[1], &options_, plan.data(), plan.size(), nullptr));
  return fmt::format("{}/{}", line_of(plan, "algorithm"), line_of(plan, "isa"));
}

}  // namespace topkit::bench
