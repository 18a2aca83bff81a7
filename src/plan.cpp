#include "plan.hpp"

#include "plan_device.hpp"
#include "status.hpp"
#include "text.hpp"

namespace topkit {

Algorithm wished_algorithm(const Problem& problem, const Wish& wish) {
  const auto algorithm = algorithm_from(wish.algorithm, problem.device);
  if (!algorithm) {
    std::string names;
    for (const AlgorithmInfo& row : algorithms())
      if (row.device == problem.device) names += formatted(" {}", row.name);
    invalid("algorithm = {}: on {} it must be one of{}", wish.algorithm, name(problem.device), names);
  }
  const AlgorithmInfo& row = info(*algorithm);
  if (!row.can(problem))
    fail(TK_UNSUPPORTED, "algorithm = {}: needs {}, but the problem is {}", wish.algorithm, row.needs,
         to_string(problem));
  return *algorithm;
}

Plan choose(const Problem& problem, const Device& device, const Tuning& tuning, const Wish& wish) {
  return problem.device == DeviceKind::cpu ? choose_cpu(problem, device, tuning, wish)
                                           : choose_cuda(problem, device, tuning, wish);
}

std::string to_string(const Plan& plan) {
  const AlgorithmInfo& row = info(plan.algorithm);
  std::string text = formatted("algorithm: {}\nwhy: {}\n", row.name, plan.why);
  if (row.device == DeviceKind::cpu) {
    text += formatted("isa: {}\nthreads: {}\nrows_per_task: {}\nrow_parts: {}\n", name(plan.isa), plan.threads,
                      plan.rows_per_task, plan.row_parts);
  } else {
    text += formatted("launches: {}\nblock_threads: {}\ncluster_blocks: {}\nitems_per_thread: {}\n", plan.launches,
                      plan.block_threads, plan.cluster_blocks, plan.items_per_thread);
  }
  return text + formatted("workspace_bytes: {}\n", plan.workspace_bytes);
}

}  // namespace topkit
