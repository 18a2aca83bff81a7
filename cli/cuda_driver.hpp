// The few functions of the CUDA driver that copying needs, found at run time: the program starts without a driver.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace topkit::cli {

// Makes device 0 current on this thread for its lifetime. Throws Failure (unsupported) when there is no driver or device.
class CudaDriver {
 public:
  CudaDriver();
  ~CudaDriver();
  CudaDriver(const CudaDriver&) = delete;
  CudaDriver& operator=(const CudaDriver&) = delete;

  std::uint64_t allocate(std::size_t bytes) const;  // a multiple of 256; throws std::bad_alloc
  void free(std::uint64_t memory) const noexcept;
  void upload(std::uint64_t to, const void* from, std::size_t bytes) const;
  void download(void* to, std::uint64_t from, std::size_t bytes) const;  // after all work before it
 private:
  struct Functions;
  const Functions* functions_;
};

// Memory on the device that grows when more is wanted.
class CudaBuffer {
 public:
  explicit CudaBuffer(const CudaDriver& driver) : driver_(driver) {}
  ~CudaBuffer() { driver_.free(memory_); }
  CudaBuffer(const CudaBuffer&) = delete;
  CudaBuffer& operator=(const CudaBuffer&) = delete;

  std::uint64_t reserve(std::size_t bytes);
  void* data() const { return std::bit_cast<void*>(memory_); }

 private:
  const CudaDriver& driver_;
  std::uint64_t memory_ = 0;
  std::size_t size_ = 0;
};

}  // namespace topkit::cli
