// Lanes of NEON on AArch64. Only isa_neon_sample.cpp includes this.
#pragma once

#include <arm_neon.h>

#include "lanes.hpp"

namespace topkit::cpu {
namespace {

struct NeonMachine {
  static constexpr int kBytes = 16;
  using F = GnuVector<float, kBytes>::Type;
  using I = GnuVector<std::uint32_t, kBytes>::Type;

  static F Fma(F a, F b, F c) { return vfmaq_f32(c, a, b); }
  static I MulHi(I a, I b) {
    const uint64x2_t low = vmull_u32(vget_low_u32(a), vget_low_u32(b)), high = vmull_high_u32(a, b);
    return vuzp2q_u32(vreinterpretq_u32_u64(low), vreinterpretq_u32_u64(high));
  }
};

}  // namespace
}  // namespace topkit::cpu
