#include "../device.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string>

namespace topkit {
namespace {

constexpr std::array<std::string_view, kIsas> kNames{"avx512", "avx2", "neon", "scalar"};

constexpr std::uint32_t bit(Isa isa) { return 1U << static_cast<int>(isa); }

// What the processor has and the system saves; the features are those that src/CMakeLists.txt compiles with.
std::uint32_t find_isas() {
  std::uint32_t found = bit(Isa::scalar);
#if defined(__x86_64__)
  const bool bits = __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
  if (bits && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) found |= bit(Isa::avx2);
  if ((found & bit(Isa::avx2)) != 0 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2"))
    found |= bit(Isa::avx512);
#elif defined(__aarch64__)
  found |= bit(Isa::neon);
#endif
  return found;
}

// Processors this process may run on.
int find_threads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(CPU_COUNT(&set), 1);
  return static_cast<int>(std::max(sysconf(_SC_NPROCESSORS_ONLN), 1L));
}

// The kernel's word before the C library's: in guests on AMD, glibc 2.36 multiplies the size of the third cache.
std::int64_t third_cache() {
  std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index3/size");
  std::int64_t kib = 0;
  char unit = 0;
  if (file >> kib >> unit && unit == 'K') return kib << 10;
  return std::max(sysconf(_SC_LEVEL3_CACHE_SIZE), 0L);
}

std::string model_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(std::min(line.find(": ") + 2, line.size()));
  return "unknown processor";
}

std::int64_t cache(int name, std::int64_t unknown) {
  const long bytes = sysconf(name);
  return bytes > 0 ? bytes : unknown;
}

Device find() {
  Device device;
  device.kind = DeviceKind::cpu;
  model_name().copy(device.name, sizeof(device.name) - 1);
  device.isas = find_isas();
  device.threads = find_threads();
  device.l1_bytes = cache(_SC_LEVEL1_DCACHE_SIZE, 32 << 10);
  device.l2_bytes = cache(_SC_LEVEL2_CACHE_SIZE, 512 << 10);
  device.l3_bytes = third_cache();
  return device;
}

}  // namespace

std::string_view name(Isa isa) { return kNames[static_cast<std::size_t>(isa)]; }

const Device& cpu_device() {
  static const Device device = find();
  return device;
}

}  // namespace topkit
