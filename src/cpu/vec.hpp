// The vector layer: what kernels may ask of an instruction set, and what follows from it for any of them.
//
// An instruction set is a class template Isa::Vec<Kind> from vec_<isa>.hpp with about a dozen operations named after
// Highway's. There are six kinds: sortable integers i8 i16 i32 i64, into which every type can be mapped (job.hpp), and
// f32 f64 where floats are compared as they are. Kernels are templates over one Vec; V::Sorted is the integer Vec of the
// same width (V itself for integers).
//
//   V::Lens lens(job.sortable)      constants in registers; Load and LoadN take raw elements through it
//   Worst Best Max Ge AndLess Join  64 / kLanes masks join into 64 bits, bit i for element i
//   Store LoadStored                to and from memory as it is; of elements that the lens leaves alone, LoadStored is Load
//   Threshold(lens, keys, s)        what Ge compares with to keep every element with key >= that of sortable s
//   ToSorted(lens, reg)             the sortable values, for V::Sorted
//   Emit(bits, base, out)           appends base + i for every set bit i, ascending; may scribble kSlack places further
//   integers also: Set LoadSorted Min MaxBits Gt GtBits (of unsigned bits) Eq If Increment First Any All And Or ReduceMax;
//                                   of 16 bits (V::I16): SetPair; where masks are not vectors: AndAtMostBits
//
// A float Vec is a *filter*: its Max ignores NaN, its Ge keeps NaN, so a threshold made from maxima never loses a winner but
// candidates must be ranked by their sortable keys. Integers are exact, but for canonical().
//
// To add an algorithm: write <name>.hpp with `template <class V> struct Name { static void run(const Job&, const Row*,
// std::int64_t count, Scratch&); static std::size_t scratch_bytes(const Job&); }` and name it in kernels.hpp.
//
// Everything here and in the kernels lies in an unnamed namespace: each isa_*.cpp is compiled with its own flags, and the
// linker must never take a function of a wide unit for a narrow one. For the same reason kernels call no inline
// function or std:: template of the outside world on plain types (std::memcpy and type traits are fine).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "job.hpp"

namespace topkit::cpu {
namespace {

inline constexpr std::uint32_t kBlock = 64;  // elements whose masks make one 64-bit word
inline constexpr std::uint32_t kSlack = 64;  // places that Emit may scribble behind its last one

template <class T>
constexpr T lesser(T a, T b) {
  return b < a ? b : a;
}
template <class T>
constexpr T greater(T a, T b) {
  return a < b ? b : a;
}
template <class T>
constexpr T round_up(T n, T step) {
  return (n + step - 1) / step * step;
}
inline int count_bits(std::uint64_t bits) { return __builtin_popcountll(bits); }

template <int kBits>
using SignedOf = std::conditional_t<
    kBits == 8, std::int8_t,
    std::conditional_t<kBits == 16, std::int16_t, std::conditional_t<kBits == 32, std::int32_t, std::int64_t>>>;

constexpr int bits_of(Kind kind) {
  switch (kind) {
    case Kind::i8: return 8;
    case Kind::i16: return 16;
    case Kind::i32:
    case Kind::f32: return 32;
    default: return 64;
  }
}
constexpr bool is_float(Kind kind) { return kind == Kind::f32 || kind == Kind::f64; }

template <class T, int kBytes>
struct GnuVector {
  typedef T Type __attribute__((vector_size(kBytes)));  // `using` with the attribute is not dependent in GCC 12
};

// The sortable domain, one element at a time.
template <class S>
struct SortableKeys {
  using Raw = std::make_unsigned_t<S>;
  S negative, all, add, top_nan, low_nan, low_zero, high_zero;

  explicit SortableKeys(const Sortable& s)
      : negative(static_cast<S>(s.negative)),
        all(static_cast<S>(s.all)),
        add(static_cast<S>(s.add)),
        top_nan(static_cast<S>(s.top_nan)),
        low_nan(static_cast<S>(s.low_nan)),
        low_zero(static_cast<S>(s.low_zero)),
        high_zero(static_cast<S>(s.high_zero)) {}

  S from_raw(Raw raw) const {
    const S r = static_cast<S>(raw);
    return static_cast<S>(static_cast<Raw>(r ^ (r < 0 ? negative : S{0}) ^ all) + static_cast<Raw>(add));
  }
  Raw to_raw(S s) const {
    const S y = static_cast<S>(static_cast<S>(static_cast<Raw>(s) - static_cast<Raw>(add)) ^ all);
    return static_cast<Raw>(y ^ (y < 0 ? negative : S{0}));
  }
  // Equal exactly for ties.
  S canonical(S s) const {
    s = s == low_zero ? high_zero : s;
    return greater(lesser(s, top_nan), low_nan);
  }
  // key(x) >= key(s) is x >= at_least(s), key(x) > key(s) is x > above(s), for every sortable x.
  S at_least(S s) const {
    s = canonical(s);
    return s == high_zero ? low_zero : s == low_nan ? std::numeric_limits<S>::min() : s;
  }
  S above(S s) const {
    s = canonical(s);
    return s == top_nan ? std::numeric_limits<S>::max() : s;
  }
};

template <class V>
typename V::Reg canonical(const SortableKeys<typename V::S>& keys, typename V::Reg s) {
  const auto zero = V::If(V::Eq(s, V::Set(keys.low_zero)), V::Set(keys.high_zero), s);
  return V::Max(V::Min(zero, V::Set(keys.top_nan)), V::Set(keys.low_nan));
}

// Bit i: compare(element i), for 64 elements.
template <class V, class Compare>
inline std::uint64_t block_bits(const typename V::Lens& lens, const typename V::Raw* p, const Compare& compare) {
  typename V::Mask masks[kBlock / V::kLanes];
#pragma GCC unroll 16
  for (std::uint32_t i = 0; i < kBlock / V::kLanes; ++i) masks[i] = compare(V::Load(lens, p + i * V::kLanes));
  return V::Join(masks);
}

// The same for the first n < 64 of them; nothing behind them is read.
template <class V, class Compare>
inline std::uint64_t block_bits(const typename V::Lens& lens, const typename V::Raw* p, std::uint32_t n,
                                const Compare& compare) {
  typename V::Mask masks[kBlock / V::kLanes];
#pragma GCC unroll 16
  for (std::uint32_t i = 0; i < kBlock / V::kLanes; ++i) {
    const std::uint32_t done = lesser(n, i * V::kLanes);
    masks[i] = compare(V::LoadN(lens, p + done, n - done));
  }
  return V::Join(masks) & ((std::uint64_t{1} << n) - 1);
}

// The same of the first block of n elements, whole or not.
template <class V, class Compare>
inline std::uint64_t next_block_bits(const typename V::Lens& lens, const typename V::Raw* p, std::size_t n,
                                     const Compare& compare) {
  return n >= kBlock ? block_bits<V>(lens, p, compare) : block_bits<V>(lens, p, static_cast<std::uint32_t>(n), compare);
}

// Fetches a block of this type that lies `bytes` behind p and is used soon.
template <class Raw>
inline void fetch_block(const void* p, std::size_t bytes) {
#pragma GCC unroll 8
  for (std::size_t line = 0; line < kBlock * sizeof(Raw); line += 64)
    __builtin_prefetch(static_cast<const char*>(p) + bytes + line);
}

// Scratch handed out piece by piece, each 64-byte aligned. Without a base it only counts.
class Carver {
 public:
  explicit Carver(std::byte* base) : base_(base) {}
  template <class T>
  T* take(std::size_t count) {
    auto* piece = base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + used_);
    used_ += round_up<std::size_t>(count * sizeof(T), 64);
    return piece;
  }
  std::size_t used() const { return used_; }

 private:
  std::byte* base_;
  std::size_t used_ = 0;
};

}  // namespace
}  // namespace topkit::cpu
