// Vectors of AVX2 (with BMI2). Only isa_avx2_*.cpp include this; see vec.hpp.
#pragma once

#include <immintrin.h>

#include "vec_gnu.hpp"

namespace topkit::cpu {
namespace {

struct EmitTable {
  std::uint64_t positions[256];  // byte j: where the j-th set bit is
  constexpr EmitTable() : positions{} {
    for (int bits = 0; bits < 256; ++bits)
      for (int i = 0, j = 0; i < 8; ++i)
        if ((bits >> i & 1) != 0) positions[bits] |= static_cast<std::uint64_t>(i) << (8 * j++);
  }
};

struct Avx2Base {
  // Masks are packed to a byte an element, in order, then their sign bits are taken 32 at a time.
  template <int kBits, class Mask, std::size_t kCount>
  static std::uint64_t JoinMasks(const Mask (&masks)[kCount]) {
    const auto m = [&](std::size_t i) { return reinterpret_cast<__m256i>(masks[i]); };
    const auto two = [](__m256i low, __m256i high) {
      return static_cast<std::uint32_t>(_mm256_movemask_epi8(low)) |
             static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(high))) << 32;
    };
    if constexpr (kBits == 8) return two(m(0), m(1));
    if constexpr (kBits == 16) {
      const auto pack = [&](std::size_t i) {
        return _mm256_permute4x64_epi64(_mm256_packs_epi16(m(i), m(i + 1)), 0xD8);
      };
      return two(pack(0), pack(2));
    }
    if constexpr (kBits == 32) {
      const auto pack = [&](std::size_t i) {
        const __m256i mixed =
            _mm256_packs_epi16(_mm256_packs_epi32(m(i), m(i + 1)), _mm256_packs_epi32(m(i + 2), m(i + 3)));
        return _mm256_permutevar8x32_epi32(mixed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
      };
      return two(pack(0), pack(4));
    }
    if constexpr (kBits == 64) {
      std::uint64_t bits = 0;
#pragma GCC unroll 16
      for (std::size_t i = 0; i < kCount; ++i)
        bits |= static_cast<std::uint64_t>(_mm256_movemask_pd(_mm256_castsi256_pd(m(i)))) << (4 * i);
      return bits;
    }
  }

  static __m256 MaxFloat(__m256 a, __m256 b) { return _mm256_max_ps(a, b); }
  static __m256d MaxFloat(__m256d a, __m256d b) { return _mm256_max_pd(a, b); }

  // Few bits are the rule, so four are always written; more go through the table, eight candidates a step.
  static std::uint32_t* Emit(std::uint64_t bits, std::uint32_t base, std::uint32_t* out) {
    const int count = count_bits(bits);
    if (count <= 4) [[likely]] {
      std::uint64_t rest = bits;
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        out[i] = base + static_cast<std::uint32_t>(_tzcnt_u64(rest));
        rest &= rest - 1;
      }
      return out + count;
    }
    for (std::uint32_t i = 0; i < kBlock; i += 8) {
      const std::uint64_t eight = bits >> i & 0xFF;
      const __m256i positions =
          _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<long long>(kTable.positions[eight])));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                          _mm256_add_epi32(positions, _mm256_set1_epi32(static_cast<int>(base + i))));
      out += count_bits(eight);
    }
    return out;
  }

 private:
  static constexpr EmitTable kTable{};
};

using Avx2 = GnuIsa<Avx2Base, 32>;

}  // namespace
}  // namespace topkit::cpu
