// Packed and NaN-keeping arithmetic as nvcc sees it.
#pragma once

#include <cstdint>

namespace topkit::cuda {

__device__ __forceinline__ float max_nan(float a, float b) {
  float c;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(c) : "f"(a), "f"(b));
  return c;
}
__device__ __forceinline__ float min_nan(float a, float b) {
  float c;
  asm("min.NaN.f32 %0, %1, %2;" : "=f"(c) : "f"(a), "f"(b));
  return c;
}
__device__ __forceinline__ std::uint32_t max_nan_f16x2(std::uint32_t a, std::uint32_t b) {
  std::uint32_t c;
  asm("max.NaN.f16x2 %0, %1, %2;" : "=r"(c) : "r"(a), "r"(b));
  return c;
}
__device__ __forceinline__ std::uint32_t min_nan_f16x2(std::uint32_t a, std::uint32_t b) {
  std::uint32_t c;
  asm("min.NaN.f16x2 %0, %1, %2;" : "=r"(c) : "r"(a), "r"(b));
  return c;
}
__device__ __forceinline__ std::uint32_t max_nan_bf16x2(std::uint32_t a, std::uint32_t b) {
  std::uint32_t c;
  asm("max.NaN.bf16x2 %0, %1, %2;" : "=r"(c) : "r"(a), "r"(b));
  return c;
}
__device__ __forceinline__ std::uint32_t min_nan_bf16x2(std::uint32_t a, std::uint32_t b) {
  std::uint32_t c;
  asm("min.NaN.bf16x2 %0, %1, %2;" : "=r"(c) : "r"(a), "r"(b));
  return c;
}
__device__ __forceinline__ std::uint32_t gt_mask_f16x2(std::uint32_t a, std::uint32_t b) {
  std::uint32_t c;
  asm("set.gt.u32.f16x2 %0, %1, %2;" : "=r"(c) : "r"(a), "r"(b));
  return c;
}
__device__ __forceinline__ std::uint32_t ge_mask_f16x2(std::uint32_t a, std::uint32_t b) {
  std::uint32_t c;
  asm("set.ge.u32.f16x2 %0, %1, %2;" : "=r"(c) : "r"(a), "r"(b));
  return c;
}
__device__ __forceinline__ std::uint32_t not_less_f16x2(std::uint32_t a, std::uint32_t b) {
  std::uint32_t c;
  asm("set.geu.u32.f16x2 %0, %1, %2;" : "=r"(c) : "r"(a), "r"(b));
  return c;
}
// Below sm_90 there is no packed bf16 compare: a bf16 is the upper half of an f32.
__device__ __forceinline__ std::uint32_t gt_mask_bf16x2(std::uint32_t a, std::uint32_t b) {
#if __CUDA_ARCH__ >= 900
  std::uint32_t c;
  asm("set.gt.u32.bf16x2 %0, %1, %2;" : "=r"(c) : "r"(a), "r"(b));
  return c;
#else
  return (__uint_as_float(a << 16) > __uint_as_float(b << 16) ? 0xFFFFU : 0U) |
         (__uint_as_float(a & 0xFFFF0000U) > __uint_as_float(b & 0xFFFF0000U) ? 0xFFFF0000U : 0U);
#endif
}
__device__ __forceinline__ std::uint32_t ge_mask_bf16x2(std::uint32_t a, std::uint32_t b) {
#if __CUDA_ARCH__ >= 900
  std::uint32_t c;
  asm("set.ge.u32.bf16x2 %0, %1, %2;" : "=r"(c) : "r"(a), "r"(b));
  return c;
#else
  return (__uint_as_float(a << 16) >= __uint_as_float(b << 16) ? 0xFFFFU : 0U) |
         (__uint_as_float(a & 0xFFFF0000U) >= __uint_as_float(b & 0xFFFF0000U) ? 0xFFFF0000U : 0U);
#endif
}

__device__ __forceinline__ std::uint32_t not_less_bf16x2(std::uint32_t a, std::uint32_t b) {
#if __CUDA_ARCH__ >= 900
  std::uint32_t c;
  asm("set.geu.u32.bf16x2 %0, %1, %2;" : "=r"(c) : "r"(a), "r"(b));
  return c;
#else
  return (!(__uint_as_float(a << 16) < __uint_as_float(b << 16)) ? 0xFFFFU : 0U) |
         (!(__uint_as_float(a & 0xFFFF0000U) < __uint_as_float(b & 0xFFFF0000U)) ? 0xFFFF0000U : 0U);
#endif
}

__device__ __forceinline__ std::uint32_t float_bits(float v) { return __float_as_uint(v); }
__device__ __forceinline__ float f16_to_float(std::uint16_t bits) {
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
  return value;
}
__device__ __forceinline__ float bits_float(std::uint32_t v) { return __uint_as_float(v); }
// Bit 31 says a < b. A difference of unequal numbers is never rounded to zero, and the NaN of any operation is positive.
// But -0 - +0 is -0.
__device__ __forceinline__ std::uint32_t less_sign(float a, float b) { return __float_as_uint(__fsub_rn(a, b)); }
// 0xFFFF for each half with its sign bit set. (__byte_perm masks the bits that ask prmt for signs.)
__device__ __forceinline__ std::uint32_t half_signs(std::uint32_t v) {
  std::uint32_t c;
  asm("prmt.b32 %0, %1, %1, 0xBB99;" : "=r"(c) : "r"(v));
  return c;
}
__device__ __forceinline__ std::uint32_t add_zero_f16x2(std::uint32_t v) {
  std::uint32_t c;
  asm("fma.rn.f16x2 %0, %1, %2, %3;" : "=r"(c) : "r"(v), "r"(0x3C003C00U), "r"(0U));
  return c;
}
__device__ __forceinline__ std::uint32_t add_zero_bf16x2(std::uint32_t v) {
  std::uint32_t c;
  asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(c) : "r"(v), "r"(0x3F803F80U), "r"(0U));
  return c;
}
__device__ __forceinline__ float add_zero(float v) { return __fadd_rn(v, 0.0F); }

}  // namespace topkit::cuda
