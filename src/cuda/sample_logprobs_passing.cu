// Log-probabilities of many rows whose logits are not changed, read once.
//
// Regime: more rows than the clusters of sample_logprobs.cu have room for at once, of up to 64 ids each.
// Passes over memory: one.
// Limit: bandwidth, for many rows.
// Ideas: sample_logprobs_passing.cuh.
#include "sample_launch.hpp"
#include "sample_logprobs_passing.cuh"

namespace topkit::cuda {
namespace {

template <class L>
void launch_passing(int log_blocks, std::int64_t clusters, const SampleArgs& args, void* workspace, Stream stream) {
  const SamplePassingLaunch all{args, log_blocks, passing_share(args.problem, log_blocks), clusters,
                                static_cast<PassedRow*>(workspace)};
  launch(sample_logprobs_passing<L>,
         LaunchShape{.kernel = "sample_logprobs_passing",
                     .grid = static_cast<unsigned>(clusters << log_blocks),
                     .block = kPassingThreads,
                     .cluster = 1U << log_blocks,
                     .shared_bytes = passing_shared_bytes(args.problem, log_blocks),
                     .stream = stream,
                     .pdl = true},
         all);
  launch(sample_logprobs_passed<L>,
         LaunchShape{.kernel = "sample_logprobs_passed",
                     .grid = static_cast<unsigned>((args.problem.rows + kPassedWarps - 1) / kPassedWarps),
                     .block = kPassedWarps * kWarp,
                     .stream = stream,
                     .pdl = true},
         all);
}

}  // namespace

void logprobs_of_passing_rows(int log_blocks, std::int64_t clusters, const SampleArgs& args, void* workspace,
                              Stream stream) {
  switch (args.problem.dtype) {
    case DType::bf16: return launch_passing<LogitBf16>(log_blocks, clusters, args, workspace, stream);
    case DType::f16: return launch_passing<LogitF16>(log_blocks, clusters, args, workspace, stream);
    default: return launch_passing<LogitF32>(log_blocks, clusters, args, workspace, stream);
  }
}

}  // namespace topkit::cuda
