// CUDA devices: how many, what they are, and which one is current.
#pragma once

#include "../device.hpp"

namespace topkit::cuda {

int device_count();  // 0 without a driver

// Read once a device, thread-safe. Throws LaunchError.
Device read_device(int ordinal);

// Makes a device current for a scope. Throws LaunchError.
class CurrentDevice {
 public:
  explicit CurrentDevice(int ordinal);
  ~CurrentDevice();
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

 private:
  int before_;
  bool changed_;
};

}  // namespace topkit::cuda
