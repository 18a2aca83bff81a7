#include "plan_device.hpp"
#include "status.hpp"

namespace topkit {

Plan choose_cuda(const Problem& problem, const Device&, const Tuning&, const Wish& wish) {
  if (!wish.algorithm.empty()) wished_algorithm(problem, wish);
  fail(TK_UNSUPPORTED, "x is on CUDA: this build of topkit has no CUDA algorithms");
}

}  // namespace topkit
