// The devices that the stand-in is. Their memory is the host's.
#include "../device.hpp"

#include <cstring>
#include <iterator>
#include <string>

#include "../launch.hpp"

namespace topkit::cuda {

namespace {

struct Model {
  const char* name;
  int capability, sms;
  std::int64_t shared_bytes;
};

// By ordinal: an H200; one with few multiprocessors, on which forced algorithms take few blocks and tests little time; and
// one from before clusters.
constexpr Model kModels[] = {{"stand-in of an H200", 90, 132, 232448},
                             {"stand-in of a slice of an H200", 90, 6, 232448},
                             {"stand-in before clusters", 80, 6, 166912}};

}  // namespace

int device_count() { return static_cast<int>(std::size(kModels)); }

Device read_device(int ordinal) {
  if (ordinal < 0 || ordinal >= device_count())
    throw LaunchError("device cuda:" + std::to_string(ordinal) + ": the stand-in has " +
                      std::to_string(device_count()));
  const Model& model = kModels[ordinal];
  Device d;
  d.kind = DeviceKind::cuda;
  d.ordinal = ordinal;
  std::strcpy(d.name, model.name);
  d.capability = model.capability;
  d.sms = model.sms;
  d.shared_bytes = model.shared_bytes;
  d.cache_bytes = 60 * 1024 * 1024;
  d.bandwidth_gbps = 4917;
  return d;
}

CurrentDevice::CurrentDevice(int ordinal) : before_(0), changed_(true) {
  const Device device = read_device(ordinal);
  simt::settings().clusters = device.capability >= 90;
  simt::settings().shared_bytes = static_cast<std::size_t>(device.shared_bytes);
}
CurrentDevice::~CurrentDevice() {
  const simt::Settings as_built;
  simt::settings().clusters = as_built.clusters;
  simt::settings().shared_bytes = as_built.shared_bytes;
}

void zero_async(void* memory, std::size_t bytes, Stream) { std::memset(memory, 0, bytes); }

}  // namespace topkit::cuda
