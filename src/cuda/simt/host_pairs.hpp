// The same for the stand-in: see device_pairs.hpp.
#pragma once

#include <cstdint>

#include "host_packed.hpp"
#include "host_predicated.hpp"

namespace topkit::cuda {

inline void push_not_less_f16x2(std::uint32_t a, std::uint32_t b, SharedEnd<std::uint32_t>& end, std::uint32_t low,
                                std::uint32_t high) {
  const std::uint32_t mask = not_less_f16x2(a, b);
  push_if((mask & 1U) != 0, end, low);
  push_if(mask >> 31 != 0, end, high);
}
inline void push_not_less_bf16x2(std::uint32_t a, std::uint32_t b, SharedEnd<std::uint32_t>& end, std::uint32_t low,
                                 std::uint32_t high) {
  const std::uint32_t mask = not_less_bf16x2(a, b);
  push_if((mask & 1U) != 0, end, low);
  push_if(mask >> 31 != 0, end, high);
}

}  // namespace topkit::cuda
