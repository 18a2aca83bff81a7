// The functions of sampling, the same bits on every machine: see lanes.hpp. Polynomials are minimax fits of ours; errors are
// relative and tested against float64 (tests/sampling/math_test.cpp).
#pragma once

#include <cstdint>

#include "lanes.hpp"

namespace topkit::sampling {

// c + x * (next + x * (..))
template <class O, class... Next>
constexpr typename O::F horner(typename O::F x, float c, Next... next) {
  if constexpr (sizeof...(next) == 0) {
    return O::Set(c);
  } else {
    return O::Fma(horner<O>(x, next...), x, O::Set(c));
  }
}

// 1.5 * 2^23: the low bits of a sum with it are the other number, rounded to a whole one.
inline constexpr float kToWhole = 12582912.0F;

// 2^(n + f) for -126 <= n <= 127, |f| <= 1/2; sum: kToWhole + n.
template <class O>
constexpr typename O::F exp2_of_parts(typename O::F sum, typename O::F f) {
  const typename O::F p = O::Fma(
      horner<O>(f, 0x1.62e42ap-1F, 0x1.ebf9bcp-3F, 0x1.c6b752p-5F, 0x1.3cea88p-7F, 0x1.5bba14p-10F), f, O::Set(1.0F));
  return O::FromBits(O::AddI(O::Bits(p), O::template Shl<23>(O::Bits(sum))));
}

// 2^y for -126 <= y <= 127. Within 1.8e-7; exact at whole y.
template <class O>
constexpr typename O::F exp2_in_range(typename O::F y) {
  using F = typename O::F;
  const F magic = O::Set(kToWhole);
  const F sum = O::Add(y, magic);
  return exp2_of_parts<O>(sum, O::Sub(y, O::Sub(sum, magic)));
}

// 2^y for y <= 127; below 2^-126 it stays there.
template <class O>
constexpr typename O::F exp2(typename O::F y) {
  return exp2_in_range<O>(O::Max(y, O::Set(-126.0F)));
}

// A whole number of 2^-40: high * 2^23 + low, low being a signed number of at most 2^22 either way. Lanes of 32 bits can add
// up 256 of them before they must be put together.
template <class O>
struct Weight {
  typename O::I high, low;
};

// 2^y * scale in units of 2^-40, rounded to the nearest (even) whole number; 2^y * scale <= 1. Sums of weights do not depend
// on their order: a row's mass is the same wherever it is added up.
template <class O>
constexpr Weight<O> weight(typename O::F y, float scale) {
  using F = typename O::F;
  const F w = O::Mul(exp2<O>(y), O::Set(scale));
  const F in_high = O::Set(0x1.8p+6F), in_low = O::Set(0x1.8p-17F);  // their last bits are 2^-17 and 2^-40
  const F high = O::Add(w, in_high);
  const F low = O::Add(O::Sub(w, O::Sub(high, in_high)), in_low);
  return {O::SubI(O::Bits(high), O::Bits(in_high)), O::SubI(O::Bits(low), O::Bits(in_low))};
}

constexpr std::uint64_t mass_of(std::uint32_t high, std::uint32_t low) {
  return (static_cast<std::uint64_t>(high) << 23) +
         static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(low)));
}

// Log-probabilities weigh a row by tiles of so many tokens, each against its own largest z, so that a tile needs to know nothing of
// the others.
inline constexpr std::uint32_t kTile = 1024;

// What a tile's mass is in the row's: mass * 2^y * scale, rounded down; y <= 0 is of the tile's largest z.
template <class O>
constexpr std::uint64_t mass_in_row(std::uint64_t mass, typename O::F y, float scale) {
  const std::uint32_t power = O::Bits(exp2<O>(y));
  const std::uint32_t shift = 254 - (power >> 23) - (O::Bits(O::Set(scale)) >> 23);  // scale is a power of 2
  const std::uint64_t mantissa = (power & 0x7FFFFF) | 0x800000;
  const std::uint64_t whole = (((mass >> 24) * mantissa) << 1) + (((mass & 0xFFFFFF) * mantissa) >> 23);
  return shift < 64 ? whole >> shift : 0;
}

// What the weights of a row of so many columns are scaled by, so that their sum stays below 2^62.
constexpr float weight_scale(std::int64_t cols) {
  float scale = 1;
  for (; cols >= std::int64_t{1} << 22; cols /= 2) scale /= 2;
  return scale;
}

// log2(1 + f) / f for 1 + f in [sqrt(1/2), sqrt(2)].
template <class O>
constexpr typename O::F log2_slope(typename O::F f) {
  return horner<O>(f, 0x1.715476p+0F, -0x1.715470p-1F, 0x1.ec7096p-2F, -0x1.715a76p-2F, 0x1.277e38p-2F, -0x1.eabc86p-3F,
                   0x1.a305a2p-3F, -0x1.874bf0p-3F, 0x1.7d496cp-3F, -0x1.c25a9ep-4F);
}

// x = 2^exponent * (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)).
template <class O>
struct Parted {
  typename O::F exponent, f;
};
template <class O>
constexpr Parted<O> part(typename O::F x) {
  using I = typename O::I;
  const I bits = O::Bits(x);
  const I biased = O::template Shr<23>(O::AddI(bits, O::SetI(0x3F800000 - 0x3F3504F3)));
  const I mantissa = O::AddI(O::SubI(bits, O::template Shl<23>(biased)), O::SetI(0x3F800000));
  return {O::Sub(O::ToFloat(biased), O::Set(127.0F)), O::Sub(O::FromBits(mantissa), O::Set(1.0F))};
}

// log2 of a positive number that is not denormal: within 3e-7 relative also near 1, where it is a small number.
template <class O>
constexpr typename O::F log2(typename O::F x) {
  const Parted<O> p = part<O>(x);
  return O::Fma(log2_slope<O>(p.f), p.f, p.exponent);
}

// tanh within 4e-7; +-1 from 9.02 on.
template <class O>
constexpr typename O::F tanh(typename O::F x) {
  using F = typename O::F;
  using I = typename O::I;
  const I sign = O::AndI(O::Bits(x), O::SetI(0x80000000));
  const F a = O::FromBits(O::XorI(O::Bits(x), sign));
  const F square = O::Mul(a, a);
  const F slope = horner<O>(square, -0x1.555556p-2F, 0x1.1110e4p-3F, -0x1.ba073ap-5F, 0x1.649054p-6F, -0x1.10c60ap-7F,
                            0x1.29a008p-9F);
  const F small = O::Fma(O::Mul(square, slope), a, a);
  const F most = O::Set(9.5F);
  const F power = exp2<O>(O::Mul(O::If(O::Lt(a, most), a, most), O::Set(0x1.715476p+1F)));  // e^2a
  const F large = O::Sub(O::Set(1.0F), O::Div(O::Set(2.0F), O::Add(power, O::Set(1.0F))));
  return O::FromBits(O::OrI(O::Bits(O::If(O::Lt(a, O::Set(0.625F)), small, large)), sign));
}

// The nearest float of any 32-bit word.
template <class O>
constexpr typename O::F word_to_float(typename O::I word) {
  return O::Fma(O::ToFloat(O::template Shr<16>(word)), O::Set(65536.0F), O::ToFloat(O::AndI(word, O::SetI(0xFFFF))));
}

// Whether log2_exponential asks for a second word; callers that do not need it pass anything.
template <class O>
constexpr typename O::M needs_more(typename O::I r) {
  return O::EqI(O::template Shr<16>(r), O::SetI(0));
}

// log2 of E, an exponential variable in units of ln 2: E = -log2(1 - v). The uniform v is (r + 1/2) * 2^-32; of small r,
// which decide between unlikely tokens, (r + (more + 1/2) * 2^-32) * 2^-32. Neither end loses digits: the least v is
// 2^-65, the largest 1 - 2^-33.
template <class O>
constexpr typename O::F log2_exponential(typename O::I r, typename O::I more) {
  using F = typename O::F;
  using M = typename O::M;
  const F half = O::Set(0.5F), step = O::Set(0x1p-32F);
  const F rest = O::Mul(O::Add(word_to_float<O>(more), half), step);
  const F v = O::Mul(O::Add(word_to_float<O>(r), O::If(needs_more<O>(r), rest, half)), step);
  const F beyond = O::Mul(O::Add(word_to_float<O>(O::XorI(r, O::SetI(0xFFFFFFFF))), half), step);  // 1 - v
  const M low = O::Lt(v, O::Set(0.2928F));
  const Parted<O> p = part<O>(O::If(low, O::Set(1.0F), beyond));
  const F f = O::If(low, O::Sub(O::Set(0.0F), v), p.f);
  const F negative = O::Fma(log2_slope<O>(f), f, p.exponent);
  return log2<O>(O::Sub(O::Set(0.0F), negative));
}

// log2 of a mass that is not 0: of a sum of weights, in units of 2^-40 / scale.
template <class O>
constexpr float log2_mass(std::uint64_t mass, float scale) {
  const int zeros = __builtin_clzll(mass);
  const float leading = word_to_float<O>(static_cast<std::uint32_t>(mass << zeros >> 32));
  return O::Add(static_cast<float>(-8 - zeros), log2<O>(O::Div(leading, scale)));
}

}  // namespace topkit::sampling
