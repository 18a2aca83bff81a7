#include "run.hpp"

#include "../cpu/sample.hpp"
#include "../status.hpp"

namespace topkit {

const Device& device_of(const SampleCall& call) {
  return call.args.problem.device == DeviceKind::cpu ? cpu_device() : cuda_device(call.ordinal);
}

void run(const SamplePlan& plan, const SampleCall& call) {
  if (call.args.problem.rows == 0) return;
  cpu::sample(plan, call.args, call.pool);
}

}  // namespace topkit
