#include "cuda/radix_shape.hpp"
#include "plan_device.hpp"
#include "status.hpp"

namespace topkit {

Plan choose_cuda(const Problem& problem, const Device&, const Tuning&, const Wish& wish) {
  Plan plan;
  plan.algorithm = Algorithm::cuda_radix;
  plan.why = "radix selects from any row";
  if (!wish.algorithm.empty()) {
    plan.algorithm = wished_algorithm(problem, wish);
    plan.why = "forced";
    if (plan.algorithm != Algorithm::cuda_radix)
      fail(TK_UNSUPPORTED, "algorithm = {}: this build of topkit has only radix on CUDA", wish.algorithm);
  }
  plan.launches = 1;
  plan.workspace_bytes = cuda::radix_shape(problem).workspace_bytes;
  return plan;
}

}  // namespace topkit
