// What a plan may know of the machine. Read once per device, thread-safe, then constant.
#pragma once

#include <cstdint>
#include <string_view>

#include "problem.hpp"

namespace topkit {

// Best first.
enum class Isa : std::uint8_t { avx512, avx2, neon, scalar };
inline constexpr int kIsas = 4;
std::string_view name(Isa isa);

struct Device {
  DeviceKind kind = DeviceKind::cpu;
  // CPU
  std::uint32_t isas = 0;  // bit i: Isa(i) is built and the machine has it
  int threads = 1;
  std::int64_t l1_bytes = 0, l2_bytes = 0, l3_bytes = 0;
  char name[64] = "";  // the processor's or the GPU's, cut to its length
  // CUDA
  int ordinal = 0;
  int capability = 0;  // 10 * major + minor
  int sms = 0;
  std::int64_t shared_bytes = 0;  // per block, opt-in
  std::int64_t cache_bytes = 0;   // L2
  std::int64_t bandwidth_gbps = 0;

  constexpr bool has(Isa isa) const { return (isas >> static_cast<int>(isa) & 1U) != 0; }
};

const Device& cpu_device();
const Device& cuda_device(int ordinal);  // throws Failure when the CUDA part or the device is not there

}  // namespace topkit
