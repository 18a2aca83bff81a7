// Elements that a mask picks, moved together: by the instruction where there is one, else one by one.
#pragma once

#include "vec.hpp"

#if defined(__AVX512VBMI2__)
#include <immintrin.h>
#endif

namespace topkit::cpu {
namespace {

#if defined(__AVX512VBMI2__)
inline constexpr bool kCompresses = true;
#else
inline constexpr bool kCompresses = false;
#endif

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

// Appends column + base + i for every set bit i, ascending; may scribble over 64 places from `out` on.
inline std::int64_t* emit_indices(std::uint64_t bits, std::int64_t base, std::int64_t* out) {
#if defined(__AVX512VBMI2__)
  alignas(64) static constexpr std::uint8_t kIota[64] = {
      0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
      22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
      44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
  const __m512i iota = _mm512_load_si512(kIota), start = _mm512_set1_epi64(base);
  alignas(64) std::uint8_t packed[64];
  _mm512_store_si512(packed, _mm512_mask_compress_epi8(iota, bits, iota));
  const auto put = [&](int i) {
    const __m128i eight = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(packed + i));
    _mm512_storeu_si512(out + i, _mm512_add_epi64(start, _mm512_cvtepu8_epi64(eight)));
  };
  const int count = count_bits(bits);
  for (int i = 0; i < 40; i += 8) put(i);  // with every second element a winner, one block in fifty has more
  if (count > 40) [[unlikely]]
    for (int i = 40; i < 64; i += 8) put(i);
  return out + count;
#else
  for (; bits != 0; bits &= bits - 1) *out++ = base + __builtin_ctzll(bits);
  return out;
#endif
}

}  // namespace
}  // namespace topkit::cpu
