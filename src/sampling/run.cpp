#include "run.hpp"

#include "../cpu/sample.hpp"
#include "../cuda/engine.hpp"
#include "../status.hpp"

namespace topkit {

const Device& device_of(const SampleCall& call) {
  return call.args.problem.device == DeviceKind::cpu ? cpu_device() : cuda_device(call.ordinal);
}

void run(const SamplePlan& plan, const SampleCall& call) {
  if (call.args.problem.rows == 0) return;
  if (call.args.problem.device == DeviceKind::cpu) return cpu::sample(plan, call.args, call.pool);
  const char* message = cuda::engine().sample(plan, call.args, call.ordinal, call.workspace, call.stream);
  if (message != nullptr && *message != '\0') fail(TK_DEVICE_ERROR, "CUDA: {}", message);
}

}  // namespace topkit
