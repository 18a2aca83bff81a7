// Every CUDA algorithm, run on the host stand-in (src/cuda/simt.hpp) in a lane order that differs from trial to trial.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "cuda/simt/machine.hpp"
#include "support/trial.hpp"

namespace topkit::test {

inline const std::vector<Engine>& cuda_engines() {
  static const std::vector<Engine> engines = [] {
    std::vector<Engine> all{Engine{.device = kDLCUDA}};
    for (std::int32_t a = 0; a < tk_algorithm_count(); ++a)
      if (tk_algorithm_device(a) == kDLCUDA) all.push_back({.algorithm = tk_algorithm_name(a), .device = kDLCUDA});
    return all;
  }();
  return engines;
}

// On CUDA the selected axis has stride 1 and the others one stride.
inline Request for_cuda(Request request) {
  switch (request.shape) {
    case Shape::spread:
    case Shape::axis_first:
    case Shape::axis_middle: request.shape = Shape::padded; break;
    default: break;
  }
  if (request.cols == 0) request.shape = Shape::packed;
  return request;
}

enum Ordinal : int { kWhole = 0, kSlice = 1, kWithoutClusters = 2 };  // the stand-in's devices

// All engines, or the first that is wrong, on one of the stand-in's devices.
inline testing::AssertionResult cuda_matches(const Request& request, Ordinal ordinal) {
  Trial trial(request);
  static std::uint64_t order = 0;
  for (Engine engine : cuda_engines()) {
    simt::settings().seed = order++ % 16;
    engine.ordinal = ordinal;
    if (testing::AssertionResult result = trial.matches_oracle(engine, !engine.algorithm.empty()); !result)
      return result << "\n  lane order " << simt::settings().seed;
  }
  return testing::AssertionSuccess();
}

// Every fourth request goes to the device before clusters.
inline testing::AssertionResult cuda_matches(const Request& request) {
  static int turn = 0;
  return cuda_matches(request, turn++ % 4 == 3 ? kWithoutClusters : kSlice);
}

// Whether this test takes cell `i` of its grid. Each type takes one cell in `stride`, and the types are shifted against
// each other, so that every cell meets several types; TOPKIT_TEST_ALL=1 takes all.
inline bool takes(int type, std::int64_t i, int stride = 7) {
  static const bool all = std::getenv("TOPKIT_TEST_ALL") != nullptr;
  return all || (i + type) % stride == 0;
}

}  // namespace topkit::test
