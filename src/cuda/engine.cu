// The door of libtopkit_cuda: hands a plan to its algorithm and turns failures into sentences.
#include <exception>
#include <string>

#include "../algorithms.hpp"
#include "device.hpp"
#include "engine.hpp"
#include "kernels.hpp"
#include "launch.hpp"
#include "topkit/topkit.h"

namespace topkit::cuda {
Run* run_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::cuda_warp: return run_warp;
    case Algorithm::cuda_block: return run_block;
    case Algorithm::cuda_cluster: return run_cluster;
    case Algorithm::cuda_stream: return run_stream;
    case Algorithm::cuda_grid: return run_grid;
    case Algorithm::cuda_radix: return run_radix;
    case Algorithm::cuda_partition: return run_partition;
    case Algorithm::cuda_sort: return run_sort;
    case Algorithm::cuda_wide: return run_wide;
    case Algorithm::cuda_select: return run_select;
    default: return nullptr;
  }
}

namespace {

thread_local std::string sentence;

template <class Body>
const char* guarded(Body body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const std::exception& failure) {
    try {
      sentence = failure.what();
      return sentence.c_str();
    } catch (...) {
    }
  } catch (...) {
  }
  return "the CUDA engine failed and its words were lost";
}

const char* run(const Plan& plan, const Args& args, int ordinal, void* workspace, void* stream) {
  return guarded([&] {
    Run* const algorithm = run_of(plan.algorithm);
    if (algorithm == nullptr)
      throw LaunchError("algorithm " + std::to_string(static_cast<int>(plan.algorithm)) +
                        " is not one of the CUDA engine");
    const CurrentDevice current(ordinal);
    algorithm(plan, args, workspace, stream);
  });
}

const char* sample(const SamplePlan& plan, const SampleArgs& args, int ordinal, void* workspace, void* stream) {
  return guarded([&] {
    const CurrentDevice current(ordinal);
    run_sample(plan, args, workspace, stream);
  });
}

const char* merge(const MergeShape& shape, const MergeArgs& args, int ordinal, void* workspace, void* stream) {
  return guarded([&] {
    const CurrentDevice current(ordinal);
    run_merge(shape, args, workspace, stream);
  });
}

const char* read(int ordinal, Device* device) {
  return guarded([&] { *device = read_device(ordinal); });
}

}  // namespace
}  // namespace topkit::cuda

extern "C" TK_API const topkit::cuda::Engine* topkit_cuda_engine() {
  using namespace topkit::cuda;
  static constexpr Engine engine{kAbi, &device_count, &read, &run, &sample, &merge};
  return &engine;
}
