// Candidates put in order inside registers: each is a word (distance from the best key, without its low bits << 7 | slot),
// a bitonic network sorts the words, and the slots of the first ones look up values and positions by permutations. Nothing
// is scattered and no branch depends on the keys.
//
// Only where a register holds 16 words; elsewhere order is found by counting (rank.hpp).
#pragma once

#include "vec.hpp"

#if defined(__AVX512VBMI2__)
#include <immintrin.h>
#endif

namespace topkit::cpu {
namespace {

#if defined(__AVX512VBMI2__)

// The largest power of two below count > 1.
constexpr std::size_t front_of(std::size_t count) {
  std::size_t run = 1;
  while (2 * run < count) run *= 2;
  return run;
}

// Networks over registers of 16 words, ascending. All comparators point the same way: a merge starts by flipping its second
// run, and a register that is not there acts as if it held the largest words.
// R: one register, or those of two rows, which then fill each other's waits.
struct TwoRegs {
  __m512i a, b;
};
template <class R>
struct WordNetwork {
  using Reg = R;

  // Sorts r[0] .. r[kCount - 1]. kDrop: only as many registers in front as the largest power of two below kCount are
  // wanted; the others then hold the rest in some order.
  template <std::size_t kCount, bool kDrop>
  static void sort(Reg* r) {
    if constexpr (kCount == 1) {
      r[0] = sort_lanes(r[0]);
    } else {
      constexpr std::size_t kRun = front_of(kCount);
      sort<kRun, false>(r);
      sort<kCount - kRun, false>(r + kRun);
#pragma GCC unroll 8
      for (std::size_t i = 2 * kRun - kCount; i < kRun; ++i) {
        const Reg low = r[i], high = flip<15>(r[2 * kRun - 1 - i]);
        r[i] = min(low, high);
        r[2 * kRun - 1 - i] = max(low, high);  // stays flipped: what follows sorts it anyway
      }
      clean<kRun, kRun>(r);
      if constexpr (!kDrop) {
        // Bitonic however it lies, but the registers that are missing must be the last ones.
        clean<kRun, kCount - kRun>(r + kRun);
      }
    }
  }

 private:
  static __m512i min(__m512i x, __m512i y) { return _mm512_min_epu32(x, y); }
  static __m512i max(__m512i x, __m512i y) { return _mm512_max_epu32(x, y); }
  static TwoRegs min(const TwoRegs& x, const TwoRegs& y) { return {min(x.a, y.a), min(x.b, y.b)}; }
  static TwoRegs max(const TwoRegs& x, const TwoRegs& y) { return {max(x.a, y.a), max(x.b, y.b)}; }
  template <int kXor>
  static TwoRegs flip(const TwoRegs& v) {
    return {flip<kXor>(v.a), flip<kXor>(v.b)};
  }
  template <int kXor>
  static __m512i flip(__m512i v) {
    if constexpr (kXor == 1) return _mm512_shuffle_epi32(v, _MM_PERM_CDAB);
    if constexpr (kXor == 2) return _mm512_shuffle_epi32(v, _MM_PERM_BADC);
    if constexpr (kXor == 3) return _mm512_shuffle_epi32(v, _MM_PERM_ABCD);
    if constexpr (kXor == 4) return _mm512_shuffle_i64x2(v, v, 0xB1);
    if constexpr (kXor == 8) return _mm512_shuffle_i64x2(v, v, 0x4E);
    if constexpr (kXor == 7)
      return _mm512_permutexvar_epi32(_mm512_set_epi32(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7), v);
    if constexpr (kXor == 15)
      return _mm512_permutexvar_epi32(_mm512_set_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), v);
  }
  // Lanes with a bit in kSide get the larger one of the pair: both without the smaller one, by exclusive or, which more
  // units of a Zen 4 can do than a maximum.
  template <int kXor, __mmask16 kSide>
  static __m512i exchange(__m512i v) {
    const __m512i other = flip<kXor>(v);
    return _mm512_mask_ternarylogic_epi32(_mm512_min_epu32(v, other), kSide, v, other, 0x96);
  }
  template <int kXor, __mmask16 kSide>
  static TwoRegs exchange(const TwoRegs& v) {
    return {exchange<kXor, kSide>(v.a), exchange<kXor, kSide>(v.b)};
  }
  static Reg clean_lanes(Reg v) {
    v = exchange<8, 0xFF00>(v);
    v = exchange<4, 0xF0F0>(v);
    v = exchange<2, 0xCCCC>(v);
    return exchange<1, 0xAAAA>(v);
  }
  static Reg sort_lanes(Reg v) {
    v = exchange<1, 0xAAAA>(v);
    v = exchange<3, 0xCCCC>(v);
    v = exchange<1, 0xAAAA>(v);
    v = exchange<7, 0xF0F0>(v);
    v = exchange<2, 0xCCCC>(v);
    v = exchange<1, 0xAAAA>(v);
    v = exchange<15, 0xFF00>(v);
    v = exchange<4, 0xF0F0>(v);
    v = exchange<2, 0xCCCC>(v);
    return exchange<1, 0xAAAA>(v);
  }
  // A bitonic run of kRun registers, of which the first kCount are there.
  template <std::size_t kRun, std::size_t kCount>
  static void clean(Reg* r) {
    if constexpr (kRun == 1) {
      r[0] = clean_lanes(r[0]);
    } else {
      constexpr std::size_t kHalf = kRun / 2;
#pragma GCC unroll 8
      for (std::size_t i = 0; i + kHalf < kCount; ++i) {
        const Reg low = r[i], high = r[i + kHalf];
        r[i] = min(low, high);
        r[i + kHalf] = max(low, high);
      }
      clean<kHalf, (kCount < kHalf ? kCount : kHalf)>(r);
      if constexpr (kCount > kHalf) clean<kHalf, kCount - kHalf>(r + kHalf);
    }
  }
};

// Of one row: what a kernel found, in slots.
template <class S>
class Words {
 public:
  static constexpr bool kAvailable = sizeof(S) <= 4;
  static constexpr std::uint32_t kMost = 128;  // slots

  Words(const SortableKeys<S>& keys, Carver& carver)
      : keys_(keys), raw_(carver.take<std::int32_t>(kMost)), words_(carver.take<std::uint32_t>(kMost + 16)) {}

  // places[0 .. count) are positions in data; there is room for 32 more.
  template <class Raw>
  void load(const Raw* data, std::uint32_t* places, std::uint32_t count) {
    places_ = places;
    count_ = count;
    vectors_ = (count + 15) / 16;
    vectors_ += vectors_ > 1 ? vectors_ % 2 : 0;  // few different numbers, so that branches on it are foreseen
    for (std::uint32_t i = 0; i < 32; i += 16)    // empty slots: more of the first, which changes no extreme
      _mm512_storeu_si512(places + count + i, _mm512_set1_epi32(static_cast<int>(places[0])));
    for (std::uint32_t i = 0; i < 16 * vectors_; i += 16) {
#pragma GCC unroll 16
      for (std::uint32_t j = 0; j < 16; ++j)
        // NOLINTNEXTLINE(bugprone-signed-char-misuse): a number, widened with its sign
        raw_[i + j] = static_cast<std::int32_t>(static_cast<S>(data[places[i + j]]));
    }
  }

  // The k best of them, best first; k <= count.
  void sort(std::uint32_t k) {
    switch (vectors_) {
      case 1: return sort_vectors<1>(k);
      case 2: return sort_vectors<2>(k);
      case 4: return sort_vectors<4>(k);
      case 6: return sort_vectors<6>(k);
      default: return sort_vectors<8>(k);
    }
  }
  static void sort_two(Words& a, std::uint32_t k_a, Words& b, std::uint32_t k_b) {
    if (a.vectors_ == b.vectors_) {
      if (a.vectors_ == 2) return sort_two<2>(a, k_a, b, k_b);
      if (a.vectors_ == 4) return sort_two<4>(a, k_a, b, k_b);
      if (a.vectors_ == 6) return sort_two<6>(a, k_a, b, k_b);
    }
    a.sort(k_a);  // one register: rows one after the other are short enough to overlap
    b.sort(k_b);
  }

  // False: keys that differ were cut to equal words, and the order is right only up to those.
  bool exact() const { return exact_; }

  std::uint32_t slot(std::uint32_t i) const { return words_[i] & kSlot; }
  std::int32_t raw(std::uint32_t i) const { return raw_[slot(i)]; }

  // Calls out(first, n, raw values, positions) for every 16 of the first k.
  template <class Out>
  void each(std::uint32_t k, const Out& out) const {
    switch (vectors_) {
      case 1: return each_vector<1>(k, out);
      case 2: return each_vector<2>(k, out);
      case 4: return each_vector<4>(k, out);
      case 6: return each_vector<6>(k, out);
      default: return each_vector<8>(k, out);
    }
  }

 private:
  using Reg = __m512i;
  static constexpr int kSlotBits = 7;
  static constexpr std::uint32_t kSlot = (1U << kSlotBits) - 1;

  // From raw bits, sign-extended, to canonical sortable values: SortableKeys in lanes of 32 bits.
  Reg canonical(Reg raw) const {
    const auto set = [](S s) { return _mm512_set1_epi32(s); };
    Reg s = _mm512_ternarylogic_epi32(raw, _mm512_srai_epi32(raw, 31), set(keys_.negative), 0x78);
    s = _mm512_add_epi32(_mm512_xor_si512(s, set(keys_.all)), set(keys_.add));
    if constexpr (sizeof(S) < 4) {  // the sum wraps at the width of the type
      constexpr int kRest = 32 - 8 * static_cast<int>(sizeof(S));
      s = _mm512_srai_epi32(_mm512_slli_epi32(s, kRest), kRest);
    }
    s = _mm512_mask_mov_epi32(s, _mm512_cmpeq_epi32_mask(s, set(keys_.low_zero)), set(keys_.high_zero));
    return _mm512_max_epi32(_mm512_min_epi32(s, set(keys_.top_nan)), set(keys_.low_nan));
  }

  static std::uint32_t reduce_max(Reg v) { return static_cast<std::uint32_t>(_mm512_reduce_max_epi32(v)); }

  // Sets r to the words of all slots; returns by how much distances were shifted.
  template <std::size_t kVectors>
  int pack(Reg (&r)[kVectors]) const {
    Reg most = _mm512_set1_epi32(std::numeric_limits<std::int32_t>::min()), least = most;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kVectors; ++i) {
      r[i] = canonical(_mm512_load_si512(raw_ + 16 * i));
      most = _mm512_max_epi32(most, r[i]);
      least = _mm512_max_epi32(least, _mm512_xor_si512(r[i], _mm512_set1_epi32(-1)));
    }
    const std::uint32_t best = reduce_max(most), range = best - ~reduce_max(least);
    const int bits = range == 0 ? 0 : 32 - __builtin_clz(range);
    const int shift = greater(bits + kSlotBits - 32, 0);
    const Reg top = _mm512_set1_epi32(static_cast<int>(best));
    const __m128i down = _mm_cvtsi32_si128(shift);
    Reg slots = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kVectors; ++i) {
      const Reg distance = _mm512_srl_epi32(_mm512_sub_epi32(top, r[i]), down);
      r[i] = _mm512_or_si512(_mm512_slli_epi32(distance, kSlotBits), slots);
      if (i + 2 >= kVectors)  // the last two may have empty slots
        r[i] = _mm512_mask_mov_epi32(_mm512_set1_epi32(-1),
                                     first(count_ - lesser(count_, static_cast<std::uint32_t>(16 * i))), r[i]);
      slots = _mm512_add_epi32(slots, _mm512_set1_epi32(16));
    }
    return shift;
  }

  template <std::size_t kVectors>
  static constexpr std::size_t kFront = kVectors == 1 ? 1 : front_of(kVectors);

  template <std::size_t kVectors>
  void sort_vectors(std::uint32_t k) {
    Reg r[kVectors];
    const int shift = pack(r);
    const bool drop = kVectors > 1 && k <= 16 * kFront<kVectors>;
    if (drop)
      WordNetwork<Reg>::template sort<kVectors, true>(r);
    else
      WordNetwork<Reg>::template sort<kVectors, false>(r);
    finish(r, shift, drop, k);
  }

  template <std::size_t kVectors>
  static void sort_two(Words& a, std::uint32_t k_a, Words& b, std::uint32_t k_b) {
    Reg r[kVectors], q[kVectors];
    const int shift_a = a.pack(r), shift_b = b.pack(q);
    TwoRegs both[kVectors];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kVectors; ++i) both[i] = {r[i], q[i]};
    const bool drop = kVectors > 1 && greater(k_a, k_b) <= 16 * kFront<kVectors>;
    if (drop)
      WordNetwork<TwoRegs>::template sort<kVectors, true>(both);
    else
      WordNetwork<TwoRegs>::template sort<kVectors, false>(both);
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kVectors; ++i) {
      r[i] = both[i].a;
      q[i] = both[i].b;
    }
    a.finish(r, shift_a, drop, k_a);
    b.finish(q, shift_b, drop, k_b);
  }

  template <std::size_t kVectors>
  void finish(Reg (&r)[kVectors], int shift, bool dropped, std::uint32_t k) {
    store(r, kVectors);
    exact_ = shift == 0 || apart(dropped ? kFront<kVectors> : kVectors, kVectors, k) || in_order(kVectors, k);
    if (exact_ || !dropped) return;
    WordNetwork<Reg>::template sort<kVectors, false>(r);
    store(r, kVectors);
  }

  void store(const Reg* r, std::size_t vectors) {
#pragma GCC unroll 8
    for (std::size_t i = 0; i < vectors; ++i) _mm512_store_si512(words_ + 16 * i, r[i]);
  }
  static __mmask16 first(std::uint32_t n) { return static_cast<__mmask16>(n >= 16 ? 0xFFFF : (1U << n) - 1); }

  // No two of the first k + 1 words differ in the slot only. Behind the sorted registers words may stand anywhere.
  bool apart(std::size_t sorted, std::size_t all, std::uint32_t k) const {
    const Reg slot = _mm512_set1_epi32(static_cast<int>(kSlot));
    for (std::uint32_t i = 0; i < k; i += 16) {
      if (i + 16 == 16 * sorted) {  // the last register has no next one in order
        const Reg here = _mm512_load_si512(words_ + i);
        const Reg next = _mm512_maskz_compress_epi32(0xFFFE, here);
        if (_mm512_mask_cmple_epu32_mask(first(lesser(k - i, 15U)), _mm512_xor_si512(here, next), slot) != 0)
          return false;
      } else if (_mm512_mask_cmple_epu32_mask(
                     first(k - i), _mm512_xor_si512(_mm512_load_si512(words_ + i), _mm512_loadu_si512(words_ + i + 1)),
                     slot) != 0) {
        return false;
      }
    }
    if (k < 16 * sorted) return true;
    const Reg last = _mm512_set1_epi32(static_cast<int>(words_[k - 1]));
    for (std::size_t i = sorted; i < all; ++i)
      if (_mm512_cmple_epu32_mask(_mm512_xor_si512(_mm512_load_si512(words_ + 16 * i), last), slot) != 0) return false;
    return true;
  }

  // Among the first k words and those that differ from the last of them in the slot only, keys were not cut where it matters:
  // the keys of equal words do not rise. Then slots, which ascend with the positions, are right about equal keys.
  [[gnu::noinline]] bool in_order(std::size_t all, std::uint32_t k) const {
    const Reg slot = _mm512_set1_epi32(static_cast<int>(kSlot));
    const auto keys_of = [&](Reg words) {
      return canonical(_mm512_i32gather_epi32(_mm512_and_si512(words, slot), raw_, 4));
    };
    const auto equal = [&](Reg a, Reg b) { return _mm512_cmple_epu32_mask(_mm512_xor_si512(a, b), slot); };
    for (std::uint32_t i = 0; i + 1 < k; i += 16) {
      const Reg here = _mm512_load_si512(words_ + i), next = _mm512_loadu_si512(words_ + i + 1);
      const auto pairs = static_cast<__mmask16>(first(k - 1 - i) & equal(here, next));
      if (pairs != 0 && _mm512_mask_cmplt_epi32_mask(pairs, keys_of(here), keys_of(next)) != 0) return false;
    }
    const Reg last = _mm512_set1_epi32(static_cast<int>(words_[k - 1])), key = keys_of(last);
    for (std::uint32_t i = k / 16 * 16; i < 16 * all; i += 16) {
      const Reg here = _mm512_load_si512(words_ + i);
      const auto others = static_cast<__mmask16>(equal(here, last) & ~(i < k ? first(k - i) : 0));
      if (others != 0 && _mm512_mask_cmpgt_epi32_mask(others, keys_of(here), key) != 0) return false;
    }
    return true;
  }

  template <std::size_t kVectors>
  static Reg look_up(const Reg* table, Reg slots) {
    if constexpr (kVectors == 1) return _mm512_permutexvar_epi32(slots, table[0]);
    if constexpr (kVectors == 2) return _mm512_permutex2var_epi32(table[0], slots, table[1]);
    if constexpr (kVectors > 2) {
      constexpr std::size_t kHalf = front_of(kVectors);
      const Reg low = look_up<kHalf>(table, slots), high = look_up<kVectors - kHalf>(table + kHalf, slots);
      return _mm512_mask_mov_epi32(low, _mm512_test_epi32_mask(slots, _mm512_set1_epi32(static_cast<int>(16 * kHalf))),
                                   high);
    }
  }

  template <std::size_t kVectors, class Out>
  void each_vector(std::uint32_t k, const Out& out) const {
    Reg raw[kVectors], places[kVectors];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kVectors; ++i) {
      raw[i] = _mm512_load_si512(raw_ + 16 * i);
      places[i] = _mm512_loadu_si512(places_ + 16 * i);
    }
    for (std::uint32_t i = 0; i < k; i += 16) {
      const Reg slots = _mm512_and_si512(_mm512_load_si512(words_ + i), _mm512_set1_epi32(static_cast<int>(kSlot)));
      out(i, lesser(k - i, 16U), look_up<kVectors>(raw, slots), look_up<kVectors>(places, slots));
    }
  }

  const SortableKeys<S>& keys_;
  std::int32_t* raw_;
  std::uint32_t* words_;
  const std::uint32_t* places_ = nullptr;
  std::uint32_t count_ = 0, vectors_ = 0;
  bool exact_ = true;
};

// Writes 16 or fewer winners where they lie side by side.
template <class Raw>
void store_values(Raw* out, std::uint32_t n, __m512i raw) {
  const auto mask = static_cast<__mmask16>((1U << n) - 1);
  if constexpr (sizeof(Raw) == 4) {
    if (n == 16) return _mm512_storeu_si512(out, raw);
    _mm512_mask_storeu_epi32(out, mask, raw);
  } else if constexpr (sizeof(Raw) == 2) {
    _mm256_mask_storeu_epi16(out, mask, _mm512_cvtepi32_epi16(raw));
  } else {
    _mm_mask_storeu_epi8(out, mask, _mm512_cvtepi32_epi8(raw));
  }
}
inline void store_indices(std::int32_t* out, std::uint32_t n, std::int64_t column, __m512i places) {
  const __m512i index = _mm512_add_epi32(places, _mm512_set1_epi32(static_cast<int>(column)));
  _mm512_mask_storeu_epi32(out, static_cast<__mmask16>((1U << n) - 1), index);
}
inline void store_indices(std::int64_t* out, std::uint32_t n, std::int64_t column, __m512i places) {
  const __m512i from = _mm512_set1_epi64(column);
  const __m512i low = _mm512_add_epi64(from, _mm512_cvtepu32_epi64(_mm512_castsi512_si256(places)));
  if (n < 8) return _mm512_mask_storeu_epi64(out, static_cast<__mmask8>((1U << n) - 1), low);
  _mm512_storeu_si512(out, low);
  if (n == 8) return;
  const __m512i high = _mm512_add_epi64(from, _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(places, 1)));
  if (n == 16) return _mm512_storeu_si512(out + 8, high);
  _mm512_mask_storeu_epi64(out + 8, static_cast<__mmask8>((1U << (n - 8)) - 1), high);
}

#else

template <class S>
struct Words {
  static constexpr bool kAvailable = false;
  static constexpr std::uint32_t kMost = 0;
  Words(const SortableKeys<S>&, Carver&) {}
};

#endif

}  // namespace
}  // namespace topkit::cpu
