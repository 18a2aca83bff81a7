// Sampling of nuclei: a token of every row among the fewest best that weigh p of all, in one launch, whatever they are.
//
// Regime: any rows; top-p alone, and no output but tokens and valid flags.
// Passes over memory: one, and a second for what shared memory does not hold.
// Limit: Philox and bandwidth for many rows, latency for few.
// Ideas: sample_top_p.cuh; the exponential race, also known as Gumbel-max.
#include <algorithm>

#include "sample_launch.hpp"
#include "sample_top_p.cuh"

namespace topkit::cuda {
namespace {

template <class L>
void launch_rows(int log_blocks, int kept, const SampleArgs& args, Stream stream) {
  using Raws = typename LogitRow<L>::Raws;
  constexpr std::int64_t kOfThread = 4 * kTopPSpan / kSampleThreads;  // tokens in a span
  const std::int64_t quads = (args.problem.cols + 3) / 4, share = (quads + (1 << log_blocks) - 1) >> log_blocks;
  const auto ring = static_cast<std::uint32_t>(
      std::clamp<std::int64_t>((share + kTopPSpan - 1) / kTopPSpan, 1, std::max<std::int64_t>(kept / kOfThread, 1)));
  for_launches(args.problem.rows, log_blocks, [&](std::int64_t row, unsigned grid) {
    launch(sample_top_p_kernel<L>,
           LaunchShape{.kernel = "sample_top_p",
                       .grid = grid,
                       .block = kSampleThreads,
                       .cluster = 1U << log_blocks,
                       .shared_bytes = ring * kTopPSpan * sizeof(Raws),
                       .stream = stream,
                       .pdl = true},
           SampleTopPLaunch{args, log_blocks, row, ring});
  });
}

}  // namespace

void sample_top_p(int blocks, int kept, const SampleArgs& args, Stream stream) {
  int log_blocks = 0;
  while (log_blocks < kLogMostTopP && 1 << log_blocks < blocks) ++log_blocks;
  switch (args.problem.dtype) {
    case DType::bf16: return launch_rows<LogitBf16>(log_blocks, kept, args, stream);
    case DType::f16: return launch_rows<LogitF16>(log_blocks, kept, args, stream);
    default: return launch_rows<LogitF32>(log_blocks, kept, args, stream);
  }
}

}  // namespace topkit::cuda
