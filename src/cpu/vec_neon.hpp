// Vectors of NEON on AArch64. Only isa_neon_*.cpp include this; see vec.hpp.
#pragma once

#include <arm_neon.h>

#include "vec_gnu.hpp"

namespace topkit::cpu {
namespace {

struct NeonBase {
  // Masks are narrowed to a byte an element; each byte keeps the bit of its place, and three pairwise sums make the word.
  template <int kBits, class Mask, std::size_t kCount>
  static std::uint64_t JoinMasks(const Mask (&masks)[kCount]) {
    const uint8x16_t places = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const auto byte_masks = [&](std::size_t i) { return vandq_u8(Narrow<kBits>(masks, i * kCount / 4), places); };
    const uint8x16_t sum = vpaddq_u8(vpaddq_u8(byte_masks(0), byte_masks(1)), vpaddq_u8(byte_masks(2), byte_masks(3)));
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)), 0);
  }

  template <class Reg>
  static Reg MaxFloat(Reg a, Reg b) {
    return a > b ? a : b;
  }

  static std::uint32_t* Emit(std::uint64_t bits, std::uint32_t base, std::uint32_t* out) {
    const int count = count_bits(bits);
    for (int written = 0; written < count; written += 4) {
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        out[written + i] = base + static_cast<std::uint32_t>(bits == 0 ? 0 : __builtin_ctzll(bits));
        bits &= bits - 1;
      }
    }
    return out + count;
  }

 private:
  template <int kBits, class Mask, std::size_t kCount>
  static uint8x16_t Narrow(const Mask (&masks)[kCount], std::size_t i) {
    if constexpr (kBits == 8) {
      return reinterpret_cast<uint8x16_t>(masks[i]);
    } else if constexpr (kBits == 16) {
      return vuzp1q_u8(reinterpret_cast<uint8x16_t>(masks[i]), reinterpret_cast<uint8x16_t>(masks[i + 1]));
    } else {
      constexpr std::size_t kHalf = kBits / 16;  // vectors that make eight elements
      return vuzp1q_u8(reinterpret_cast<uint8x16_t>(Halfwords<kBits>(masks, i)),
                       reinterpret_cast<uint8x16_t>(Halfwords<kBits>(masks, i + kHalf)));
    }
  }
  template <int kBits, class Mask, std::size_t kCount>
  static uint16x8_t Halfwords(const Mask (&masks)[kCount], std::size_t i) {
    const auto word = [&](std::size_t j) {
      if constexpr (kBits == 32) {
        return reinterpret_cast<uint16x8_t>(masks[i + j]);
      } else {
        return reinterpret_cast<uint16x8_t>(vuzp1q_u32(reinterpret_cast<uint32x4_t>(masks[i + 2 * j]),
                                                       reinterpret_cast<uint32x4_t>(masks[i + 2 * j + 1])));
      }
    };
    return vuzp1q_u16(word(0), word(1));
  }
};

using Neon = GnuIsa<NeonBase, 16>;

}  // namespace
}  // namespace topkit::cpu
