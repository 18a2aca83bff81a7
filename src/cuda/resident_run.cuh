// Host side of the resident kernel: from a plan's numbers to a launch.
#pragma once

#include <algorithm>

#include "by_element.hpp"
#include "kernels.hpp"
#include "launch.hpp"
#include "resident.cuh"

namespace topkit::cuda {

// Candidates a row may have before the bound is raised: room for what the bound lets through, and for k.
inline int resident_capacity(std::int64_t k) {
  return round_up_power_of_two(static_cast<int>(k <= 32 ? 128 : k <= 256 ? 3 * k : 2 * k));
}

inline ResidentShape resident_shape(const Plan& plan, const Problem& problem) {
  ResidentShape shape{};
  shape.blocks = plan.cluster_blocks;
  shape.capacity = resident_capacity(problem.k);
  // Four groups a wanted element make the bound tight; more cost time to search.
  const int threads = plan.cluster_blocks * plan.block_threads;
  shape.group_lanes = 32;
  while (shape.group_lanes > 1 && threads / shape.group_lanes < std::max<std::int64_t>(128, 3 * problem.k))
    shape.group_lanes /= 2;
  shape.push = shape.blocks * shape.capacity <= 8192 ? 1 : 0;
  return shape;
}

template <int kThreads, int kVecs, bool kClustered, class E>
void launch_resident(const char* name, const ResidentShape& whole, const Args& args, const E& element, void* stream) {
  constexpr std::int64_t kMostBlocks = 1 << 30;
  const std::int64_t most_rows = kMostBlocks / whole.blocks;
  for (std::int64_t row = 0; row < args.problem.rows; row += most_rows) {
    const std::int64_t rows = std::min(most_rows, args.problem.rows - row);
    ResidentArgs<E> all{args, element, whole};
    all.shape.first_row = row;
    launch(resident_kernel<E, kThreads, kVecs, kClustered>,
           LaunchShape{.kernel = name,
                       .grid = static_cast<unsigned>(rows * whole.blocks),
                       .block = kThreads,
                       .cluster = static_cast<unsigned>(whole.blocks),
                       .shared_bytes = resident_shared_bytes(whole, kThreads),
                       .stream = stream},
           all);
  }
}

}  // namespace topkit::cuda
