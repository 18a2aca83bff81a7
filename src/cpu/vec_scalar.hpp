// Vectors of 16 bytes of whatever machine this is compiled for, without intrinsics. See vec.hpp.
#pragma once

#include "vec_gnu.hpp"

namespace topkit::cpu {
namespace {

struct ScalarBase {
  template <int kBits, class Mask, std::size_t kCount>
  static std::uint64_t JoinMasks(const Mask (&masks)[kCount]) {
    SignedOf<kBits> wide[kBlock];
    std::uint8_t ones[kBlock];
    std::memcpy(wide, masks, sizeof(wide));
    for (std::uint32_t i = 0; i < kBlock; ++i) ones[i] = static_cast<std::uint8_t>(wide[i] & 1);
    std::uint64_t bits = 0;
    for (std::uint32_t i = 0; i < kBlock; i += 8) {
      std::uint64_t eight;  // little-endian: byte j is element i + j; the product moves bit 8 * j to bit 56 + j
      std::memcpy(&eight, ones + i, 8);
      bits |= (eight * 0x0102040810204080U >> 56) << i;
    }
    return bits;
  }

  template <class Reg>
  static Reg MaxFloat(Reg a, Reg b) {
    return a > b ? a : b;
  }

  static std::uint32_t* Emit(std::uint64_t bits, std::uint32_t base, std::uint32_t* out) {
    for (; bits != 0; bits &= bits - 1) *out++ = base + static_cast<std::uint32_t>(__builtin_ctzll(bits));
    return out;
  }
};

using Scalar = GnuIsa<ScalarBase, 16>;

}  // namespace
}  // namespace topkit::cpu
