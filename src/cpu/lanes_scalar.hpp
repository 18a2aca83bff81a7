// Lanes of 16 bytes without intrinsics. Where the machine has no fused multiply-add, the C library's is called: exact, slow.
#pragma once

#include "lanes.hpp"

namespace topkit::cpu {
namespace {

struct ScalarMachine {
  static constexpr int kBytes = 16;
  using F = GnuVector<float, kBytes>::Type;
  using I = GnuVector<std::uint32_t, kBytes>::Type;

  static F Fma(F a, F b, F c) {
    F r = {};
    for (int i = 0; i < kBytes / 4; ++i) r[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return r;
  }
  static I MulHi(I a, I b) {
    I r = {};
    for (int i = 0; i < kBytes / 4; ++i)
      r[i] = static_cast<std::uint32_t>(static_cast<std::uint64_t>(a[i]) * b[i] >> 32);
    return r;
  }
};

}  // namespace
}  // namespace topkit::cpu
