// The device that the stand-in is: an H200 in every respect that a plan looks at. Its memory is the host's.
#include "../device.hpp"

#include <cstring>
#include <string>

#include "../launch.hpp"

namespace topkit::cuda {

int device_count() { return 1; }

Device read_device(int ordinal) {
  if (ordinal != 0) throw LaunchError("device cuda:" + std::to_string(ordinal) + ": the stand-in has 1");
  Device d;
  d.kind = DeviceKind::cuda;
  std::strcpy(d.name, "host stand-in");
  d.capability = 90;
  d.sms = 132;
  d.shared_bytes = 232448;
  d.cache_bytes = 60 * 1024 * 1024;
  d.bandwidth_gbps = 4917;
  return d;
}

CurrentDevice::CurrentDevice(int ordinal) : before_(ordinal), changed_(false) {}
CurrentDevice::~CurrentDevice() = default;

void zero_async(void* memory, std::size_t bytes, Stream) { std::memset(memory, 0, bytes); }

}  // namespace topkit::cuda
