// How a sampling problem is solved on CUDA.
#include <algorithm>

#include "../algorithms.hpp"
#include "../cuda/cluster_shape.hpp"
#include "../cuda/sample_shape.hpp"
#include "../status.hpp"
#include "../tuning.hpp"
#include "plan.hpp"

namespace topkit {
namespace {

// Blocks that share a row, as a logarithm: as few as hold it, up to eight while multiprocessors are idle, or so that two of
// them share a multiprocessor where the kernel is made for that. -1: none hold it.
int spread(const SampleProblem& p, const Device& device) {
  const int most = device.capability >= 90 ? cuda::kLogMostSampleBlocks : 0;
  int log_blocks = 0;
  while (log_blocks < most && !cuda::sample_holds(p, log_blocks, device.shared_bytes)) ++log_blocks;
  if (!cuda::sample_holds(p, log_blocks, device.shared_bytes)) return -1;
  if (p.op == SampleOp::logprobs)
    while (log_blocks < std::min(most, 3) && !cuda::sample_holds(p, log_blocks, device.shared_bytes / 2)) ++log_blocks;
  constexpr std::int64_t kFewTokens = 2048;  // of a block: fewer gain nothing from a neighbour
  while (log_blocks < std::min(most, 3) && (p.rows << (log_blocks + 1)) <= device.sms &&
         p.cols >> log_blocks > kFewTokens)
    ++log_blocks;
  return log_blocks;
}

constexpr std::int64_t kShort = 4096;  // columns: a block or a warp selects them

// Rows that clusters draw from sooner than stream does. Topk's clusters take more: those that draw keep no part of a row aside, and are
// not as few blocks as hold it.
constexpr std::int64_t kNearBytes = 48 << 20;

// The selection of `selected`: the cluster's kernel, which draws in the same launch, while its clusters are about as many as
// the device has room for at once; else what topk would take.
Plan selection(const SampleProblem& p, const Device& device) {
  const Problem best = cuda::sample_selection(p);
  const bool few = p.rows <= device.sms && p.cols > kShort;
  Wish wish;
  if (few && device.capability >= 90 && cuda::cluster_holds(best)) wish.algorithm = info(Algorithm::cuda_cluster).name;
  Plan plan = choose(best, device, built_in_tuning(), wish);
  if (wish.algorithm.empty() &&
      (plan.algorithm == Algorithm::cuda_cluster || plan.algorithm == Algorithm::cuda_radix)) {
    // Of long rows stream and clusters draw in the launch that selects, which radix does not; short ones are a block's.
    const bool a_block = info(Algorithm::cuda_block).can(best), is_short = p.cols <= kShort;
    const bool clusters = device.capability >= 90 && cuda::cluster_holds(best) &&
                          cuda::clusters_outrun_stream(best, device.sms, kNearBytes);
    std::string_view other;
    if (is_short && a_block && plan.algorithm == Algorithm::cuda_cluster) other = info(Algorithm::cuda_block).name;
    if (!is_short && !a_block && best.k <= cuda::kClusterMostK)
      other = info(clusters ? Algorithm::cuda_cluster : Algorithm::cuda_stream).name;
    if (!other.empty()) plan = choose(best, device, built_in_tuning(), {.algorithm = other});
  }
  if (plan.algorithm != Algorithm::cuda_cluster) return plan;
  // What is drawn needs a list, of one token too.
  plan.cluster_blocks = cuda::drawing_spread(best, device.sms).blocks;
  return plan;
}

// Whether there are many more tiles than warps at once: then a second tile of each comes while it weighs the first.
bool fills_often(const SampleProblem& p, const Device& device) {
  constexpr std::int64_t kWarpsAnSm = 32, kOften = 4;
  return p.rows * cuda::tiles_of(p.cols) > kOften * kWarpsAnSm * device.sms;
}

// Blocks of a cluster that read a row together, where its size does not matter; those of all rows, where they are few, find `places`.
int streaming_blocks(const SampleProblem& p, const Device& device, std::int64_t places) {
  // A race is arithmetic, of which each of sixteen blocks has half; but many clusters of sixteen wait for their places.
  const bool sixteen = cuda::streams_top_p(p) && 32 * p.rows <= device.sms;
  const int most = device.capability < 90 ? 0 : sixteen ? cuda::kLogMostTopP : 3;
  constexpr std::int64_t kFewTokens = 8192;  // of a block
  int blocks = 0;
  while (blocks < most && (p.rows << (blocks + 1)) <= places && p.cols >> blocks > kFewTokens) ++blocks;
  return 1 << blocks;
}

}  // namespace

SamplePlan choose_sample_cuda(const SampleProblem& problem, const Device& device, const Wish& wish) {
  if (!wish.isa.empty()) invalid("isa = {}: instruction sets are the CPU's, and logits is on CUDA", wish.isa);
  if (device.capability < 80)
    fail(TK_UNSUPPORTED, "logits is on a CUDA device of capability {}.{}: topkit needs 8.0 or newer",
         device.capability / 10, device.capability % 10);
  const int log_blocks = spread(problem, device);
  SamplePlan plan;
  if (!wish.algorithm.empty()) {
    plan.algorithm = wished_sample_algorithm(problem, wish);
    plan.why = "the caller forced it";
    if (plan.algorithm == SampleAlgorithm::cuda_resident && log_blocks < 0)
      fail(TK_UNSUPPORTED, "algorithm = resident: the device's shared memory does not hold a row of {} columns",
           problem.cols);
  } else if (!info(SampleAlgorithm::cuda_reread).can(problem)) {
    fail(TK_UNSUPPORTED, "logits is on CUDA: needs {}, but the problem is {}", info(SampleAlgorithm::cuda_reread).needs,
         to_string(problem));
  } else if (problem.cols > kShort && cuda::goes_by_tiles(problem)) {
    plan.algorithm = SampleAlgorithm::cuda_tiles;
    plan.why = "logits as they are: a tile needs to know nothing of the others";
  } else if (info(SampleAlgorithm::cuda_selected).can(problem) &&
             (log_blocks < 0 || (problem.rows << log_blocks) > 4LL * device.sms ||
              (problem.cols > kShort && selection(problem, device).algorithm == Algorithm::cuda_cluster))) {
    plan.algorithm = SampleAlgorithm::cuda_selected;
    plan.why = "topk's kernel finds the few tokens that are asked about";
  } else if (cuda::sample_streams(problem)) {
    plan.algorithm = SampleAlgorithm::cuda_reread;
    plan.why = "every token may be drawn and nothing else is asked: one pass";
  } else if (cuda::streams_top_p(problem)) {
    plan.algorithm = SampleAlgorithm::cuda_reread;
    plan.why = "a token of a nucleus is all that is asked: a race, and what weighs before its winner";
  } else if (log_blocks >= 0) {
    plan.algorithm = SampleAlgorithm::cuda_resident;
    plan.why = "the row fits the shared memory of a cluster";
  } else {
    plan.algorithm = SampleAlgorithm::cuda_reread;
    plan.why = "the row does not fit the shared memory of a cluster";
  }
  plan.launches = 1;
  plan.block_threads = cuda::kSampleThreads;
  switch (plan.algorithm) {
    case SampleAlgorithm::cuda_selected:
      plan.topk = selection(problem, device);
      if (cuda::draws_in_one_launch(plan.topk, problem)) {
        plan.launches = problem.top_k > 0 ? 1 : 2;
        // Its blocks, of rows without a k, each wait for a multiprocessor that those of the first launch have left.
        plan.cluster_blocks = streaming_blocks(problem, device, device.sms / 2);
        break;
      }
      plan.launches = plan.topk.launches + 2;
      plan.workspace_bytes = cuda::sample_given_bytes(problem) + plan.topk.workspace_bytes;
      break;
    case SampleAlgorithm::cuda_tiles:
      plan.launches = 2;
      plan.block_threads = 32 * cuda::kTileWarps;
      plan.items_per_thread = static_cast<int>(sampling::kTile) / 32 * (fills_often(problem, device) ? 2 : 1);
      plan.workspace_bytes = cuda::tiled_bytes(problem);
      break;
    case SampleAlgorithm::cuda_reread:
      plan.cluster_blocks = streaming_blocks(
          problem, device, device.sms * (cuda::sample_streams(problem) || cuda::streams_top_p(problem) ? 2 : 1));
      if (cuda::streams_top_p(problem)) plan.items_per_thread = cuda::top_p_kept(problem, device.shared_bytes);
      break;
    default: {
      const int held = std::max(log_blocks, 0);  // resident was refused above where it is negative
      plan.cluster_blocks = 1 << held;
      plan.items_per_thread = static_cast<int>(cuda::sample_shape(problem, held).share / cuda::kSampleThreads);
    }
  }
  return plan;
}

}  // namespace topkit
