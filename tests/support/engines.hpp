// The engines of one algorithm on every instruction set that this machine can run.
#pragma once

#include <string_view>
#include <vector>

#include "trial.hpp"

namespace topkit::test {

inline std::vector<Engine> engines_of(std::string_view algorithm) {
  std::vector<Engine> chosen;
  for (const Engine& engine : cpu_engines())
    if (engine.algorithm == algorithm) chosen.push_back(engine);
  return chosen;
}

}  // namespace topkit::test
