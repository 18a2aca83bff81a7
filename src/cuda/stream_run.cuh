// Host side of the stream kernel, shared by topk_stream.cu, which compiles it, and topk_grid.cu.
#pragma once

#include <algorithm>

#include "../algorithms.hpp"
#include "kernels.hpp"
#include "launch.hpp"
#include "stream.cuh"

namespace topkit::cuda {

inline int vectors_of(const Problem& problem) {
  return is_fast(problem) || bytes(problem.dtype) == 4 ? 4 : 2;  // kStreamVecs of its element
}

inline StreamShape stream_shape(const Plan& plan, const Problem& problem) {
  StreamShape shape{};
  const auto k = static_cast<int>(std::min(problem.k, problem.cols));
  shape.blocks = plan.cluster_blocks;
  shape.parts = plan.row_parts;
  // A few times k candidates, and room to cut rarely.
  shape.capacity = k <= 256 ? 2048 : k <= 1024 ? 4096 : 8192;
  // A sample of about 100 of the k best: then the survivors are fewest for the groups that there are.
  const int vecs = vectors_of(problem);
  const float chunk = 32.0F * 16 / static_cast<float>(bytes(problem.dtype));
  const float all = chunk * kStreamWarps * static_cast<float>(vecs * shape.blocks);
  const float mean = static_cast<float>(k) * (all / static_cast<float>(problem.cols));
  shape.sample_vecs = vecs;
  while (shape.sample_vecs > 1 && mean * static_cast<float>(shape.sample_vecs) > 150.0F * static_cast<float>(vecs))
    shape.sample_vecs /= 2;
  // Up to 512 groups; 128 where they do as well, which are searched faster.
  shape.joined = 1;
  while (stream_groups(shape) > kMostGroups) shape.joined *= 2;
  if (mean < 20)
    while (shape.joined < shape.sample_vecs && stream_groups(shape) > 128) shape.joined *= 2;
  // A row in parts: a sample of every 256th, as far as it does not cost much itself.
  shape.rounds = 1;
  if (shape.parts > 1) {
    while (shape.rounds < 4 && static_cast<float>(problem.cols) > 256.0F * all * static_cast<float>(shape.rounds))
      shape.rounds *= 2;
    if (shape.rounds > 1) shape.sample_vecs = shape.joined = vecs;
  }
  return shape;
}

// Starts the stream kernel: every row by shape.parts clusters of shape.blocks blocks.
void launch_stream(const char* name, const StreamShape& shape, const Args& args, Stream stream);

}  // namespace topkit::cuda
