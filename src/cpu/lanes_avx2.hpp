// Lanes of AVX2 with FMA. Only isa_avx2_sample.cpp includes this.
#pragma once

#include <immintrin.h>

#include "lanes.hpp"

namespace topkit::cpu {
namespace {

struct Avx2Machine {
  static constexpr int kBytes = 32;
  using F = __m256;
  using I = GnuVector<std::uint32_t, kBytes>::Type;

  static F Fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  static I MulHi(I a, I b) {
    const auto x = reinterpret_cast<__m256i>(a), y = reinterpret_cast<__m256i>(b);
    const __m256i even = _mm256_srli_epi64(_mm256_mul_epu32(x, y), 32);
    const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(y, 32));
    return reinterpret_cast<I>(_mm256_blend_epi32(even, odd, 0xAA));
  }
};

}  // namespace
}  // namespace topkit::cpu
