// Devices to plan for: this machine's, and GPUs that need not be here.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "device.hpp"

namespace topkit::cli {

// auto, cpu, cuda (this machine's first GPU), or sm_80, sm_90, sm_100. Throws Failure.
Device find_device(std::string_view name);

// Why this machine has no GPU for topkit, and how to get one; "" when it has.
std::string gpu_trouble();

// What the header of a file of results tells of its GPU; where it is of an older topkit, what its model is known to be.
std::optional<Device> recorded_gpu(const nlohmann::ordered_json& header, std::string_view model);

// The CPU whose best instruction set ends a line such as "AMD EPYC, 2 cores, L2 1 MiB, L3 32 MiB, avx512"; one thread of it.
std::optional<Device> recorded_cpu(std::string_view machine);

// "the CPU (avx512 avx2 scalar, 2 threads)" or "NVIDIA H200 (sm_90)"
std::string device_text(const Device& device);

}  // namespace topkit::cli
