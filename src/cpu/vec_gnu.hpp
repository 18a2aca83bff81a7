// Vectors in GNU C++ (GCC and clang vector types): all of vec.hpp but Join, which every instruction set does its own way.
#pragma once

#include "vec.hpp"

namespace topkit::cpu {
namespace {

// kBytes: the size of a register. Isa supplies Join and Emit.
template <class Isa, int kBits, int kBytes>
struct GnuInt : Isa {
  using S = SignedOf<kBits>;
  using Raw = std::make_unsigned_t<S>;
  using Reg = typename GnuVector<S, kBytes>::Type;
  using Unsigned = typename GnuVector<Raw, kBytes>::Type;
  using Mask = Reg;  // 0 or -1
  using Sorted = GnuInt;
  using I16 = GnuInt<Isa, 16, kBytes>;
  static constexpr std::uint32_t kLanes = kBytes * 8 / kBits;
  static constexpr bool kFloat = false;

  struct Lens {
    Reg negative, all, add;
    explicit Lens(const Sortable& s)
        : negative(Set(static_cast<S>(s.negative))), all(Set(static_cast<S>(s.all))), add(Set(static_cast<S>(s.add))) {}
    Reg operator()(Reg raw) const { return Add(raw ^ ((raw < Reg{}) & negative) ^ all, add); }
  };

  static Reg Load(const Lens& lens, const Raw* p) { return lens(LoadSorted(reinterpret_cast<const S*>(p))); }
  // Lanes from n on hold the worst.
  static Reg LoadN(const Lens& lens, const Raw* p, std::size_t n) {
    if (n >= kLanes) return Load(lens, p);
    Reg raw = {};
    std::memcpy(&raw, p, n * sizeof(Raw));
    return If(First(n), lens(raw), Worst());
  }
  static Reg LoadSorted(const S* p) {
    Reg a;
    std::memcpy(&a, p, sizeof(a));
    return a;
  }
  static Reg LoadStored(const S* p) { return LoadSorted(p); }
  static void Store(S* p, Reg a) { std::memcpy(p, &a, sizeof(a)); }
  static Reg ToSorted(const Lens&, Reg a) { return a; }
  static Reg Threshold(const Lens&, const SortableKeys<S>& keys, S s) { return Set(keys.at_least(s)); }

  static Reg Worst() { return Set(std::numeric_limits<S>::min()); }
  static Reg Best() { return Set(std::numeric_limits<S>::max()); }

  static Reg Set(S s) { return Reg{} + s; }
  static Reg Max(Reg a, Reg b) { return a > b ? a : b; }
  static Reg Add(Reg a, Reg b) {
    return reinterpret_cast<Reg>(reinterpret_cast<Unsigned>(a) + reinterpret_cast<Unsigned>(b));
  }
  static Reg Min(Reg a, Reg b) { return a < b ? a : b; }
  static Reg MaxBits(Reg a, Reg b) { return reinterpret_cast<Unsigned>(a) > reinterpret_cast<Unsigned>(b) ? a : b; }
  static Mask GtBits(Reg a, Reg b) {
    return reinterpret_cast<Mask>(reinterpret_cast<Unsigned>(a) > reinterpret_cast<Unsigned>(b));
  }
  static Reg Not(Reg a) { return ~a; }
  static Mask Gt(Reg a, Reg b) { return a > b; }
  static Mask Ge(Reg a, Reg b) { return a >= b; }
  static Mask Eq(Reg a, Reg b) { return a == b; }
  // Lanes in pairs: both of 16 bits, so that a broadcast is a plain load.
  static Reg SetPair(std::uint32_t pair) {
    return reinterpret_cast<Reg>(typename GnuVector<std::uint32_t, kBytes>::Type{} + pair);
  }
  // Where a < b, of the lanes in m.
  static Mask AndLess(Mask m, Reg a, Reg b) { return m & (a < b); }
  static Mask And(Mask a, Mask b) { return a & b; }
  static Mask Or(Mask a, Mask b) { return a | b; }
  static Mask AndNot(Mask a, Mask b) { return ~a & b; }
  static bool Any(Mask m) {
    const auto words = reinterpret_cast<typename GnuVector<std::uint64_t, kBytes>::Type>(m);
    std::uint64_t any = 0;
    for (int i = 0; i < kBytes / 8; ++i) any |= words[i];
    return any != 0;
  }
  static bool All(Mask m) { return !Any(~m); }
  static Mask First(std::size_t n) { return Iota() < Set(static_cast<S>(lesser<std::size_t>(n, kLanes))); }
  static Reg If(Mask m, Reg a, Reg b) { return m ? a : b; }
  // One more in every lane of the mask.
  static Reg Increment(Reg a, Mask m) { return a - m; }
  // Of small numbers that are not negative, in 16 bits.
  static std::uint32_t ReduceSum(Reg a) {
    std::uint32_t sum = 0;
    for (std::uint32_t i = 0; i < kLanes; ++i) sum += static_cast<std::uint16_t>(a[i]);
    return sum;
  }
  static S ReduceMax(Reg a) {
    S most = a[0];
    for (std::uint32_t i = 1; i < kLanes; ++i) most = greater<S>(most, a[i]);
    return most;
  }
  static std::uint64_t Join(const Mask (&masks)[kBlock / kLanes]) { return Isa::template JoinMasks<kBits>(masks); }

 private:
  static Reg Iota() {
    Reg a = {};
    for (std::uint32_t i = 0; i < kLanes; ++i) a[i] = static_cast<S>(i);
    return a;
  }
};

template <class Isa, int kBits, int kBytes>
struct GnuFloat : Isa {
  using Sorted = GnuInt<Isa, kBits, kBytes>;
  using I16 = GnuInt<Isa, 16, kBytes>;
  using S = typename Sorted::S;
  using Raw = typename Sorted::Raw;
  using Mask = typename Sorted::Mask;
  using Float = std::conditional_t<kBits == 32, float, double>;
  using Reg = typename GnuVector<Float, kBytes>::Type;
  static constexpr std::uint32_t kLanes = Sorted::kLanes;
  static constexpr bool kFloat = true;

  struct Lens {
    typename Sorted::Reg flip;
    typename Sorted::Lens sorted;
    typename Sorted::Reg worst;  // -inf
    bool is_plain;               // flips nothing
    explicit Lens(const Sortable& s)
        : flip(Sorted::Set(static_cast<S>(s.flip))),
          sorted(s),
          worst(sorted(reinterpret_cast<typename Sorted::Reg>(Worst()) ^ flip)),
          is_plain(s.flip == 0) {}
  };

  static Reg Load(const Lens& lens, const Raw* p) {
    return reinterpret_cast<Reg>(Sorted::LoadSorted(reinterpret_cast<const S*>(p)) ^ lens.flip);
  }
  static Reg LoadN(const Lens& lens, const Raw* p, std::size_t n) {
    if (n >= kLanes) return Load(lens, p);
    typename Sorted::Reg raw = {};
    std::memcpy(&raw, p, n * sizeof(Raw));
    return Sorted::First(n) ? reinterpret_cast<Reg>(raw ^ lens.flip) : Worst();
  }
  static void Store(S* p, Reg a) { std::memcpy(p, &a, sizeof(a)); }
  static Reg LoadStored(const S* p) {
    Reg a;
    std::memcpy(&a, p, sizeof(a));
    return a;
  }
  static Reg Worst() { return Reg{} - std::numeric_limits<Float>::infinity(); }
  static Reg Best() { return Reg{} + std::numeric_limits<Float>::infinity(); }
  static Reg Nan() { return reinterpret_cast<Reg>(~typename Sorted::Reg{}); }
  // b unless a is greater: a NaN in a is ignored, so keep the running maximum in b.
  static Reg Max(Reg a, Reg b) { return Isa::MaxFloat(a, b); }
  // Not less: true for NaN.
  static Mask Ge(Reg a, Reg b) { return ~(a < b); }
  // Where a < b, which NaN are not, of the lanes in m.
  static Mask AndLess(Mask m, Reg a, Reg b) { return m & (a < b); }
  // Where a or b is NaN.
  static Mask Unordered(Reg a, Reg b) { return (a != a) | (b != b); }
  static std::uint64_t Join(const Mask (&masks)[kBlock / kLanes]) { return Sorted::Join(masks); }
  // -inf becomes the worst integer: where it stands for NaN that were ignored, it must not claim to be better than they.
  static typename Sorted::Reg ToSorted(const Lens& lens, Reg a) {
    const auto s = lens.sorted(reinterpret_cast<typename Sorted::Reg>(a) ^ lens.flip);
    return Sorted::If(Sorted::Gt(s, lens.worst), s, Sorted::Worst());
  }
  static Reg Threshold(const Lens& lens, const SortableKeys<S>& keys, S s) {
    return reinterpret_cast<Reg>(Sorted::Set(static_cast<S>(keys.to_raw(s))) ^ lens.flip);
  }
};

template <class Base, int kBytes>
struct GnuIsa {
  template <Kind kKind>
  using Vec = std::conditional_t<is_float(kKind), GnuFloat<Base, is_float(kKind) ? bits_of(kKind) : 32, kBytes>,
                                 GnuInt<Base, bits_of(kKind), kBytes>>;
};

}  // namespace
}  // namespace topkit::cpu
