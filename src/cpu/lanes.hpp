// Lanes of floats and 32-bit words for the arithmetic of sampling (../sampling/lanes.hpp says what it asks): GNU vectors as
// wide as a register. A machine supplies kBytes, Fma and MulHi; everything else is the compiler's.
//
// In an unnamed namespace for the reason that vec.hpp gives; so are, through their parameter, the functions of
// sampling/math.hpp and philox.hpp that are compiled here.
#pragma once

#include "vec.hpp"

namespace topkit::cpu {
namespace {

template <class Machine>
struct Lanes {
  static constexpr std::uint32_t kLanes = Machine::kBytes / 4;
  using F = typename GnuVector<float, Machine::kBytes>::Type;
  using I = typename GnuVector<std::uint32_t, Machine::kBytes>::Type;
  using M = typename GnuVector<std::int32_t, Machine::kBytes>::Type;  // 0 or -1
  using Halves = typename GnuVector<std::uint16_t, Machine::kBytes / 2>::Type;

  static F Set(float value) { return F{} + value; }
  static I SetI(std::uint32_t value) { return I{} + value; }

  static F Add(F a, F b) { return a + b; }
  static F Sub(F a, F b) { return a - b; }
  static F Mul(F a, F b) { return a * b; }
  static F Div(F a, F b) { return a / b; }
  static F Fma(F a, F b, F c) { return Machine::Fma(a, b, c); }
  static F Max(F a, F b) { return a > b ? a : b; }
  static M Lt(F a, F b) { return a < b; }

  static I Bits(F a) { return reinterpret_cast<I>(a); }
  static F FromBits(I a) { return reinterpret_cast<F>(a); }
  static F ToFloat(I a) { return __builtin_convertvector(reinterpret_cast<M>(a), F); }

  static I AddI(I a, I b) { return a + b; }
  static I SubI(I a, I b) { return a - b; }
  static I AndI(I a, I b) { return a & b; }
  static I OrI(I a, I b) { return a | b; }
  static I XorI(I a, I b) { return a ^ b; }
  static I MulLo(I a, I b) { return a * b; }
  static I MulHi(I a, I b) { return Machine::MulHi(a, b); }
  template <int kBy>
  static I Shl(I a) {
    return a << kBy;
  }
  template <int kBy>
  static I Shr(I a) {
    return a >> kBy;
  }
  static M EqI(I a, I b) { return a == b; }

  static F If(M m, F a, F b) { return m ? a : b; }
  static I IfI(M m, I a, I b) { return m ? a : b; }

  // What only the CPU's kernels need.
  template <class V>
  static V Load(const void* p) {
    V a;
    std::memcpy(&a, p, sizeof(a));
    return a;
  }
  template <class V>
  static void Store(void* p, V a) {
    std::memcpy(p, &a, sizeof(a));
  }
  static I Iota() {
    I a = {};
    for (std::uint32_t i = 0; i < kLanes; ++i) a[i] = i;
    return a;
  }
  static bool Any(M m) {
    const auto words = reinterpret_cast<typename GnuVector<std::uint64_t, Machine::kBytes>::Type>(m);
    std::uint64_t any = 0;
    for (std::uint32_t i = 0; i < kLanes / 2; ++i) any |= words[i];
    return any != 0;
  }
  static std::uint64_t Sum(I a) {
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < kLanes; ++i) sum += a[i];
    return sum;
  }
  static float ReduceMax(F a) {
    float most = a[0];
    for (std::uint32_t i = 1; i < kLanes; ++i) most = greater(most, static_cast<float>(a[i]));
    return most;
  }
};

}  // namespace
}  // namespace topkit::cpu
