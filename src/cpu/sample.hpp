// The CPU engine's door for sample, filter and topn_logprobs.
#pragma once

#include "../sampling/args.hpp"
#include "../sampling/plan.hpp"
#include "engine.hpp"

namespace topkit::cpu {

// Throws std::bad_alloc before anything is written when scratch cannot be had.
void sample(const SamplePlan& plan, const SampleArgs& args, const Pool& pool);

}  // namespace topkit::cpu
