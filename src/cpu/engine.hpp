// The CPU engine's one door: a plan and its arguments in, outputs written.
#pragma once

#include "../args.hpp"
#include "../plan.hpp"
#include "topkit/topkit.h"

namespace topkit::cpu {

// A parallel_for that the caller lent; run == nullptr: the engine's own threads (oneTBB, or none).
struct Pool {
  tk_parallel_for run = nullptr;
  void* context = nullptr;
};

// Throws std::bad_alloc before anything is written when scratch cannot be had.
void run(const Plan& plan, const Args& args, const Pool& pool);

}  // namespace topkit::cpu
