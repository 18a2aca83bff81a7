// CUDA runtime calls with their results looked at.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "launch.hpp"

namespace topkit::cuda {

inline void check(cudaError_t result, const char* what) {
  if (result == cudaSuccess) return;
  cudaGetLastError();  // reported here, so not again by the next call
  throw LaunchError(std::string(what) + ": " + cudaGetErrorName(result) + ", " + cudaGetErrorString(result));
}

}  // namespace topkit::cuda
