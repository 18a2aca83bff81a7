// Device memory, streams and checked calls for the tests on a GPU.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <stdexcept>
#include <string>

namespace topkit::gpu_test {

inline void check(cudaError_t result, const char* what) {
  if (result != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(result));
}

inline constexpr int kDirt = 0xa5;  // what is in memory that nobody wrote

class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  explicit DeviceBuffer(std::size_t bytes) { reserve(bytes); }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;
  ~DeviceBuffer() { cudaFree(data_); }

  // At least so many bytes; the content is not kept.
  std::byte* reserve(std::size_t bytes) {
    if (bytes > bytes_ || data_ == nullptr) {
      check(cudaFree(data_), "cudaFree");
      data_ = nullptr;
      bytes_ = bytes + 4096;
      check(cudaMalloc(&data_, bytes_), "cudaMalloc");
    }
    return static_cast<std::byte*>(data_);
  }

  // The same for a workspace: what is new holds garbage, as a caller's does. Kernels load it before they know what of it is theirs
  // (grid_heads.cuh), which compute-sanitizer's initcheck would take for an error.
  std::byte* reserve_dirty(std::size_t bytes) {
    const std::size_t before = bytes_;
    reserve(bytes);
    if (bytes_ == before) return data();
    check(cudaMemset(data_, kDirt, bytes_), "cudaMemset");
    check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
    return data();
  }
  std::byte* data() const { return static_cast<std::byte*>(data_); }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

class DeviceStream {
 public:
  DeviceStream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate"); }
  DeviceStream(const DeviceStream&) = delete;
  DeviceStream& operator=(const DeviceStream&) = delete;
  ~DeviceStream() { cudaStreamDestroy(stream_); }
  cudaStream_t get() const { return stream_; }
  void synchronize() const { check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize"); }

 private:
  cudaStream_t stream_ = nullptr;
};

}  // namespace topkit::gpu_test
