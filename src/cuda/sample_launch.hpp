// The kernels of sampling that have a unit of their own, as run_sample calls them. Throw LaunchError.
#pragma once

#include "../args.hpp"
#include "../plan.hpp"
#include "../sampling/args.hpp"
#include "launch.hpp"
#include "sample_shape.hpp"

namespace topkit::cuda {

// The draws among the k best; `plan` is of the selection, for the cluster kernel. Rows without a k are left alone.
void sample_in_cluster(const Plan& plan, const Args& selection, const SampleArgs& args, Stream stream);

// A token of every row, among all of its tokens, where nothing else is asked for; blocks: of a cluster, that is of a row.
void sample_in_stream(int blocks, const SampleArgs& args, Stream stream);

}  // namespace topkit::cuda
