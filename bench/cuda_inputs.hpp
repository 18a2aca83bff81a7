// Copies of a case's input on the device: as many as the cache cannot hold, so that each call may find its own cold.
#pragma once

#include <cstdint>

#include "cases.hpp"
#include "cuda_machine.hpp"

namespace topkit::bench {

class CudaInputs {
 public:
  static constexpr std::int64_t kMostCopies = 256;

  CudaInputs(const Case& c, CudaMachine& machine);

  std::int64_t copies() const { return copies_; }
  const void* copy(std::int64_t i) const { return data_ + i * stride_bytes_; }

 private:
  void fill(const Case& c, CudaMachine& machine);

  std::int64_t copies_, stride_bytes_;
  std::byte* data_;
};

}  // namespace topkit::bench
