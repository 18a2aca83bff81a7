// One function an algorithm, defined in the .cu of its name: runs a plan on the current device. Throws LaunchError.
#pragma once

#include "../args.hpp"
#include "../merge_args.hpp"
#include "../plan.hpp"
#include "../sampling/plan.hpp"

namespace topkit::cuda {

using Run = void(const Plan& plan, const Args& args, void* workspace, void* stream);

Run run_warp;       // topk_warp.cu
Run run_block;      // topk_block.cu
Run run_cluster;    // topk_cluster.cu
Run run_stream;     // topk_stream.cu
Run run_grid;       // topk_grid.cu
Run run_radix;      // topk_radix.cu
Run run_partition;  // topk_partition.cu
Run run_sort;       // topk_sort.cu
Run run_wide;       // topk_wide.cu
Run run_select;     // topk_select.cu

// Of a CUDA algorithm; null for others. engine.cu
Run* run_of(Algorithm algorithm);

struct RadixResident;
// Rows of one block each that radix_rows_hold() says of, of fast elements. topk_radix_rows.cu
void run_radix_rows(const Args& args, const RadixResident& shape, void* stream);

void run_sample(const SamplePlan& plan, const SampleArgs& args, void* workspace, void* stream);  // sample.cu

struct MergeShape;
void run_merge(const MergeShape& shape, const MergeArgs& args, void* workspace, void* stream);  // merge.cu

}  // namespace topkit::cuda
