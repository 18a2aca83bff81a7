#include <algorithm>
#include <cstring>
#include <mutex>
#include <string>

#include "device.hpp"
#include "launch.hpp"
#include "runtime.hpp"

namespace topkit::cuda {
namespace {

int attribute(cudaDeviceAttr which, int ordinal, const char* what) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, which, ordinal), what);
  return value;
}

Device read_now(int ordinal) {
  Device d;
  d.kind = DeviceKind::cuda;
  d.ordinal = ordinal;
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, ordinal), "cudaGetDeviceProperties");
  std::memcpy(d.name, properties.name, std::min(std::strlen(properties.name), sizeof d.name - 1));
  d.capability = properties.major * 10 + properties.minor;
  d.sms = properties.multiProcessorCount;
  d.shared_bytes = static_cast<std::int64_t>(properties.sharedMemPerBlockOptin);
  d.cache_bytes = properties.l2CacheSize;
  const std::int64_t clock_khz = attribute(cudaDevAttrMemoryClockRate, ordinal, "the memory clock");
  const std::int64_t bus_bits = attribute(cudaDevAttrGlobalMemoryBusWidth, ordinal, "the memory bus width");
  d.bandwidth_gbps = 2 * clock_khz * (bus_bits / 8) / 1'000'000;  // two transfers a clock
  return d;
}

constexpr int kDevices = 64;

}  // namespace

int device_count() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) {
    cudaGetLastError();  // no driver or no device is an answer here, not an error to be found later
    return 0;
  }
  return count;
}

Device read_device(int ordinal) {
  const int count = device_count();
  if (ordinal < 0 || ordinal >= count || ordinal >= kDevices)
    throw LaunchError("device cuda:" + std::to_string(ordinal) + ": this machine has " + std::to_string(count));
  static std::mutex mutex;
  static Device devices[kDevices];
  static bool known[kDevices];
  const std::lock_guard lock(mutex);
  if (!known[ordinal]) {
    devices[ordinal] = read_now(ordinal);
    known[ordinal] = true;
  }
  return devices[ordinal];
}

CurrentDevice::CurrentDevice(int ordinal) : before_(ordinal), changed_(false) {
  check(cudaGetDevice(&before_), "cudaGetDevice");
  if (before_ == ordinal) return;
  check(cudaSetDevice(ordinal), "cudaSetDevice");
  changed_ = true;
}

CurrentDevice::~CurrentDevice() {
  if (changed_) cudaSetDevice(before_);
}

}  // namespace topkit::cuda
