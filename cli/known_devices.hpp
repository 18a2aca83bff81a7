// Devices to plan for: this machine's, and GPUs that need not be here.
#pragma once

#include <string>
#include <string_view>

#include "device.hpp"

namespace topkit::cli {

// auto, cpu, cuda (this machine's first GPU), or sm_80, sm_90, sm_100. Throws Failure.
Device find_device(std::string_view name);

// "the CPU (avx512 avx2 scalar, 2 threads)" or "NVIDIA H200 (sm_90)"
std::string device_text(const Device& device);

}  // namespace topkit::cli
