// Lanes of AVX-512. Only isa_avx512_sample.cpp includes this.
#pragma once

#include <immintrin.h>

#include "lanes.hpp"

namespace topkit::cpu {
namespace {

struct Avx512Machine {
  static constexpr int kBytes = 64;
  using F = __m512;
  using I = GnuVector<std::uint32_t, kBytes>::Type;

  static F Fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  static I MulHi(I a, I b) {
    const auto x = reinterpret_cast<__m512i>(a), y = reinterpret_cast<__m512i>(b);
    const __m512i even = _mm512_srli_epi64(_mm512_mul_epu32(x, y), 32);
    const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(x, 32), _mm512_srli_epi64(y, 32));
    return reinterpret_cast<I>(_mm512_mask_mov_epi32(even, 0xAAAA, odd));
  }
};

}  // namespace
}  // namespace topkit::cpu
