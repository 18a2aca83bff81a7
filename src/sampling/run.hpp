// The last hop before a kernel: a validated sampling call and its plan go to the engine of their device.
#pragma once

#include "plan.hpp"
#include "validate.hpp"

namespace topkit {

const Device& device_of(const SampleCall& call);

void run(const SamplePlan& plan, const SampleCall& call);

}  // namespace topkit
