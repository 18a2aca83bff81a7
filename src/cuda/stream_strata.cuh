// Where a sample lies: one chunk at a mixed place of each of equal strata.
#pragma once

#include "simt.hpp"

namespace topkit::cuda {

__device__ inline std::uint32_t mix(std::uint32_t v) {
  v *= 0x9e3779b1U;
  return (v ^ v >> 15) * 0x85ebca6bU;
}

// One chunk in each of up to `most` equal strata.
class Strata {
 public:
  Strata() = default;
  __device__ Strata(std::uint32_t chunks, std::uint32_t most) : width_(::max((chunks + most - 1) / most, 1U)) {
    // holds() divides by a multiplication: exact below 2^32 / width chunks, or for a power of two.
    constexpr std::uint32_t kExact = 1U << 16;
    if (width_ > 1 && chunks > kExact) width_ = 1U << (32 - __clz(static_cast<int>(width_ - 1)));
    inverse_ = width_ > 1 ? ~0U / width_ + 1 : 0;
    taken_ = chunks / width_;
  }
  __device__ std::uint32_t width() const { return width_; }
  __device__ std::uint32_t taken() const { return taken_; }
  // The chunk of stratum q < taken().
  __device__ std::uint32_t at(std::uint32_t q) const { return q * width_ + __umulhi(mix(q), width_); }
  __device__ bool holds(std::uint32_t chunk) const {  // width() > 1
    const std::uint32_t q = __umulhi(chunk, inverse_);
    return static_cast<int>(q < taken_) & static_cast<int>(at(q) == chunk);
  }
  __device__ void hold_none() { taken_ = 0; }

 private:
  std::uint32_t width_, inverse_, taken_;
};

}  // namespace topkit::cuda
