// Stream: one pass over rows too long for registers.
//
// Regime: rows of 64k columns and more when there are enough of them to fill the device, k up to 2048; few rows are split
// over a cluster (sm_90 and newer).
// Passes over memory: one, and the sample, which the caches mostly keep.
// Limit: bandwidth.
// Ideas: stream.cuh.
#include "by_element.hpp"
#include "stream_best.cuh"
#include "stream_run.cuh"

namespace topkit::cuda {
namespace {

template <bool kClustered, class E>
void launch_rows(const StreamShape& whole, const Args& args, const E& element, Stream stream) {
  constexpr std::int64_t kMostBlocks = 1 << 30;
  const std::int64_t most_rows = kMostBlocks / whole.blocks;
  for (std::int64_t row = 0; row < args.problem.rows; row += most_rows) {
    const std::int64_t rows = std::min(most_rows, args.problem.rows - row);
    StreamArgs<E> all{args, element, whole};
    all.shape.first_row = row;
    launch(stream_kernel<E, kClustered>,
           LaunchShape{.kernel = "topk_stream",
                       .grid = static_cast<unsigned>(rows * whole.blocks),
                       .block = kStreamThreads,
                       .cluster = static_cast<unsigned>(whole.blocks),
                       .shared_bytes = stream_shared_bytes(whole, static_cast<int>(args.problem.k)),
                       .stream = stream},
           all);
  }
}

template <class E>
void launch_best(int blocks, const Args& args, const E& element, Stream stream) {
  constexpr std::int64_t kMostBlocks = 1 << 30;
  for (std::int64_t row = 0; row < args.problem.rows; row += kMostBlocks / blocks) {
    const std::int64_t rows = std::min(kMostBlocks / blocks, args.problem.rows - row);
    launch(best_kernel<E>,
           LaunchShape{.kernel = "topk_stream",
                       .grid = static_cast<unsigned>(rows * blocks),
                       .block = kBestThreads,
                       .cluster = static_cast<unsigned>(blocks),
                       .stream = stream},
           BestArgs<E>{args, element, blocks, row});
  }
}

}  // namespace

void run_stream(const Plan& plan, const Args& args, void*, Stream stream) {
  if (args.problem.k == 1)
    return with_element(args.problem,
                        [&](const auto& element) { launch_best(plan.cluster_blocks, args, element, stream); });
  const StreamShape shape = stream_shape(plan, args.problem);
  with_element(args.problem, [&](const auto& element) {
    if (shape.blocks > 1) return launch_rows<true>(shape, args, element, stream);
    launch_rows<false>(shape, args, element, stream);
  });
}

}  // namespace topkit::cuda
