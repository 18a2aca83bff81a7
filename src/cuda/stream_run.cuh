// Host side of the stream kernel, shared by topk_stream.cu, which compiles it, and topk_grid.cu.
#pragma once

#include <algorithm>

#include "kernels.hpp"
#include "launch.hpp"
#include "stream.cuh"

namespace topkit::cuda {

inline StreamShape stream_shape(const Plan& plan, const Problem& problem) {
  StreamShape shape{};
  const auto k = static_cast<int>(std::min(problem.k, problem.cols));
  shape.blocks = plan.cluster_blocks;
  shape.parts = 1;
  shape.capacity = round_up_power_of_two(std::max(4 * k, 3 * plan.block_threads));
  shape.capacity = std::clamp(shape.capacity, 2048, kStreamPerThread * plan.block_threads);
  shape.joined = 4 * k <= plan.block_threads * shape.blocks ? 1 : 0;
  // Enough groups for k, and enough of the row that the list need not be cut often.
  shape.sample_rounds = 4;
  while (shape.sample_rounds < 16 && shape.joined == 0 &&
         stream_groups(shape, plan.block_threads) * shape.blocks < 4 * k)
    shape.sample_rounds *= 2;
  return shape;
}

// Starts the stream kernel: plan threads (256 or 512), every row in shape.parts parts.
void launch_stream(const char* name, const StreamShape& shape, int threads, const Args& args, Stream stream);

}  // namespace topkit::cuda
