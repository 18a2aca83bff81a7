// Order-preserving keys: the one place where a type's order is defined.
//
// The key of an element is an unsigned integer of the element's width; a larger key is better. Equal keys are ties, and
// the lower index wins them. Invariants: key(-0) == key(+0); all NaN have one key, which no number has.
#pragma once

#include <cstdint>
#include <limits>

#include "dtype.hpp"
#include "problem.hpp"

namespace topkit {

// U: std::uint8_t, 16, 32 or 64. Works on host and device (constexpr); a kernel holds it in registers.
template <class U>
struct KeyMap {
  static constexpr U kMax = std::numeric_limits<U>::max();
  static constexpr U kHalf = static_cast<U>(U{1} << (sizeof(U) * 8 - 1));

  bool floating;
  U bias;     // integers: kHalf when signed
  U largest;  // floating: bits of the largest magnitude that is not NaN
  U nan_key;  // 0 or kMax; no number has either
  U reverse;  // kMax when the smallest are wanted, else 0

  // Sign and magnitude become offset binary: negative raw bits r = kHalf + m map to kHalf - m = -r.
  constexpr U operator()(U raw) const {
    if (!floating) return static_cast<U>(raw ^ bias ^ reverse);
    if (static_cast<U>(raw & (kMax >> 1)) > largest) return nan_key;
    const U key = (raw & kHalf) != 0 ? static_cast<U>(U{0} - raw) : static_cast<U>(raw ^ kHalf);
    return static_cast<U>(key ^ reverse);
  }

  // Some raw bits with this key: exact for every number but zero, whose sign is lost, and NaN, whose payload is lost.
  constexpr U raw(U key) const {
    if (!floating) return static_cast<U>(key ^ bias ^ reverse);
    if (key == nan_key) return kMax >> 1;
    const U offset = static_cast<U>(key ^ reverse);
    return offset >= kHalf ? static_cast<U>(offset ^ kHalf) : static_cast<U>(U{0} - offset);
  }

  // True when raw(key) need not be the element's own bits, so that a value must be read from the row.
  constexpr bool lossy(U key) const { return floating && (key == nan_key || static_cast<U>(key ^ reverse) == kHalf); }
};

template <class U>
constexpr KeyMap<U> key_map(const DTypeInfo& type, bool largest, Nan nan) {
  using Map = KeyMap<U>;
  return {.floating = type.kind == NumberKind::floating,
          .bias = type.kind == NumberKind::signed_integer ? Map::kHalf : U{0},
          .largest = static_cast<U>(type.largest_magnitude),
          .nan_key = largest && nan == Nan::largest ? Map::kMax : U{0},
          .reverse = largest ? U{0} : Map::kMax};
}

}  // namespace topkit
