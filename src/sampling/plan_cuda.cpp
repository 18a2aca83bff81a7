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
// the device has room for at once; else what topk would take. Log-probabilities are the cluster's.
Plan selection(const SampleProblem& p, const Device& device) {
  const Problem best = cuda::sample_selection(p);
  const bool looks_up = p.op == SampleOp::logprobs, few = p.rows <= device.sms && p.cols > kShort;
  Wish wish;
  if ((looks_up || few) && device.capability >= 90 && cuda::cluster_holds(best))
    wish.algorithm = info(Algorithm::cuda_cluster).name;
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
  plan.cluster_blocks = cuda::even_cluster_spread(best, device.sms).blocks;
  if (!looks_up) return plan;
  // Every token is weighed: few a thread, so that two blocks share a multiprocessor, and fewer while many are idle.
  constexpr std::int64_t kIdle = 65536;  // columns
  const std::int64_t granules = cuda::cluster_granules(best);
  int log_blocks = 3;
  while (log_blocks < cuda::kLogMaxCluster &&
         (2 * cuda::cluster_vecs(granules, 1 << log_blocks) > cuda::cluster_most_vecs(best) ||
          (p.cols > kIdle && p.rows << (log_blocks + 1) <= device.sms)))
    ++log_blocks;
  plan.cluster_blocks = 1 << log_blocks;
  return plan;
}

// Whether the cluster's kernel is faster than what holds rows in shared memory: measured. Log-probabilities of more rows than the
// device has room for wait for whole clusters of sixteen.
bool pays(const SampleProblem& p, const Plan& selection, const Device& device) {
  if (selection.algorithm != Algorithm::cuda_cluster) return false;
  return p.op == SampleOp::sample || p.rows * selection.cluster_blocks <= 2LL * device.sms;
}

bool selects(const SampleProblem& p, const Device& device) {
  if (!info(SampleAlgorithm::cuda_selected).can(p)) return false;
  return p.op != SampleOp::logprobs || device.capability >= 90;
}

// Blocks of a cluster that read a row together, where its size does not matter.
int streaming_blocks(const SampleProblem& p, const Device& device, int blocks_an_sm) {
  // A race is arithmetic, of which each of sixteen blocks has half; but many clusters of sixteen wait for their places.
  const bool sixteen = cuda::streams_top_p(p) && 32 * p.rows <= device.sms;
  const int most = device.capability < 90 ? 0 : sixteen ? cuda::kLogMostTopP : 3;
  constexpr std::int64_t kFewTokens = 8192;  // of a block
  int blocks = 0;
  while (blocks < most && (p.rows << (blocks + 1)) <= std::int64_t{blocks_an_sm} * device.sms &&
         p.cols >> blocks > kFewTokens)
    ++blocks;
  return 1 << blocks;
}

// Clusters of a block a multiprocessor that an H100 takes at once: a tenth of its multiprocessors are in groups that hold no
// cluster of four or eight more.
std::int64_t clusters_at_once(int log_blocks, const Device& device) {
  const int two_each = 2 * device.sms >> log_blocks;
  return std::max((log_blocks < 2 ? two_each : two_each * 10 / 11) / 2, 1);
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
    if (plan.algorithm == SampleAlgorithm::cuda_selected && !selects(problem, device))
      fail(TK_UNSUPPORTED, "algorithm = selected: topn_logprobs needs capability 9.0 for it, the device has {}.{}",
           device.capability / 10, device.capability % 10);
    if (plan.algorithm == SampleAlgorithm::cuda_resident && log_blocks < 0)
      fail(TK_UNSUPPORTED, "algorithm = resident: the device's shared memory does not hold a row of {} columns",
           problem.cols);
  } else if (!info(SampleAlgorithm::cuda_reread).can(problem)) {
    fail(TK_UNSUPPORTED, "logits is on CUDA: needs {}, but the problem is {}", info(SampleAlgorithm::cuda_reread).needs,
         to_string(problem));
  } else if (selects(problem, device) &&
             (log_blocks < 0 || (problem.op == SampleOp::sample && (problem.rows << log_blocks) > 4LL * device.sms) ||
              (problem.cols > kShort && pays(problem, selection(problem, device), device)))) {
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
        plan.launches = problem.op == SampleOp::logprobs || problem.top_k > 0 ? 1 : 2;
        plan.cluster_blocks = streaming_blocks(problem, device, 1);
        break;
      }
      plan.launches = plan.topk.launches + 2;
      plan.workspace_bytes = cuda::sample_given_bytes(problem) + plan.topk.workspace_bytes;
      break;
    case SampleAlgorithm::cuda_reread:
      plan.cluster_blocks =
          streaming_blocks(problem, device, cuda::sample_streams(problem) || cuda::streams_top_p(problem) ? 2 : 1);
      if (cuda::streams_top_p(problem)) plan.items_per_thread = cuda::top_p_kept(problem, device.shared_bytes);
      break;
    default: {
      const int held = std::max(log_blocks, 0);  // resident was refused above where it is negative
      plan.cluster_blocks = 1 << held;
      plan.items_per_thread = static_cast<int>(cuda::sample_shape(problem, held).share / cuda::kSampleThreads);
      const int passing =
          device.capability >= 90 && problem.cols > kShort ? cuda::passing_blocks(problem, device.shared_bytes) : 0;
      if (passing > 0 && cuda::sample_holds(problem, passing, device.shared_bytes)) {
        plan.cluster_blocks = 1 << passing;
        plan.clusters = std::min(problem.rows, clusters_at_once(passing, device));
        plan.launches = 2;
        plan.workspace_bytes = cuda::passing_workspace_bytes(problem, passing);
      }
    }
  }
  return plan;
}

}  // namespace topkit
