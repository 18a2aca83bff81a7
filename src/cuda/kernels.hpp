// One function an algorithm, defined in the .cu of its name: runs a plan on the current device. Throws LaunchError.
#pragma once

#include "../args.hpp"
#include "../plan.hpp"

namespace topkit::cuda {

using Run = void(const Plan& plan, const Args& args, void* workspace, void* stream);

[[gnu::weak]] Run run_warp;     // topk_warp.cu
[[gnu::weak]] Run run_block;    // topk_block.cu
[[gnu::weak]] Run run_cluster;  // topk_cluster.cu
[[gnu::weak]] Run run_stream;   // topk_stream.cu
[[gnu::weak]] Run run_grid;     // topk_grid.cu
[[gnu::weak]] Run run_radix;    // topk_radix.cu

}  // namespace topkit::cuda
