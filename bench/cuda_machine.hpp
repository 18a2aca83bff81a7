// The GPU under the benchmark: its facts, its memory roof, and memory that all cases share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cuda_memory.hpp"
#include "cuda_timer.hpp"

namespace topkit::bench {

// Device 0. Throws Failure (unsupported) when there is none.
class CudaMachine {
 public:
  CudaMachine();

  const std::string& gpu() const { return gpu_; }        // "NVIDIA H200"
  const std::string& driver() const { return driver_; }  // "580.159.04", "unknown"
  std::string cuda() const;                              // "13.0": the newest runtime the driver serves
  int clock_mhz() const { return clock_mhz_; }           // of the multiprocessors, at most
  int sms() const { return sms_; }
  int capability() const { return capability_; }               // 10 * major + minor
  std::int64_t shared_bytes() const { return shared_bytes_; }  // a block's, at most
  std::int64_t l2_bytes() const { return l2_bytes_; }
  double roof_gbps() const { return roof_gbps_; }  // 1 GiB read by the fastest floor
  double empty_us() const { return empty_us_; }
  cudaStream_t stream() const { return stream_.get(); }

  // Enqueues reads of three times the L2 cache, of memory that nobody else reads.
  void flush_cache();
  // Waits, and says whether the device still answers: an illegal access ends it for the process.
  bool alive() const { return cudaDeviceSynchronize() == cudaSuccess; }

  DeviceMemory inputs, floor_out;  // kept from case to case

 private:
  void measure_roof();

  std::string gpu_, driver_;
  int clock_mhz_ = 0, sms_ = 0, cuda_ = 0, capability_ = 0;
  std::int64_t l2_bytes_ = 0, shared_bytes_ = 0;
  double roof_gbps_ = 0, empty_us_ = 0;
  CudaStream stream_;
  DeviceMemory flush_;
};

}  // namespace topkit::bench
