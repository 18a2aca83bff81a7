#include "machine.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <ctime>
#include <fstream>

#include "device.hpp"

namespace topkit::bench {
namespace {

std::string model_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(": ") + 2);
  return "unknown CPU";
}

}  // namespace

std::string cpu_machine() {
  const Device& device = cpu_device();
  std::string_view best = name(Isa::scalar);
  for (int i = kIsas - 1; i >= 0; --i)
    if (device.has(static_cast<Isa>(i))) best = name(static_cast<Isa>(i));
  return fmt::format("{}, {} cores, L2 {} MiB, L3 {} MiB, {}", model_name(), sysconf(_SC_NPROCESSORS_ONLN),
                     device.l2_bytes >> 20, device.l3_bytes >> 20, best);
}

std::string today() { return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr))); }

}  // namespace topkit::bench
