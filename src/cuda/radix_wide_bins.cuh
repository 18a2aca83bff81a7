// Bins for words whose keys lie far apart: even in the numbers that zero lies between, next to which most keys are and no numbers;
// infinities and NaN, which are few keys, have bins by position.
#pragma once

#include "radix_even_bins.cuh"

namespace topkit::cuda {

// Of words from a bound up to any: monotone, and below kOrderBins. Three bins of four are for the lowest eight octaves, an eighth of them
// for other numbers and as many for what is above all numbers.
template <class E>
struct WideBins {
  using Word = typename Words<E>::Word;
  using Keys = FloatKeys<E>;
  // A word of f16 is 5 bits of exponent and 26 behind: as many as these above f32's, which means a power of two.
  static constexpr int kExtraBits = std::is_same_v<E, F16> ? 3 : 0;
  static constexpr std::uint32_t kOctaves = 8;

  bool crosses;         // zero
  float less;           // what is taken from a number then
  std::uint32_t limit;  // of the lowest octaves, as from() has it
  EvenBins near, far;

  // Up to the numbers of key `high`, 0 if there are none.
  __device__ WideBins(Word bound, Key high)
      : crosses(crosses_zero(Words<E>::key(bound))),
        less(2 * number(bits_of(bound))),
        limit(limit_of(from(bits_of(bound)), last(bound, high))),
        near(from(bits_of(bound)), limit),
        far(limit, last(bound, high)) {}

  __device__ std::uint32_t operator()(Word w) const {
    if (TopBins<E>::hold(w)) return TopBins<E>::bin(w);
    const std::uint32_t value = from(bits_of(w));
    if (value > limit) return kOrderBins / 4 * 3 + far(value) / 8;
    return near(value) - near(value) / 4;
  }

  // Where even bins hold many, of words from `bound` to the key `high`.
  __device__ static bool may_help(Word bound, Key high) {
    const Key low = Words<E>::key(bound);
    return high >= Keys::kInfinity || (crosses_zero(low) && high > Keys::kZero) ||
           (Keys::kNarrow && high - low > kLikelySpan<E>);
  }

 private:
  __device__ static bool crosses_zero(Key bound) { return bound < Keys::kZero && bound > Keys::kMinusInfinity; }
  __device__ static std::uint32_t bits_of(Word w) {
    return Keys::kNarrow ? static_cast<std::uint32_t>(w) : Words<E>::key(w);
  }
  __device__ static float number(std::uint32_t bits) {
    const std::uint32_t size = (bits >> 31 != 0 ? bits : ~bits) & 0x7fffffff;
    return bits_float((~bits & 0x80000000) | size >> kExtraBits);
  }
  __device__ std::uint32_t last(Word bound, Key high) const {
    return from(bits_of(Words<E>::lowest(::max(high, Words<E>::key(bound))) | ((Word{1} << Words<E>::kHalf) - 1)));
  }
  __device__ std::uint32_t limit_of(std::uint32_t base, std::uint32_t top) const {
    const std::uint32_t span = kOctaves * (crosses ? F32::kOctave : E::kOctave << (Keys::kNarrow ? 16 : 0));
    return top - base > span ? base + span : top;
  }
  // The same, where zero lies between, as what is above twice the bound: logarithms far from it, even steps next to it.
  __device__ std::uint32_t from(std::uint32_t bits) const { return crosses ? float_bits(number(bits) - less) : bits; }
};

}  // namespace topkit::cuda
