// How a kernel sees one element type: packed registers for the bulk of the work, 32-bit ordered keys for the few
// survivors.
//
// A Pack is one 32-bit register of kPerPack elements. Bulk work (maxima, the filter) stays in the type's own domain,
// where it costs one instruction a register; only survivors become keys. Keys here are private to the kernels: larger
// is better, equal keys are ties; they need not equal topkit::KeyMap's.
//
// The fast elements (F32, Bf16, F16) serve "largest, NaN largest". General<Raw> serves every other type of up to 32
// bits, direction and NaN rule through KeyMap; its Pack is the key itself. 64-bit types are cuda_sort's, cuda_wide's and cuda_radix's.
//
// An element is built on the host from the problem and given to the kernel by value. Each has: Raw, kPerPack, kRawPacks (a
// pack holds the bits as they lie in memory), kPad (a pack that beats nothing), kOctave (from a float's key to that of twice as much; 0: keys are no floats'), unpack (16 bytes to packs), pack (one raw element), max, key, raw, lossy, threshold, passes, count_passing.
#pragma once

#include <cstdint>

#include "../key.hpp"
#include "simt.hpp"

namespace topkit::cuda {

using Key = std::uint32_t;
using Pack = std::uint32_t;

// 16 bytes of a row, as they are loaded.
struct alignas(16) Vec {
  std::uint32_t word[4];
};

// key << 32 | ~index: unique, larger is better, the lower index wins ties.
using Candidate = std::uint64_t;
__device__ inline Candidate candidate(Key key, std::uint32_t index) {
  return (static_cast<Candidate>(key) << 32) | static_cast<std::uint32_t>(~index);
}
__device__ inline Key key_of(Candidate c) { return static_cast<Key>(c >> 32); }
__device__ inline std::uint32_t index_of(Candidate c) { return ~static_cast<std::uint32_t>(c); }

struct F32 {
  using Raw = std::uint32_t;
  static constexpr int kPerPack = 1;
  static constexpr int kPacksPerVec = 4;
  static constexpr bool kRawPacks = true;
  static constexpr Pack kPad = 0xff800000;  // -inf
  static constexpr Key kOctave = 1U << 23;

  explicit F32(const Problem&) {}
  __device__ void unpack(const Vec& v, Pack (&out)[kPacksPerVec]) const {
    for (int i = 0; i < 4; ++i) out[i] = v.word[i];
  }
  __device__ Pack pack(Raw raw) const { return raw; }
  __device__ static Pack max(Pack a, Pack b) {
    return __float_as_uint(max_nan(__uint_as_float(a), __uint_as_float(b)));
  }
  // x + 0 turns -0 into +0 and every NaN into the canonical one, whose bits rank above +inf.
  __device__ Key key(Pack p, int) const {
    const auto bits = static_cast<std::int32_t>(float_bits(add_zero(bits_float(p))));
    return static_cast<Key>(bits) ^ (static_cast<Key>(bits >> 31) | 0x80000000U);
  }
  // The bits of an element with this key; lossy for zero (its sign) and NaN (its payload).
  __device__ Raw raw(Key k) const { return (k & 0x80000000) != 0 ? k ^ 0x80000000 : ~k; }
  __device__ bool lossy(Key k) const { return k == 0x80000000 || k > 0xff800000; }
  // What packs are compared with. Never above an element of this key; for NaN it is +inf, which NaN passes; every element
  // passes that of key 0. That of zero is -0: a difference to it is never negative for either zero (less_sign).
  __device__ Pack threshold(Key k) const {
    return k > 0xff800000 ? 0x7f800000 : k < 0x00800000 ? kPad : k == 0x80000000 ? k : raw(k);
  }
  // Bit s: element s of the pack is not below the threshold. NaN passes.
  __device__ static unsigned passes(Pack p, Pack threshold) {
    return !(__uint_as_float(p) < __uint_as_float(threshold)) ? 1U : 0U;
  }
  // counts + 1 if the element is not below the threshold.
  __device__ static std::uint32_t count_passing(std::uint32_t counts, Pack p, Pack threshold) {
    return counts + passes(p, threshold);
  }
  // mask << 1 | "the element is below the threshold", which NaN is not.
  __device__ static std::uint32_t append_below(std::uint32_t mask, Pack p, Pack threshold) {
    return __funnelshift_l(less_sign(__uint_as_float(p), __uint_as_float(threshold)), mask, 1);
  }
};

// Two 16-bit floats a register; kInf is the type's +inf.
template <class Half2, std::uint32_t kInf>
struct Float16 {
  using Raw = std::uint16_t;
  static constexpr int kPerPack = 2;
  static constexpr int kPacksPerVec = 4;
  static constexpr bool kRawPacks = true;
  static constexpr Pack kPad = (0x8000U | kInf) * 0x00010001U;
  static constexpr Key kOctave = kInf & (0U - kInf);  // the lowest bit of the exponent

  explicit Float16(const Problem&) {}
  __device__ void unpack(const Vec& v, Pack (&out)[kPacksPerVec]) const {
    for (int i = 0; i < 4; ++i) out[i] = v.word[i];
  }
  __device__ Pack pack(Raw raw) const { return raw; }
  __device__ static Pack max(Pack a, Pack b) { return Half2::max_nan(a, b); }
  // x + 0 turns -0 into +0 and every NaN into the canonical one, whose bits rank above +inf.
  __device__ Key key(Pack p, int sub) const {
    const Pack bits = Half2::add_zero(p);
    const Pack keys = bits ^ (half_signs(bits) | 0x80008000U);
    return sub == 0 ? keys & 0xffff : keys >> 16;
  }
  static constexpr Key kLeast = 0x7fff - kInf;  // of -inf
  __device__ Raw raw(Key k) const { return static_cast<Raw>(k >= 0x8000 ? k ^ 0x8000 : ~k); }
  __device__ bool lossy(Key k) const { return k == 0x8000 || k == 0xffff; }
  __device__ Pack threshold(Key k) const {
    return (k > 0x8000 + kInf ? kInf : k < kLeast ? kPad & 0xffff : raw(k)) * 0x00010001U;
  }
  // 0xffff for each element that is not below the threshold. NaN passes.
  __device__ static std::uint32_t passing(Pack p, Pack threshold) { return ~Half2::gt_mask(threshold, p); }
  // counts: of low elements in the low half, of high ones in the high half.
  __device__ static std::uint32_t count_passing(std::uint32_t counts, Pack p, Pack threshold) {
    return counts + (passing(p, threshold) & 0x00010001U);
  }
  // Bits 0 and 1: the low and high element are not below the threshold.
  __device__ static unsigned passes(Pack p, Pack threshold) {
    const std::uint32_t mask = passing(p, threshold);
    return (mask & 1U) | ((mask >> 15) & 2U);
  }
};

struct Bf16x2 {
  __device__ static Pack max_nan(Pack a, Pack b) { return max_nan_bf16x2(a, b); }
  __device__ static Pack add_zero(Pack a) { return add_zero_bf16x2(a); }
  __device__ static std::uint32_t gt_mask(Pack a, Pack b) { return gt_mask_bf16x2(a, b); }
};
struct F16x2 {
  __device__ static Pack max_nan(Pack a, Pack b) { return max_nan_f16x2(a, b); }
  __device__ static Pack add_zero(Pack a) { return add_zero_f16x2(a); }
  __device__ static std::uint32_t gt_mask(Pack a, Pack b) { return gt_mask_f16x2(a, b); }
};
using Bf16 = Float16<Bf16x2, 0x7f80>;
using F16 = Float16<F16x2, 0x7c00>;

// Any type of up to 32 bits, either direction, either NaN rule.
template <class RawType>
struct General {
  using Raw = RawType;
  static constexpr int kPerPack = 1;
  static constexpr int kPacksPerVec = 16 / sizeof(Raw);
  static constexpr bool kRawPacks = false;
  static constexpr Pack kPad = 0;
  static constexpr Key kOctave = 0;

  KeyMap<Raw> map;

  explicit General(const Problem& problem) : map(key_map<Raw>(info(problem.dtype), problem.largest, problem.nan)) {}
  __device__ void unpack(const Vec& v, Pack (&out)[kPacksPerVec]) const {
    constexpr int kPerWord = 4 / sizeof(Raw);
    for (int i = 0; i < kPacksPerVec; ++i)
      out[i] = map(static_cast<Raw>(v.word[i / kPerWord] >> (i % kPerWord * 8 * static_cast<int>(sizeof(Raw)))));
  }
  __device__ Pack pack(Raw raw) const { return map(raw); }
  __device__ static Pack max(Pack a, Pack b) { return a > b ? a : b; }
  __device__ Key key(Pack p, int) const { return p; }
  __device__ Raw raw(Key k) const { return map.raw(static_cast<Raw>(k)); }
  __device__ bool lossy(Key k) const { return map.lossy(static_cast<Raw>(k)); }
  __device__ Pack threshold(Key k) const { return k; }
  __device__ static unsigned passes(Pack p, Pack threshold) { return p >= threshold ? 1U : 0U; }
  __device__ static std::uint32_t count_passing(std::uint32_t counts, Pack p, Pack threshold) {
    return counts + passes(p, threshold);
  }
  __device__ static std::uint32_t append_below(std::uint32_t mask, Pack p, Pack threshold) {
    return mask << 1 | (p < threshold ? 1U : 0U);
  }
};

}  // namespace topkit::cuda
