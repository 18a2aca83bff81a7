// Every algorithm of a device, timed on one problem.
#pragma once

#include <memory>
#include <string>

#include "cli/tune/cells.hpp"

namespace topkit::cli::tune {

class Timing {
 public:
  virtual ~Timing() = default;
  virtual Cell time(const Problem& problem) = 0;
};

// By one thread and this instruction set: the least of a few rounds, over inputs that take turns.
std::unique_ptr<Timing> cpu_timing(const std::string& isa);
// As `topkit bench --device cuda` times, with its verdict on every answer. Throws Failure when there is no GPU.
std::unique_ptr<Timing> cuda_timing();

}  // namespace topkit::cli::tune
