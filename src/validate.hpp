// From the pointers of a call to a Problem and its Args, or a Failure that names the argument, the value and the rule.
#pragma once

#include <cstddef>
#include <cstdint>

#include "args.hpp"
#include "cpu/engine.hpp"
#include "plan.hpp"
#include "slabs.hpp"
#include "tensor.hpp"
#include "topkit/topkit.h"
#include "tuning_table.hpp"

namespace topkit {

// The arguments of tk_topk as they came.
struct Request {
  const DLTensor* x = nullptr;
  std::int64_t k = 0;
  const tk_options* options = nullptr;
  const DLTensor* values = nullptr;
  const DLTensor* indices = nullptr;
  const DLTensor* workspace = nullptr;
  void* stream = nullptr;
};

// A call that may run: everything an engine needs but the plan.
struct Call {
  Args args;    // of the first slab, as is its Problem
  Slabs slabs;  // one, but for tensors of many strides on the CPU
  Wish wish;
  const TuningTable* tuning = nullptr;  // the caller's; nullptr: the built-in one
  cpu::Pool pool;
  int ordinal = 0;  // CUDA device
  void* workspace = nullptr;
  std::size_t workspace_bytes = 0;
  void* stream = nullptr;
};

// Use::query: shapes and options only; data pointers, workspace and the contents of row arrays are not looked at, and
// outputs may both be absent (then both are wanted, indices as int64).
Call validate(const Request& request, Use use);

// After the plan is known: the workspace is there, large enough and aligned.
void check_workspace(const Call& call, const Plan& plan);

}  // namespace topkit
