#include "../status.hpp"
#include "plan.hpp"

namespace topkit {

SamplePlan choose_sample_cuda(const SampleProblem& problem, const Device&, const Wish&) {
  fail(TK_UNSUPPORTED, "logits is on CUDA: {} runs on the CPU only", to_string(problem));
}

}  // namespace topkit
