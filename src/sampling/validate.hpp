// From the pointers of a sampling call to SampleArgs, or a Failure that names the argument, the value and the rule.
#pragma once

#include <cstddef>

#include "../cpu/engine.hpp"
#include "../plan.hpp"
#include "../tensor.hpp"
#include "args.hpp"
#include "topkit/sampling.h"

namespace topkit {

// The arguments of a call as they came; of the last three one is given.
struct SampleRequest {
  SampleOp op = SampleOp::sample;
  const DLTensor* logits = nullptr;
  const tk_sampling* options = nullptr;
  const DLTensor* workspace = nullptr;
  void* stream = nullptr;
  const tk_sampled* sampled = nullptr;
  const tk_logprobs* logprobs = nullptr;
  const DLTensor* filtered = nullptr;
  tk_filter_form form = TK_FILTER_LOGITS;
};

// A call that may run: everything an engine needs but the plan.
struct SampleCall {
  SampleArgs args;
  Wish wish;
  cpu::Pool pool;
  int ordinal = 0;  // CUDA device
  void* workspace = nullptr;
  std::size_t workspace_bytes = 0;
  void* stream = nullptr;
};

// Use::query: shapes and options only; data pointers, workspace and the contents of arrays are not looked at.
SampleCall validate(const SampleRequest& request, Use use);

}  // namespace topkit
