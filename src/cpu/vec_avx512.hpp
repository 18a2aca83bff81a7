// Vectors of AVX-512 with VBMI2 (Ice Lake, Zen 4 and later). Only isa_avx512_*.cpp include this; see vec.hpp.
#pragma once

#include <immintrin.h>

#include "vec.hpp"

namespace topkit::cpu {
namespace {

struct Avx512Emit {
  // Compress in a register, then store: to memory it is microcode on Zen 4. The source must be live (not zeroed) there too.
  static std::uint32_t* Emit(std::uint64_t bits, std::uint32_t base, std::uint32_t* out) {
    const __m512i iota =
        _mm512_set_epi8(63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40,
                        39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16,
                        15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i packed = _mm512_mask_compress_epi8(iota, bits, iota);
    const __m512i start = _mm512_set1_epi32(static_cast<int>(base));
    const int count = count_bits(bits);
    Put(out, _mm512_castsi512_si128(packed), start);
    if (count > 16) [[unlikely]] {
      Put(out + 16, _mm512_extracti32x4_epi32(packed, 1), start);
      Put(out + 32, _mm512_extracti32x4_epi32(packed, 2), start);
      Put(out + 48, _mm512_extracti32x4_epi32(packed, 3), start);
    }
    return out + count;
  }

 private:
  static void Put(std::uint32_t* out, __m128i bytes, __m512i start) {
    _mm512_storeu_si512(out, _mm512_add_epi32(_mm512_cvtepu8_epi32(bytes), start));
  }
};

// What rank.hpp needs, in 256 bits: compares into vectors are twice as fast as into masks on Zen 4 and no slower elsewhere.
struct Avx512Rank {
  using Reg = __m256i;
  using Mask = __m256i;
  static constexpr std::uint32_t kLanes = 16;

  static Reg LoadSorted(const std::int16_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  static void Store(std::int16_t* p, Reg a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a); }
  static Reg Set(std::int16_t s) { return _mm256_set1_epi16(s); }
  static Reg SetPair(std::uint32_t pair) { return _mm256_set1_epi32(static_cast<int>(pair)); }
  static Reg Add(Reg a, Reg b) { return _mm256_add_epi16(a, b); }
  static Mask Gt(Reg a, Reg b) { return _mm256_cmpgt_epi16(a, b); }
  static Mask Eq(Reg a, Reg b) { return _mm256_cmpeq_epi16(a, b); }
  static Mask AndNot(Mask a, Mask b) { return _mm256_andnot_si256(a, b); }
  static Mask First(std::size_t n) { return _mm256_movm_epi16(static_cast<__mmask16>((1U << n) - 1)); }
  static Reg Increment(Reg a, Mask m) { return _mm256_sub_epi16(a, m); }
  static std::uint32_t ReduceSum(Reg a) {
    const __m256i pairs = _mm256_madd_epi16(a, _mm256_set1_epi16(1));
    const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
    const __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xB1))));
  }
};

template <int kBits>
struct Avx512Int : Avx512Emit {
  using S = SignedOf<kBits>;
  using Raw = std::make_unsigned_t<S>;
  using Reg = __m512i;
  using Mask = std::conditional_t<
      kBits == 8, __mmask64,
      std::conditional_t<kBits == 16, __mmask32, std::conditional_t<kBits == 32, __mmask16, __mmask8>>>;
  using Sorted = Avx512Int;
  using I16 = Avx512Rank;
  static constexpr std::uint32_t kLanes = 512 / kBits;
  static constexpr bool kFloat = false;

  struct Lens {
    Reg negative, all, add;
    explicit Lens(const Sortable& s)
        : negative(Set(static_cast<S>(s.negative))), all(Set(static_cast<S>(s.all))), add(Set(static_cast<S>(s.add))) {}
    Reg operator()(Reg raw) const {  // 0x78: raw ^ (sign & negative)
      return Add(_mm512_xor_si512(_mm512_ternarylogic_epi32(raw, Sign(raw), negative, 0x78), all), add);
    }
  };

  static Reg Load(const Lens& lens, const Raw* p) { return lens(_mm512_loadu_si512(p)); }
  // Lanes from n on hold the worst.
  static Reg LoadN(const Lens& lens, const Raw* p, std::size_t n) {
    const Mask m = First(n);
    return If(m, lens(LoadRaw(m, p)), Worst());
  }
  static Reg LoadSorted(const S* p) { return _mm512_loadu_si512(p); }
  static void Store(S* p, Reg a) { _mm512_storeu_si512(p, a); }
  static Reg LoadStored(const S* p) { return LoadSorted(p); }
  static Reg ToSorted(const Lens&, Reg a) { return a; }
  static Reg Threshold(const Lens&, const SortableKeys<S>& keys, S s) { return Set(keys.at_least(s)); }
  static Reg Worst() { return Set(std::numeric_limits<S>::min()); }
  static Reg Best() { return Set(std::numeric_limits<S>::max()); }

  static Reg Set(S s) {
    if constexpr (kBits == 8) return _mm512_set1_epi8(s);
    if constexpr (kBits == 16) return _mm512_set1_epi16(s);
    if constexpr (kBits == 32) return _mm512_set1_epi32(s);
    if constexpr (kBits == 64) return _mm512_set1_epi64(s);
  }
  static Reg Max(Reg a, Reg b) {
    if constexpr (kBits == 8) return _mm512_max_epi8(a, b);
    if constexpr (kBits == 16) return _mm512_max_epi16(a, b);
    if constexpr (kBits == 32) return _mm512_max_epi32(a, b);
    if constexpr (kBits == 64) return _mm512_max_epi64(a, b);
  }
  static Reg Add(Reg a, Reg b) {
    if constexpr (kBits == 8) return _mm512_add_epi8(a, b);
    if constexpr (kBits == 16) return _mm512_add_epi16(a, b);
    if constexpr (kBits == 32) return _mm512_add_epi32(a, b);
    if constexpr (kBits == 64) return _mm512_add_epi64(a, b);
  }
  static Reg Min(Reg a, Reg b) {
    if constexpr (kBits == 8) return _mm512_min_epi8(a, b);
    if constexpr (kBits == 16) return _mm512_min_epi16(a, b);
    if constexpr (kBits == 32) return _mm512_min_epi32(a, b);
    if constexpr (kBits == 64) return _mm512_min_epi64(a, b);
  }
  static Reg MaxBits(Reg a, Reg b) {
    if constexpr (kBits == 8) return _mm512_max_epu8(a, b);
    if constexpr (kBits == 16) return _mm512_max_epu16(a, b);
    if constexpr (kBits == 32) return _mm512_max_epu32(a, b);
    if constexpr (kBits == 64) return _mm512_max_epu64(a, b);
  }
  static Mask GtBits(Reg a, Reg b) {
    if constexpr (kBits == 8) return _mm512_cmpgt_epu8_mask(a, b);
    if constexpr (kBits == 16) return _mm512_cmpgt_epu16_mask(a, b);
    if constexpr (kBits == 32) return _mm512_cmpgt_epu32_mask(a, b);
    if constexpr (kBits == 64) return _mm512_cmpgt_epu64_mask(a, b);
  }
  static Reg Not(Reg a) { return _mm512_xor_si512(a, _mm512_set1_epi32(-1)); }
  static Mask Gt(Reg a, Reg b) {
    if constexpr (kBits == 8) return _mm512_cmpgt_epi8_mask(a, b);
    if constexpr (kBits == 16) return _mm512_cmpgt_epi16_mask(a, b);
    if constexpr (kBits == 32) return _mm512_cmpgt_epi32_mask(a, b);
    if constexpr (kBits == 64) return _mm512_cmpgt_epi64_mask(a, b);
  }
  static Mask Ge(Reg a, Reg b) {
    if constexpr (kBits == 8) return _mm512_cmpge_epi8_mask(a, b);
    if constexpr (kBits == 16) return _mm512_cmpge_epi16_mask(a, b);
    if constexpr (kBits == 32) return _mm512_cmpge_epi32_mask(a, b);
    if constexpr (kBits == 64) return _mm512_cmpge_epi64_mask(a, b);
  }
  static Mask Eq(Reg a, Reg b) {
    if constexpr (kBits == 8) return _mm512_cmpeq_epi8_mask(a, b);
    if constexpr (kBits == 16) return _mm512_cmpeq_epi16_mask(a, b);
    if constexpr (kBits == 32) return _mm512_cmpeq_epi32_mask(a, b);
    if constexpr (kBits == 64) return _mm512_cmpeq_epi64_mask(a, b);
  }
  // Where a < b, of the lanes in m.
  static Mask AndLess(Mask m, Reg a, Reg b) {
    if constexpr (kBits == 8) return _mm512_mask_cmplt_epi8_mask(m, a, b);
    if constexpr (kBits == 16) return _mm512_mask_cmplt_epi16_mask(m, a, b);
    if constexpr (kBits == 32) return _mm512_mask_cmplt_epi32_mask(m, a, b);
    if constexpr (kBits == 64) return _mm512_mask_cmplt_epi64_mask(m, a, b);
  }
  // Where a is at most b, as unsigned bits, of the lanes in m. (Intel's wide units compare at one port and take maxima at
  // another: where both are wanted, one of each is faster than two of a kind.)
  static Mask AndAtMostBits(Mask m, Reg a, Reg b) {
    if constexpr (kBits == 8) return _mm512_mask_cmple_epu8_mask(m, a, b);
    if constexpr (kBits == 16) return _mm512_mask_cmple_epu16_mask(m, a, b);
    if constexpr (kBits == 32) return _mm512_mask_cmple_epu32_mask(m, a, b);
    if constexpr (kBits == 64) return _mm512_mask_cmple_epu64_mask(m, a, b);
  }
  static bool All(Mask m) {
    if constexpr (kBits == 8) return _kortestc_mask64_u8(m, m) != 0;
    if constexpr (kBits == 16) return _kortestc_mask32_u8(m, m) != 0;
    if constexpr (kBits == 32) return _kortestc_mask16_u8(m, m) != 0;
    if constexpr (kBits == 64) return _kortestc_mask8_u8(m, m) != 0;
  }
  static Mask And(Mask a, Mask b) {
    if constexpr (kBits == 8) return _kand_mask64(a, b);
    if constexpr (kBits == 16) return _kand_mask32(a, b);
    if constexpr (kBits == 32) return _kand_mask16(a, b);
    if constexpr (kBits == 64) return _kand_mask8(a, b);
  }
  static Mask Or(Mask a, Mask b) {  // where they are, which `|` does not do
    if constexpr (kBits == 8) return _kor_mask64(a, b);
    if constexpr (kBits == 16) return _kor_mask32(a, b);
    if constexpr (kBits == 32) return _kor_mask16(a, b);
    if constexpr (kBits == 64) return _kor_mask8(a, b);
  }
  static bool Any(Mask m) {
    if constexpr (kBits == 8) return _kortestz_mask64_u8(m, m) == 0;
    if constexpr (kBits == 16) return _kortestz_mask32_u8(m, m) == 0;
    if constexpr (kBits == 32) return _kortestz_mask16_u8(m, m) == 0;
    if constexpr (kBits == 64) return _kortestz_mask8_u8(m, m) == 0;
  }
  static Mask First(std::size_t n) {
    return n >= kLanes ? static_cast<Mask>(~Mask{0}) : static_cast<Mask>((std::uint64_t{1} << n) - 1);
  }
  // a where the mask is set, else b.
  static Reg If(Mask m, Reg a, Reg b) {
    if constexpr (kBits == 8) return _mm512_mask_mov_epi8(b, m, a);
    if constexpr (kBits == 16) return _mm512_mask_mov_epi16(b, m, a);
    if constexpr (kBits == 32) return _mm512_mask_mov_epi32(b, m, a);
    if constexpr (kBits == 64) return _mm512_mask_mov_epi64(b, m, a);
  }
  // One more in every lane of the mask.
  static Reg Increment(Reg a, Mask m) {
    if constexpr (kBits == 8) return _mm512_mask_sub_epi8(a, m, a, Set(-1));
    if constexpr (kBits == 16) return _mm512_mask_sub_epi16(a, m, a, Set(-1));
    if constexpr (kBits == 32) return _mm512_mask_sub_epi32(a, m, a, Set(-1));
    if constexpr (kBits == 64) return _mm512_mask_sub_epi64(a, m, a, Set(-1));
  }
  static S ReduceMax(Reg a) {
    if constexpr (kBits == 32) return _mm512_reduce_max_epi32(a);
    if constexpr (kBits == 64) return _mm512_reduce_max_epi64(a);
    if constexpr (kBits == 16) {
      const __m256i m = _mm256_max_epi16(_mm512_castsi512_si256(a), _mm512_extracti64x4_epi64(a, 1));
      __m128i n = _mm_max_epi16(_mm256_castsi256_si128(m), _mm256_extracti128_si256(m, 1));
      n = _mm_minpos_epu16(_mm_xor_si128(n, _mm_set1_epi16(0x7FFF)));
      return static_cast<S>(_mm_cvtsi128_si32(n) ^ 0x7FFF);
    }
    if constexpr (kBits == 8) {  // the even and the odd lanes as the high bytes of 16
      return static_cast<S>(Avx512Int<16>::ReduceMax(_mm512_max_epi16(a, _mm512_slli_epi16(a, 8))) >> 8);
    }
  }
  // Joined where they are: a move to an integer register for each mask would cost more than its compare on Zen 4.
  static std::uint64_t Join(const Mask (&masks)[kBlock / kLanes]) {
    if constexpr (kBits == 8) return masks[0];
    if constexpr (kBits == 16) return _mm512_kunpackd(masks[1], masks[0]);
    if constexpr (kBits == 32)
      return _mm512_kunpackd(_mm512_kunpackw(masks[3], masks[2]), _mm512_kunpackw(masks[1], masks[0]));
    if constexpr (kBits == 64) {
      const auto two = [&](int i) { return _mm512_kunpackb(masks[i + 1], masks[i]); };
      return _mm512_kunpackd(_mm512_kunpackw(two(6), two(4)), _mm512_kunpackw(two(2), two(0)));
    }
  }

 private:
  static Reg LoadRaw(Mask m, const Raw* p) {
    if constexpr (kBits == 8) return _mm512_maskz_loadu_epi8(m, p);
    if constexpr (kBits == 16) return _mm512_maskz_loadu_epi16(m, p);
    if constexpr (kBits == 32) return _mm512_maskz_loadu_epi32(m, p);
    if constexpr (kBits == 64) return _mm512_maskz_loadu_epi64(m, p);
  }
  static Reg Sign(Reg raw) {  // all ones where negative
    if constexpr (kBits == 8) return _mm512_movm_epi8(_mm512_movepi8_mask(raw));
    if constexpr (kBits == 16) return _mm512_srai_epi16(raw, 15);
    if constexpr (kBits == 32) return _mm512_srai_epi32(raw, 31);
    if constexpr (kBits == 64) return _mm512_srai_epi64(raw, 63);
  }
};

template <int kBits>
struct FloatReg {
  using Type = __m512;
};
template <>
struct FloatReg<64> {
  using Type = __m512d;
};

template <int kBits>
struct Avx512Float : Avx512Emit {
  using Sorted = Avx512Int<kBits>;
  using I16 = Avx512Rank;
  using S = typename Sorted::S;
  using Raw = typename Sorted::Raw;
  using Mask = typename Sorted::Mask;
  using Reg = typename FloatReg<kBits>::Type;
  static constexpr std::uint32_t kLanes = Sorted::kLanes;
  static constexpr bool kFloat = true;

  struct Lens {
    __m512i flip;
    typename Sorted::Lens sorted;
    typename Sorted::Reg worst;  // -inf
    bool is_plain;               // flips nothing
    explicit Lens(const Sortable& s)
        : flip(Sorted::Set(static_cast<S>(s.flip))),
          sorted(s),
          worst(sorted(_mm512_xor_si512(Bits(Worst()), flip))),
          is_plain(s.flip == 0) {}
  };

  static Reg Load(const Lens& lens, const Raw* p) { return Cast(_mm512_xor_si512(_mm512_loadu_si512(p), lens.flip)); }
  static Reg LoadN(const Lens& lens, const Raw* p, std::size_t n) {
    const Mask m = Sorted::First(n);
    if constexpr (kBits == 32) {
      const __m512i raw = _mm512_xor_si512(_mm512_maskz_loadu_epi32(m, p), lens.flip);
      return _mm512_mask_mov_ps(Worst(), m, Cast(raw));
    } else {
      const __m512i raw = _mm512_xor_si512(_mm512_maskz_loadu_epi64(m, p), lens.flip);
      return _mm512_mask_mov_pd(Worst(), m, Cast(raw));
    }
  }
  static void Store(S* p, Reg a) { _mm512_storeu_si512(p, Bits(a)); }
  static Reg LoadStored(const S* p) { return Cast(_mm512_loadu_si512(p)); }
  static Reg Worst() {
    if constexpr (kBits == 32) {
      return _mm512_set1_ps(-__builtin_inff());
    } else {
      return _mm512_set1_pd(-__builtin_inf());
    }
  }
  static Reg Best() {
    if constexpr (kBits == 32) {
      return _mm512_set1_ps(__builtin_inff());
    } else {
      return _mm512_set1_pd(__builtin_inf());
    }
  }
  static Reg Nan() { return Cast(_mm512_set1_epi32(-1)); }
  // b unless a is greater: a NaN in a is ignored, so keep the running maximum in b.
  static Reg Max(Reg a, Reg b) {
    if constexpr (kBits == 32) {
      return _mm512_max_ps(a, b);
    } else {
      return _mm512_max_pd(a, b);
    }
  }
  // Not less: true for NaN.
  static Mask Ge(Reg a, Reg b) {
    if constexpr (kBits == 32) {
      return _mm512_cmp_ps_mask(a, b, _CMP_NLT_UQ);
    } else {
      return _mm512_cmp_pd_mask(a, b, _CMP_NLT_UQ);
    }
  }
  // Where a < b, which NaN are not, of the lanes in m.
  static Mask AndLess(Mask m, Reg a, Reg b) {
    if constexpr (kBits == 32) {
      return _mm512_mask_cmp_ps_mask(m, a, b, _CMP_LT_OQ);
    } else {
      return _mm512_mask_cmp_pd_mask(m, a, b, _CMP_LT_OQ);
    }
  }
  // Where a or b is NaN.
  static Mask Unordered(Reg a, Reg b) {
    if constexpr (kBits == 32) {
      return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q);
    } else {
      return _mm512_cmp_pd_mask(a, b, _CMP_UNORD_Q);
    }
  }
  static std::uint64_t Join(const Mask (&masks)[kBlock / kLanes]) { return Sorted::Join(masks); }
  // -inf becomes the worst integer: where it stands for NaN that were ignored, it must not claim to be better than they.
  static typename Sorted::Reg ToSorted(const Lens& lens, Reg a) {
    const auto s = lens.sorted(_mm512_xor_si512(Bits(a), lens.flip));
    return Sorted::If(Sorted::Gt(s, lens.worst), s, Sorted::Worst());
  }
  static Reg Threshold(const Lens& lens, const SortableKeys<S>& keys, S s) {
    return Cast(_mm512_xor_si512(Sorted::Set(static_cast<S>(keys.to_raw(s))), lens.flip));
  }

 private:
  static Reg Cast(__m512i a) {
    if constexpr (kBits == 32) {
      return _mm512_castsi512_ps(a);
    } else {
      return _mm512_castsi512_pd(a);
    }
  }
  static __m512i Bits(Reg a) {
    if constexpr (kBits == 32) {
      return _mm512_castps_si512(a);
    } else {
      return _mm512_castpd_si512(a);
    }
  }
};

struct Avx512 {
  template <Kind kKind>
  using Vec = std::conditional_t<is_float(kKind), Avx512Float<is_float(kKind) ? bits_of(kKind) : 32>,
                                 Avx512Int<bits_of(kKind)>>;
};

}  // namespace
}  // namespace topkit::cpu
