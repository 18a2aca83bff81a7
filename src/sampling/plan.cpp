#include "plan.hpp"

#include <algorithm>

#include "../plan_device.hpp"
#include "../status.hpp"
#include "../text.hpp"
#include "../tuning.hpp"

namespace topkit {
namespace {

std::string_view name(SampleOp op) {
  switch (op) {
    case SampleOp::sample: return "sample";
    case SampleOp::filter: return "filter";
    case SampleOp::logprobs: return "topn_logprobs";
  }
  return "?";
}

}  // namespace

SampleAlgorithm wished_sample_algorithm(const SampleProblem& problem, const Wish& wish) {
  std::string names;
  for (const SampleAlgorithmInfo& row : sample_algorithms()) {
    if (row.device != problem.device) continue;
    names += formatted(" {}", row.name);
    if (row.name != wish.algorithm) continue;
    if (!row.can(problem))
      fail(TK_UNSUPPORTED, "algorithm = {}: needs {}, but the problem is {}", wish.algorithm, row.needs,
           to_string(problem));
    return row.algorithm;
  }
  invalid("algorithm = {}: on {} it must be one of{}", wish.algorithm, name(problem.device), names);
}

SamplePlan choose(const SampleProblem& problem, const Device& device, const Wish& wish) {
  return problem.device == DeviceKind::cpu ? choose_sample_cpu(problem, device, wish)
                                           : choose_sample_cuda(problem, device, wish);
}

SamplePlan choose_sample_cpu(const SampleProblem& problem, const Device& device, const Wish& wish) {
  SamplePlan plan;
  plan.isa = pick_isa(device, wish.isa);
  plan.algorithm = wish.algorithm.empty() ? SampleAlgorithm::rows : wished_sample_algorithm(problem, wish);
  plan.why = wish.algorithm.empty() ? "the CPU has one" : "forced by name";
  const CpuTuning& tuning = tuning_of(built_in_tuning(), plan.isa);
  const std::int64_t row_work = problem.cols * bytes(problem.dtype);
  const std::int64_t all_work = problem.rows > INT64_MAX / row_work ? INT64_MAX : problem.rows * row_work;
  const std::int64_t machine = wish.has_threads ? std::max(device.threads, 1) : 1;
  const std::int64_t threads =
      wish.threads > 0 ? wish.threads : std::clamp<std::int64_t>(all_work / tuning.thread_bytes, 1, machine);
  plan.threads = static_cast<int>(std::clamp<std::int64_t>(problem.rows, 1, threads));
  constexpr std::int64_t kTasksPerThread = 8;
  plan.rows_per_task = plan.threads == 1 ? std::max<std::int64_t>(problem.rows, 1)
                                         : std::max<std::int64_t>(problem.rows / (plan.threads * kTasksPerThread), 1);
  return plan;
}

std::string to_string(const SampleProblem& p) {
  std::string text = formatted("{} {}x{} {}", name(p.op), p.rows, p.cols, name(p.dtype));
  if (p.x_rows != p.rows || p.has_row_map) text += formatted(" of {} rows", p.x_rows);
  if (p.draws != 1) text += formatted(" draws={}", p.draws);
  if (p.may_greedy) text += " greedy";
  if (p.may_top_k) text += p.top_k > 0 ? formatted(" top_k={}", p.top_k) : " top_k";
  if (p.may_top_p) text += " top_p";
  if (p.may_min_p) text += " min_p";
  if (p.has_softcap) text += " softcap";
  if (p.has_bias) text += " bias";
  if (p.has_mask) text += " mask";
  if (p.has_lengths) text += " lengths";
  if (p.listed > 0) text += formatted(" listed={}", p.listed);
  if (p.probes > 0) text += formatted(" probes={}", p.probes);
  if (p.wants_logprobs) text += p.logprob_of == LogprobOf::raw ? " logprobs=raw" : " logprobs=processed";
  return text;
}

std::string to_string(const SamplePlan& plan) {
  const SampleAlgorithmInfo& row = info(plan.algorithm);
  std::string text = formatted("algorithm: {}\nwhy: {}\n", row.name, plan.why);
  if (row.device == DeviceKind::cpu) {
    text += formatted("isa: {}\nthreads: {}\nrows_per_task: {}\n", name(plan.isa), plan.threads, plan.rows_per_task);
  } else {
    text += formatted("launches: {}\nblock_threads: {}\ncluster_blocks: {}\nitems_per_thread: {}\n", plan.launches,
                      plan.block_threads, plan.cluster_blocks, plan.items_per_thread);
  }
  return text + formatted("workspace_bytes: {}\n", plan.workspace_bytes);
}

}  // namespace topkit
