#include "machine.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <ctime>

#include "device.hpp"

namespace topkit::bench {
namespace {

std::string cache_text(std::int64_t bytes) {
  return bytes % (1 << 20) == 0 ? fmt::format("{} MiB", bytes >> 20) : fmt::format("{} KiB", bytes >> 10);
}

}  // namespace

std::string cpu_machine() {
  const Device& device = cpu_device();
  std::string_view best = name(Isa::scalar);
  for (int i = kIsas - 1; i >= 0; --i)
    if (device.has(static_cast<Isa>(i))) best = name(static_cast<Isa>(i));
  return fmt::format("{}, {} cores, L2 {}, L3 {}, {}", device.name, sysconf(_SC_NPROCESSORS_ONLN),
                     cache_text(device.l2_bytes), cache_text(device.l3_bytes), best);
}

std::string today() { return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr))); }

}  // namespace topkit::bench
