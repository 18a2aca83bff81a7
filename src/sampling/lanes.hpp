// What the arithmetic of sampling asks of a machine, and one lane of it in plain C++.
//
// Sampling is written once (philox.hpp, math.hpp), as templates over a class like OneLane: F holds floats, I as many 32-bit
// words without a sign, M as many yes or no. Every operation is one of IEEE-754 with rounding to nearest even, or one of
// integers modulo 2^32, so that all machines give the same bits. Nothing is contracted: these files are compiled
// with -ffp-contract=off, and on a device the operations are named.
#pragma once

#include <cstdint>

namespace topkit::sampling {

template <class Float = float>
struct OneLane {
  using F = Float;
  using I = std::uint32_t;
  using M = bool;

  static constexpr F Set(float value) { return value; }
  static constexpr I SetI(std::uint32_t value) { return value; }

  static constexpr F Add(F a, F b) {
#ifdef __CUDA_ARCH__
    return __fadd_rn(a, b);
#else
    return a + b;
#endif
  }
  static constexpr F Sub(F a, F b) {
#ifdef __CUDA_ARCH__
    return __fsub_rn(a, b);
#else
    return a - b;
#endif
  }
  static constexpr F Mul(F a, F b) {
#ifdef __CUDA_ARCH__
    return __fmul_rn(a, b);
#else
    return a * b;
#endif
  }
  static constexpr F Div(F a, F b) {
#ifdef __CUDA_ARCH__
    return __fdiv_rn(a, b);
#else
    return a / b;
#endif
  }
  static constexpr F Fma(F a, F b, F c) { return __builtin_fmaf(a, b, c); }  // a * b + c, rounded once
  static constexpr F Max(F a, F b) { return a > b ? a : b; }                 // no NaN comes here
  static constexpr M Lt(F a, F b) { return a < b; }

  static constexpr I Bits(F a) { return __builtin_bit_cast(I, a); }
  static constexpr F FromBits(I a) { return __builtin_bit_cast(F, a); }
  static constexpr F ToFloat(I a) { return static_cast<F>(a); }  // of a number below 2^24: exact

  static constexpr I AddI(I a, I b) { return a + b; }
  static constexpr I SubI(I a, I b) { return a - b; }
  static constexpr I AndI(I a, I b) { return a & b; }
  static constexpr I OrI(I a, I b) { return a | b; }
  static constexpr I XorI(I a, I b) { return a ^ b; }
  static constexpr I MulLo(I a, I b) { return a * b; }
  static constexpr I MulHi(I a, I b) { return static_cast<I>(static_cast<std::uint64_t>(a) * b >> 32); }
  template <int kBy>
  static constexpr I Shl(I a) {
    return a << kBy;
  }
  template <int kBy>
  static constexpr I Shr(I a) {
    return a >> kBy;
  }
  static constexpr M EqI(I a, I b) { return a == b; }

  static constexpr F If(M m, F a, F b) { return m ? a : b; }
  static constexpr I IfI(M m, I a, I b) { return m ? a : b; }
};

}  // namespace topkit::sampling
