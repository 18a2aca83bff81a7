// Sampling: a token of every row of logits, in one launch; filtered rows and log-probabilities.
//
// Regime: rows of up to some 100k tokens, one to many. Resident: a row in the shared memory of a cluster of blocks, read
// once. Reread: rows that do not fit there, or no clusters: every step reads the row again.
// Passes over memory: one (resident).
// Limit: latency for few rows, bandwidth for many.
// Ideas: sample_kernel.cuh; bounds from group maxima, Dr. Top-k (SC 21); the exponential race, also known as Gumbel-max.
#include <algorithm>

#include "../algorithms.hpp"
#include "kernels.hpp"
#include "launch.hpp"
#include "sample_given.cuh"
#include "sample_kernel.cuh"
#include "sample_launch.hpp"

namespace topkit::cuda {
namespace {

int log_blocks_of(const SamplePlan& plan) {
  int log_blocks = 0;
  while (1 << log_blocks < plan.cluster_blocks) ++log_blocks;
  return log_blocks;
}
SampleShape shape_of(const SamplePlan& plan, const SampleProblem& p) { return sample_shape(p, log_blocks_of(plan)); }

template <class L, bool kResident>
void launch_rows(const SampleShape& whole, const SampleArgs& args, Stream stream) {
  for_launches(args.problem.rows, whole.log_blocks, [&](std::int64_t row, unsigned grid) {
    SampleLaunch all{args, whole};
    all.shape.first_row = row;
    launch(sample_kernel<L, kResident>,
           LaunchShape{.kernel = "sample",
                       .grid = grid,
                       .block = kSampleThreads,
                       .cluster = 1U << whole.log_blocks,
                       .shared_bytes = sample_shared_bytes(whole, kResident),
                       .stream = stream,
                       .pdl = true},
           all);
  });
}

// The best of every row by topk's kernel: in one launch with the draws where that is the cluster's or the stream's, else followed by
// a warp a row that draws from the list. Rows that k leaves out, which only a k by row can, are drawn behind it.
template <class L>
void launch_selected(const SamplePlan& plan, const SampleArgs& args, std::byte* workspace, Stream stream) {
  const SampleProblem& p = args.problem;
  const std::int64_t given = sample_given(p);
  Args best;
  best.problem = sample_selection(p);
  best.x = args.x;
  const auto rows_of = [](const PerRowInt& array) { return RowArray{array.data, array.type, array.stride}; };
  best.lengths = rows_of(args.lengths);
  best.row_k = rows_of(args.top_k);
  if (draws_in_one_launch(plan.topk, p)) {
    (plan.topk.algorithm == Algorithm::cuda_cluster ? sample_in_cluster : sample_best)(plan.topk, best, args, stream);
    if (p.top_k > 0) return;
    SampleShape shape = shape_of(plan, p);
    shape.unlisted = true;
    return launch_rows<L, false>(shape, args, stream);
  }
  auto* const indices = reinterpret_cast<std::int32_t*>(workspace);
  best.values = indices + p.rows * given;
  best.indices = indices;
  best.values_layout.outer_stride = best.indices_layout.outer_stride = given;
  Run* const select = run_of(plan.topk.algorithm);
  if (select == nullptr) throw LaunchError("the selection of a sampling plan is not one of the CUDA engine");
  select(plan.topk, best, workspace + sample_given_bytes(p), stream);
  SampleShape rest = sample_shape(p, 0);
  rest.unlisted = true;
  rest.given = {static_cast<int>(given), best.values};
  launch(sample_given_kernel<L>,
         LaunchShape{.kernel = "sample_given",
                     .grid = static_cast<unsigned>((p.rows + kGivenWarps - 1) / kGivenWarps),
                     .block = kGivenWarps * kWarp,
                     .shared_bytes = kGivenWarps * sizeof(EndRoom),
                     .stream = stream,
                     .pdl = true},
         SampleGivenLaunch{args, rest.given, indices});
  launch_rows<L, false>(rest, args, stream);
}

template <class L>
void launch_type(const SamplePlan& plan, const SampleArgs& args, void* workspace, Stream stream) {
  if (plan.algorithm == SampleAlgorithm::cuda_selected)
    return launch_selected<L>(plan, args, static_cast<std::byte*>(workspace), stream);
  const SampleShape shape = shape_of(plan, args.problem);
  if (plan.algorithm == SampleAlgorithm::cuda_resident) return launch_rows<L, true>(shape, args, stream);
  launch_rows<L, false>(shape, args, stream);
}

}  // namespace

void run_sample(const SamplePlan& plan, const SampleArgs& args, void* workspace, void* stream) {
  if (plan.algorithm == SampleAlgorithm::cuda_reread && sample_streams(args.problem))
    return sample_in_stream(plan.cluster_blocks, args, stream);
  if (plan.algorithm == SampleAlgorithm::cuda_reread && streams_top_p(args.problem))
    return sample_top_p(plan.cluster_blocks, plan.items_per_thread, args, stream);
  if (plan.algorithm == SampleAlgorithm::cuda_tiles)
    return logprobs_by_tiles(std::max(plan.items_per_thread * kWarp / static_cast<int>(sampling::kTile), 1), args,
                             workspace, stream);
  if (plan.algorithm == SampleAlgorithm::cuda_resident && args.problem.op == SampleOp::logprobs)
    return logprobs_of_rows(shape_of(plan, args.problem), args, stream);
  switch (args.problem.dtype) {
    case DType::bf16: return launch_type<LogitBf16>(plan, args, workspace, stream);
    case DType::f16: return launch_type<LogitF16>(plan, args, workspace, stream);
    default: return launch_type<LogitF32>(plan, args, workspace, stream);
  }
}

}  // namespace topkit::cuda
