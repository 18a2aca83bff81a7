// Logits as the top-k kernels see elements (element.hpp), in the order that sampling means: NaN is -inf, and +inf the largest
// number. What a bound is compared with keeps that at no cost an element.
#pragma once

#include "by_element.hpp"
#include "sample_share.cuh"

namespace topkit::cuda {

struct F32Logit : F32 {
  using Logit = LogitF32;
  using F32::F32;
  __device__ static Pack max(Pack a, Pack b) { return float_bits(::fmaxf(bits_float(a), bits_float(b))); }
  __device__ Key key(Pack p, int) const { return key_of_z(sampling::candidate<One>(bits_float(p))); }
  // NaN passes where all do.
  __device__ static unsigned passes(Pack p, Pack threshold) {
    return bits_float(p) >= bits_float(threshold) || threshold == kPad ? 1U : 0U;
  }
  __device__ static std::uint32_t append_below(std::uint32_t mask, Pack p, Pack threshold) {
    return mask << 1 | (passes(p, threshold) ^ 1U);
  }
};

// The larger halves; a number before a NaN.
__device__ inline Pack max_number_bf16x2(Pack a, Pack b) {
#ifdef __CUDACC__
  Pack c;
  asm("max.bf16x2 %0, %1, %2;" : "=r"(c) : "r"(a), "r"(b));
  return c;
#else
  return simt::halves<std::uint16_t>(a, b, [](std::uint16_t x, std::uint16_t y) -> std::uint16_t {
    const float u = simt::from_bf16(x), v = simt::from_bf16(y);
    return u >= v || v != v ? x : y;
  });
#endif
}
__device__ inline Pack max_number_f16x2(Pack a, Pack b) {
#ifdef __CUDACC__
  Pack c;
  asm("max.f16x2 %0, %1, %2;" : "=r"(c) : "r"(a), "r"(b));
  return c;
#else
  return simt::halves<std::uint16_t>(a, b, [](std::uint16_t x, std::uint16_t y) -> std::uint16_t {
    const float u = simt::from_f16(x), v = simt::from_f16(y);
    return u >= v || v != v ? x : y;
  });
#endif
}

// Keys of 16 bits: nothing but NaN needs care, since no number is as large as +inf.
template <class Float, class AsLogit, std::uint32_t kInf, Pack (*larger)(Pack, Pack), Pack (*reaching)(Pack, Pack)>
struct Float16Logit : Float {
  using Logit = AsLogit;
  using Float::Float;
  __device__ static Pack max(Pack a, Pack b) { return larger(a, b); }
  __device__ Key key(Pack p, int sub) const {
    const Key k = Float::key(p, sub);
    return k == 0xffff ? Float::kLeast : k;
  }
  __device__ static std::uint32_t passing(Pack p, Pack threshold) {
    return reaching(p, threshold) | (threshold == Float::kPad ? ~0U : 0U);
  }
  __device__ static unsigned passes(Pack p, Pack threshold) {
    const std::uint32_t mask = passing(p, threshold);
    return (mask & 1U) | ((mask >> 15) & 2U);
  }
};
using Bf16Logit = Float16Logit<Bf16, LogitBf16, 0x7f80, max_number_bf16x2, ge_mask_bf16x2>;
using F16Logit = Float16Logit<F16, LogitF16, 0x7c00, max_number_f16x2, ge_mask_f16x2>;

template <>
inline constexpr bool is_fast_element<F32Logit> = true;
template <>
inline constexpr bool is_fast_element<Bf16Logit> = true;
template <>
inline constexpr bool is_fast_element<F16Logit> = true;

}  // namespace topkit::cuda
