#include "run.hpp"

#include "cpu/engine.hpp"
#include "cuda/engine.hpp"
#include "status.hpp"

namespace topkit {

const Device& device_of(const Call& call) {
  return call.args.problem.device == DeviceKind::cpu ? cpu_device() : cuda_device(call.ordinal);
}

void run(const Plan& plan, const Call& call) {
  const Problem& problem = call.args.problem;
  if (problem.rows == 0 || problem.k == 0) return;
  if (problem.device == DeviceKind::cpu) {
    if (call.slabs.count == 1) return cpu::run(plan, call.args, call.pool);
    for (std::int64_t s = 0; s < call.slabs.count; ++s) cpu::run(plan, call.slabs.at(call.args, s), call.pool);
    return;
  }
  const char* message = cuda::engine().run(plan, call.args, call.ordinal, call.workspace, call.stream);
  if (message != nullptr && *message != '\0') fail(TK_DEVICE_ERROR, "CUDA: {}", message);
}

}  // namespace topkit
