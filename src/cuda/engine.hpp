// The CUDA engine's one door. It is built into libtopkit_cuda and loaded when the first CUDA tensor arrives, so that a
// program on a machine without a driver starts and works.
#pragma once

#include <cstddef>

#include "../args.hpp"
#include "../device.hpp"
#include "../merge_args.hpp"
#include "../plan.hpp"
#include "../sampling/plan.hpp"
#include "merge_shape.hpp"

namespace topkit::cuda {

// The engine's functions report failure by a message ("" or null: fine); no exception crosses the library boundary.
struct Engine {
  int abi;  // kAbi of the library that filled it
  int (*device_count)();
  const char* (*read_device)(int ordinal, Device* device);
  const char* (*run)(const Plan& plan, const Args& args, int ordinal, void* workspace, void* stream);
  const char* (*sample)(const SamplePlan& plan, const SampleArgs& args, int ordinal, void* workspace, void* stream);
  const char* (*merge)(const MergeShape& shape, const MergeArgs& args, int ordinal, void* workspace, void* stream);
};
inline constexpr int kAbi = 4;

// The symbol libtopkit_cuda exports.
inline constexpr const char* kEntry = "topkit_cuda_engine";
using Entry = const Engine* (*)();

// Loads libtopkit_cuda once, thread-safe. Throws Failure(TK_UNSUPPORTED) saying what is missing and how to get it.
const Engine& engine();

}  // namespace topkit::cuda
