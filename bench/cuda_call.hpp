// One prepared call of tk_topk on CUDA: what is timed is what a program calls.
#pragma once

#include <array>
#include <string>

#include "cuda_memory.hpp"
#include "runner.hpp"
#include "topkit/topkit.h"

namespace topkit::bench {

class CudaCall {
 public:
  // lengths: on the device, or null. Throws std::runtime_error with topkit's sentence when the algorithm ("": the plan's) refuses the case.
  CudaCall(const Case& c, const std::string& algorithm, const void* x, const std::int32_t* lengths, void* values,
           void* indices, int index_bytes, const tk_tuning* tuning);
  CudaCall(const CudaCall&) = delete;
  CudaCall& operator=(const CudaCall&) = delete;

  void run(const void* x, cudaStream_t stream);
  const std::string& algorithm() const { return planned_; }  // as the plan names it

 private:
  std::array<std::int64_t, 2> in_shape_, out_shape_;
  std::array<std::int64_t, 1> workspace_shape_{0}, rows_shape_{0};
  std::string wished_, planned_;
  tk_options options_;
  DLTensor x_, lengths_, values_, indices_, workspace_tensor_;
  DeviceMemory workspace_;
};

}  // namespace topkit::bench
