// The floor of a selection on the GPU: a streaming maximum over the same bytes, by the fastest of several launch shapes.
#pragma once

#include <cstdint>
#include <span>

#include "cuda_memory.hpp"

namespace topkit::bench {

struct FloorShape {
  int threads;      // of a block
  int vectors;      // 16-byte loads in flight in each thread
  bool persistent;  // as many blocks as fit at once, each in a loop; else one pass a block
};
std::span<const FloorShape> floor_shapes();

// Words that launch_floor writes: the maximum of every warp.
std::int64_t floor_outputs(const FloorShape& shape, std::int64_t bytes, int sms);

// The maximum of the 32-bit words of x (16-byte aligned; less than a word at the end is left out).
void launch_floor(const FloorShape& shape, const void* x, std::int64_t bytes, int sms, std::int32_t* out,
                  cudaStream_t stream);

// The same by the plainest loop, to hold the others against.
std::int32_t plain_max(const void* x, std::int64_t bytes, cudaStream_t stream);
std::int32_t max_of_outputs(const std::int32_t* out, std::int64_t count, cudaStream_t stream);

}  // namespace topkit::bench
