// Sampling among the k best of many long rows, in one launch.
//
// Regime: as topk_stream.cu; k <= 256 for all rows, or for each its own.
// Passes over memory: one.
// Limit: bandwidth; what it has on top of the selection is one warp's work at the end of a row.
// Ideas: sample_best.cuh, stream.cuh.
#include "sample_best.cuh"
#include "sample_rows.hpp"
#include "stream_run.cuh"

namespace topkit::cuda {
namespace {

template <bool kClustered, class E>
void launch_rows(const StreamShape& whole, const Args& selection, const SampleArgs& args, Stream stream) {
  int log_blocks = 0;
  while (1 << log_blocks < whole.blocks) ++log_blocks;
  for_launches(args.problem.rows, log_blocks, [&](std::int64_t row, unsigned grid) {
    SampleBestLaunch<E> all{selection, E(Problem{}), whole, args};
    all.shape.first_row = row;
    launch(stream_kernel<E, kClustered, SampleBestLaunch<E>>,
           LaunchShape{.kernel = "sample_best",
                       .grid = grid,
                       .block = kStreamThreads,
                       .cluster = static_cast<unsigned>(whole.blocks),
                       .shared_bytes = stream_shared_bytes(whole, static_cast<int>(selection.problem.k)),
                       .stream = stream,
                       .pdl = true},
           all);
  });
}

}  // namespace

void sample_best(const Plan& plan, const Args& selection, const SampleArgs& args, Stream stream) {
  const StreamShape shape = stream_shape(plan, selection.problem);
  with_logits(args.problem.dtype, [&]<class E>() {
    if (shape.blocks > 1) return launch_rows<true, E>(shape, selection, args, stream);
    launch_rows<false, E>(shape, selection, args, stream);
  });
}

}  // namespace topkit::cuda
