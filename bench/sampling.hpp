// `topkit bench --op sample`: the sampling calls that inference makes, timed as the selections are.
#pragma once

#include <iosfwd>

#include "command.hpp"

namespace topkit::bench {

// On CUDA. Every call's tokens are compared with the CPU engine's. Throws std::runtime_error at the end when some differ, and
// Failure (unsupported) where there is no CUDA.
void run_sampling(const Command& command, std::ostream& out, std::ostream* progress);

}  // namespace topkit::bench
