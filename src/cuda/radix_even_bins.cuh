// Bins of equal width over words of 32 bits, by a factor and the high half of a product: all of them are used, whatever the range. Others
// for what is no number.
#pragma once

#include "radix_split.cuh"
#include "radix_word.cuh"

namespace topkit::cuda {

// Over the words base..top, all kOrderBins bins. What is above top is in the highest.
struct EvenBins {
  std::uint32_t top, factor, offset, scale;

  __device__ EvenBins(std::uint32_t base, std::uint32_t most) : top(most) {
    const std::uint32_t span = (most - base) | 1;
    const int left = __clz(static_cast<int>(span));
    factor = 1U << left;
    offset = 0U - (base << left);
    // 2^44 by what is as much as 2^32 times a bin: rounded so that nothing reaches bin kOrderBins.
    static_assert(kOrderBins == 1 << 12);
    scale = (1U << 28) / ((span << left >> 16) + 1);
  }
  __device__ std::uint32_t operator()(std::uint32_t word) const {
    return __umulhi(::min(word, top) * factor + offset, scale);
  }
};

// The highest bins, by position: infinities have as many as NaN, each of which is one key.
template <class E>
struct TopBins {
  using Word = typename Words<E>::Word;
  using Half = typename Words<E>::Half;
  static constexpr int kEachLog = 8;
  static constexpr std::uint32_t kFirst = kOrderBins - (2U << kEachLog);

  __device__ static bool hold(Word w) { return Words<E>::key(w) >= FloatKeys<E>::kInfinity; }
  __device__ static std::uint32_t bin(Word w) {
    const std::uint32_t first = kFirst + (Words<E>::key(w) > FloatKeys<E>::kInfinity ? 1U << kEachLog : 0U);
    return first + (static_cast<Half>(w) >> (Words<E>::kHalf - kEachLog));
  }
};

}  // namespace topkit::cuda
