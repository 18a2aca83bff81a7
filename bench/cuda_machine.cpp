#include "cuda_machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "cuda_floor.hpp"
#include "status.hpp"

namespace topkit::bench {
namespace {

constexpr std::int64_t kRoofBytes = 1 << 30;
constexpr FloorShape kFlushShape{.threads = 512, .vectors = 4, .persistent = true};

int attribute(cudaDeviceAttr which, const char* what) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, which, 0), what);
  return value;
}

// "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.159.04  ..."
std::string driver_version() {
  std::ifstream file("/proc/driver/nvidia/version");
  std::string line;
  std::getline(file, line);
  std::istringstream words(line);
  for (std::string word; words >> word;)
    if (word.find('.') != std::string::npos && word.find_first_not_of("0123456789.") == std::string::npos) return word;
  return "unknown";
}

void expect_device() {
  int count = 0;
  const cudaError_t answer = cudaGetDeviceCount(&count);
  if (answer != cudaSuccess || count == 0)
    fail(TK_UNSUPPORTED, "--device cuda: no usable CUDA device or driver on this machine ({})",
         answer == cudaSuccess ? "0 devices" : cudaGetErrorString(answer));
}

// Nothing is asked of a device before it is known to be there.
CudaStream stream_of_device() {
  expect_device();
  return {};
}

}  // namespace

CudaMachine::CudaMachine() : stream_(stream_of_device()) {
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
  gpu_ = properties.name;
  driver_ = driver_version();
  check(cudaDriverGetVersion(&cuda_), "cudaDriverGetVersion");
  clock_mhz_ = attribute(cudaDevAttrClockRate, "the clock") / 1000;
  sms_ = properties.multiProcessorCount;
  capability_ = 10 * properties.major + properties.minor;
  shared_bytes_ = static_cast<std::int64_t>(properties.sharedMemPerBlockOptin);
  l2_bytes_ = properties.l2CacheSize;
  flush_.reserve(static_cast<std::size_t>(3 * l2_bytes_));
  check(cudaMemset(flush_.data(), 0x3c, static_cast<std::size_t>(3 * l2_bytes_)), "cudaMemset");
  floor_out.reserve(std::size_t{64} << 20);
  empty_us_ = empty_kernel_us(stream());
  measure_roof();
}

std::string CudaMachine::cuda() const { return fmt::format("{}.{}", cuda_ / 1000, cuda_ % 1000 / 10); }

void CudaMachine::flush_cache() {
  launch_floor(kFlushShape, flush_.data(), 3 * l2_bytes_, sms_, floor_out.as<std::int32_t>(), stream());
}

void CudaMachine::measure_roof() {
  auto* const data = inputs.reserve(kRoofBytes);
  check(cudaMemset(data, 0x3c, kRoofBytes), "cudaMemset");
  CudaTimer timer;
  double best = 0;
  for (const FloorShape& shape : floor_shapes()) {
    const CallGraph graph(
        stream(), 2, [&](int) { launch_floor(shape, data, kRoofBytes, sms_, floor_out.as<std::int32_t>(), stream()); });
    for (int i = 0; i < 4; ++i) {
      const double us = timer.call_us(graph, stream());
      if (best == 0 || us < best) best = us;
    }
  }
  roof_gbps_ = static_cast<double>(kRoofBytes) / best / 1000;
}

}  // namespace topkit::bench
