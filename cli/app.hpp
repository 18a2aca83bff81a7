// The whole command line as one function, so that tests run it in their own process.
#pragma once

#include "cli/console.hpp"

namespace topkit::cli {

// Returns the exit code: 0, 1 (failed), 2 (wrong input or usage).
int run(int argc, const char* const* argv, Console& console);

}  // namespace topkit::cli
