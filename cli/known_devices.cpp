#include "cli/known_devices.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cli/error.hpp"
#include "cuda/engine.hpp"

namespace topkit::cli {
namespace {

struct Known {
  std::string_view name, model;  // name: "" for one that another stands for
  int capability, sms;
  std::int64_t shared_bytes, cache_bytes, bandwidth_gbps;
};

// NVIDIA's data sheets; shared memory a block from the CUDA programming guide's table of compute capabilities.
constexpr std::array<Known, 4> kKnown{{
    {"sm_80", "NVIDIA A100", 80, 108, 163 << 10, 40 << 20, 2039},
    {"sm_90", "NVIDIA H200", 90, 132, 227 << 10, 50 << 20, 4800},
    {"", "NVIDIA H100", 90, 132, 227 << 10, 50 << 20, 3350},
    {"sm_100", "NVIDIA B200", 100, 148, 227 << 10, 126 << 20, 8000},
}};

Device device_of(const Known& known) {
  Device device;
  device.kind = DeviceKind::cuda;
  known.model.copy(device.name, sizeof(device.name) - 1);
  device.capability = known.capability;
  device.sms = known.sms;
  device.shared_bytes = known.shared_bytes;
  device.cache_bytes = known.cache_bytes;
  device.bandwidth_gbps = known.bandwidth_gbps;
  return device;
}

}  // namespace

Device find_device(std::string_view name) {
  if (name == "auto" || name == "cpu") return cpu_device();
  if (name == "cuda") return cuda_device(0);
  for (const Known& known : kKnown)
    if (!known.name.empty() && known.name == name) return device_of(known);
  invalid("--device = {}: must be one of auto, cpu, cuda, sm_80, sm_90, sm_100", quote(name));
}

std::string gpu_trouble() {
  try {
    return cuda::engine().device_count() > 0 ? "" : "the CUDA engine is there, but it sees no GPU";
  } catch (const Failure& failure) {
    constexpr std::string_view kOfACall = "x is on CUDA, but ";
    const std::string words = failure.what();
    return words.starts_with(kOfACall) ? words.substr(kOfACall.size()) : words;
  }
}

std::optional<Device> recorded_gpu(const nlohmann::ordered_json& header, std::string_view model) {
  if (header.contains("capability") && header.contains("sms") && header.contains("shared_bytes")) {
    Device device;
    device.kind = DeviceKind::cuda;
    model.copy(device.name, sizeof(device.name) - 1);
    device.capability = header.at("capability");
    device.sms = header.at("sms");
    device.shared_bytes = header.at("shared_bytes");
    return device;
  }
  for (const Known& known : kKnown)
    if (model.starts_with(known.model)) return device_of(known);
  return std::nullopt;
}

std::optional<Device> recorded_cpu(std::string_view machine) {
  const std::size_t comma = machine.rfind(", ");
  const std::string_view word = comma == std::string_view::npos ? machine : machine.substr(comma + 2);
  for (int i = 0; i < kIsas; ++i)
    if (topkit::name(static_cast<Isa>(i)) == word) {
      Device device;
      device.isas = 1U << i;
      return device;
    }
  return std::nullopt;
}

std::string device_text(const Device& device) {
  if (device.kind == DeviceKind::cuda)
    return formatted("{} (sm_{})", device.name[0] != '\0' ? device.name : "a GPU", device.capability);
  std::string isas;
  for (int i = 0; i < kIsas; ++i)
    if (device.has(static_cast<Isa>(i))) isas += formatted("{} ", topkit::name(static_cast<Isa>(i)));
  return formatted("the CPU ({}, {} {})", isas.substr(0, isas.size() - 1), device.threads,
                   device.threads == 1 ? "thread" : "threads");
}

}  // namespace topkit::cli
