// Steps for the elements of a pair that pass: one comparison for both, and predicated instructions in place.
#pragma once

#include <cstdint>

#include "device_predicated.hpp"

namespace topkit::cuda {

__device__ __forceinline__ void push_not_less_f16x2(std::uint32_t a, std::uint32_t b, SharedEnd<std::uint32_t>& end,
                                                    std::uint32_t low, std::uint32_t high) {
  asm volatile(
      "{ .reg .pred p, q; setp.geu.f16x2 p|q, %1, %2;\n"
      "@p st.shared.b32 [%0], %3; @p add.u32 %0, %0, 4; @q st.shared.b32 [%0], %4; @q add.u32 %0, %0, 4; }"
      : "+r"(end.at)
      : "r"(a), "r"(b), "r"(low), "r"(high)
      : "memory");
}
// Below sm_90 there is no packed bf16 compare: a bf16 is the upper half of an f32.
__device__ __forceinline__ void push_not_less_bf16x2(std::uint32_t a, std::uint32_t b, SharedEnd<std::uint32_t>& end,
                                                     std::uint32_t low, std::uint32_t high) {
#if __CUDA_ARCH__ >= 900
  asm volatile(
      "{ .reg .pred p, q; setp.geu.bf16x2 p|q, %1, %2;\n"
      "@p st.shared.b32 [%0], %3; @p add.u32 %0, %0, 4; @q st.shared.b32 [%0], %4; @q add.u32 %0, %0, 4; }"
      : "+r"(end.at)
      : "r"(a), "r"(b), "r"(low), "r"(high)
      : "memory");
#else
  push_if(!(__uint_as_float(a << 16) < __uint_as_float(b << 16)), end, low);
  push_if(!(__uint_as_float(a & 0xFFFF0000U) < __uint_as_float(b & 0xFFFF0000U)), end, high);
#endif
}

}  // namespace topkit::cuda
