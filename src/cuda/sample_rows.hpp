// How rows of logits are given to a kernel that has each in the registers of a cluster.
#pragma once

#include "cluster.cuh"
#include "sample_element.hpp"
#include "sample_launch.hpp"

namespace topkit::cuda {

// Calls start.operator()<E>() with the element of the logits' type.
template <class F>
void with_logits(DType dtype, F start) {
  switch (dtype) {
    case DType::bf16: return start.template operator()<Bf16Logit>();
    case DType::f16: return start.template operator()<F16Logit>();
    default: return start.template operator()<F32Logit>();
  }
}

// Starts `kernel` on all rows. Launched: what it takes, {args, element, shape}; aside_bytes: what it keeps of a share in shared memory.
template <class Launched>
void launch_in_clusters(const char* name, void (*kernel)(Launched), const ClusterShape& whole, const SampleArgs& args,
                        Stream stream, std::size_t aside_bytes) {
  for_launches(args.problem.rows, whole.log_blocks, [&](std::int64_t row, unsigned grid) {
    Launched all{args, decltype(Launched::element)(Problem{}), whole};
    all.shape.first_row = row;
    LaunchShape shape = cluster_launch(name, whole, (grid >> whole.log_blocks) * whole.blocks(), stream);
    shape.shared_bytes += aside_bytes;
    launch(kernel, shape, all);
  });
}

}  // namespace topkit::cuda
