// Elements that a mask picks, moved together: by the instruction where there is one, else one by one.
#pragma once

#include "vec.hpp"

#if defined(__AVX512VBMI2__)
#include <immintrin.h>
#endif

namespace topkit::cpu {
namespace {

// Appends to `out` the elements p[i] of 64 whose bit is set; may scribble over 64 elements from `out` on.
template <class Raw>
Raw* compress_block(std::uint64_t bits, const Raw* p, Raw* out) {
#if defined(__AVX512VBMI2__)
  // In a register, then stored: to memory it is microcode on Zen 4. The source is live there too, not zero.
  if constexpr (sizeof(Raw) == 1) {
    const __m512i v = _mm512_loadu_si512(p);
    _mm512_storeu_si512(out, _mm512_mask_compress_epi8(v, bits, v));
    return out + count_bits(bits);
  } else {
    constexpr std::uint32_t kLanes = 64 / sizeof(Raw);
#pragma GCC unroll 8
    for (std::uint32_t i = 0; i < 64; i += kLanes) {
      const auto mask = bits >> i & ((std::uint64_t{1} << kLanes) - 1);
      const __m512i v = _mm512_loadu_si512(p + i);
      if constexpr (sizeof(Raw) == 2)
        _mm512_storeu_si512(out, _mm512_mask_compress_epi16(v, static_cast<__mmask32>(mask), v));
      else if constexpr (sizeof(Raw) == 4)
        _mm512_storeu_si512(out, _mm512_mask_compress_epi32(v, static_cast<__mmask16>(mask), v));
      else
        _mm512_storeu_si512(out, _mm512_mask_compress_epi64(v, static_cast<__mmask8>(mask), v));
      out += count_bits(mask);
    }
    return out;
  }
#else
  for (; bits != 0; bits &= bits - 1) *out++ = p[__builtin_ctzll(bits)];
  return out;
#endif
}

}  // namespace
}  // namespace topkit::cpu
