// Log-probabilities of many rows, read once.
//
// Regime: rows that the shared memory of a cluster holds, short or of more ids than sample_logprobs_tiles.cu takes, or of logits that are
// changed first.
// Passes over memory: one.
// Limit: bandwidth; weights are half as much work as can be hidden behind it.
// Ideas: sample_logprobs_rows.cuh.
#include "sample_launch.hpp"
#include "sample_logprobs_rows.cuh"

namespace topkit::cuda {
namespace {

template <class L>
void launch_rows(const SampleShape& whole, const SampleArgs& args, Stream stream) {
  for_launches(args.problem.rows, whole.log_blocks, [&](std::int64_t row, unsigned grid) {
    SampleRowsLaunch all{args, whole};
    all.shape.first_row = row;
    launch(sample_logprobs_rows<L>,
           LaunchShape{.kernel = "sample_logprobs_rows",
                       .grid = grid,
                       .block = kSampleThreads,
                       .cluster = 1U << whole.log_blocks,
                       .shared_bytes = sample_shared_bytes(whole, true),
                       .stream = stream,
                       .pdl = true},
           all);
  });
}

}  // namespace

void logprobs_of_rows(const SampleShape& shape, const SampleArgs& args, Stream stream) {
  switch (args.problem.dtype) {
    case DType::bf16: return launch_rows<LogitBf16>(shape, args, stream);
    case DType::f16: return launch_rows<LogitF16>(shape, args, stream);
    default: return launch_rows<LogitF32>(shape, args, stream);
  }
}

}  // namespace topkit::cuda
