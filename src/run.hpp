// The last hop before a kernel: a validated call and its plan go to the engine of their device.
#pragma once

#include "plan.hpp"
#include "validate.hpp"

namespace topkit {

const Device& device_of(const Call& call);

void run(const Plan& plan, const Call& call);

}  // namespace topkit
