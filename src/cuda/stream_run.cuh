// Host side of the stream kernel, shared by topk_stream.cu and sample_best.cu.
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
  // A few times k candidates, and room to cut rarely.
  shape.capacity = k <= 256 ? 2048 : k <= 1024 ? 4096 : 8192;
  // A sample of about 100 of the k best: then the survivors are fewest for the groups that there are.
  constexpr float kMostMean = 150;
  const int vecs = vectors_of(problem);
  const std::int64_t chunk = kChunk * 16 / bytes(problem.dtype);
  shape.tile_vecs = vecs;
  const std::int64_t share = (problem.cols / (16 / bytes(problem.dtype)) + shape.blocks - 1) / shape.blocks;
  while (shape.tile_vecs > 1 && share <= kStreamThreads / 2 * shape.tile_vecs) shape.tile_vecs /= 2;
  const float all = static_cast<float>(chunk * kStreamWarps * shape.tile_vecs * shape.blocks);
  const float sampled = std::min(all / static_cast<float>(problem.cols), 1.0F);  // of the row
  const float mean = static_cast<float>(k) * sampled;
  shape.sample_vecs = shape.tile_vecs;
  float heard = mean;
  while (shape.sample_vecs > 1 && heard > kMostMean) {
    shape.sample_vecs /= 2;
    heard /= 2;
  }
  // Up to 512 groups: a rank near their number would be no bound. 128 where they do as well, which are searched faster.
  const int groups = mean < 20 ? kCountedGroups : kMostGroups;
  shape.lanes = std::min(shape.blocks * shape.sample_vecs, kWarp);
  shape.joined = 1;
  while (shape.joined < shape.sample_vecs && stream_groups(shape) > groups) shape.joined *= 2;
  while (shape.lanes < kWarp && stream_groups(shape) > groups) shape.lanes *= 2;
  shape.heard = shape.lanes;
  while (shape.heard > 1 && heard * static_cast<float>(shape.heard) > kMostMean * static_cast<float>(shape.lanes))
    --shape.heard;
  return shape;
}

}  // namespace topkit::cuda
