// Inputs made on the GPU: 2^28 numbers must not wait for a CPU.
#pragma once

#include <cstdint>

#include "cuda_memory.hpp"
#include "dtype.hpp"

namespace topkit::bench {

// `count` normally distributed elements, each a function of (seed, position) only. False for a type that it cannot write.
bool fill_normal(DType dtype, void* out, std::int64_t count, std::uint64_t seed, cudaStream_t stream);

}  // namespace topkit::bench
