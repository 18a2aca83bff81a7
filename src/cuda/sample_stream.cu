// Sampling without filters: a token of every row among all of them, in one launch and one pass.
//
// Regime: any rows; no top-k, top-p or min-p, and no output but tokens and valid flags.
// Passes over memory: one.
// Limit: bandwidth and Philox for many rows, latency for few.
// Ideas: sample_stream.cuh; the exponential race, also known as Gumbel-max.
#include <algorithm>

#include "sample_launch.hpp"
#include "sample_stream.cuh"

namespace topkit::cuda {
namespace {

template <class L, int kThreads>
void launch_rows(int log_blocks, const SampleArgs& args, Stream stream) {
  for_launches(args.problem.rows, log_blocks, [&](std::int64_t row, unsigned grid) {
    launch(sample_stream_kernel<L, kThreads>,
           LaunchShape{.kernel = "sample_stream",
                       .grid = grid,
                       .block = kThreads,
                       .cluster = 1U << log_blocks,
                       .stream = stream,
                       .pdl = true},
           SampleStreamLaunch{args, log_blocks, row});
  });
}

template <int kThreads>
void launch_type(int log_blocks, const SampleArgs& args, Stream stream) {
  switch (args.problem.dtype) {
    case DType::bf16: return launch_rows<LogitBf16, kThreads>(log_blocks, args, stream);
    case DType::f16: return launch_rows<LogitF16, kThreads>(log_blocks, args, stream);
    default: return launch_rows<LogitF32, kThreads>(log_blocks, args, stream);
  }
}

}  // namespace

void sample_in_stream(int blocks, const SampleArgs& args, Stream stream) {
  int log_blocks = 0;
  while (log_blocks < kLogMostStreamed && 1 << log_blocks < blocks) ++log_blocks;
  // Many clusters of large blocks leave multiprocessors idle that have no room for a whole one.
  constexpr std::int64_t kManyBlocks = 64;
  if (log_blocks > 0 && args.problem.rows << log_blocks > kManyBlocks)
    return launch_type<kSampleThreads / 2>(log_blocks, args, stream);
  launch_type<kSampleThreads>(log_blocks, args, stream);
}

}  // namespace topkit::cuda
