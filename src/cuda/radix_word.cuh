// An element that may win, as one word: its key above its position, the other way round, so that the lower index is better.
// 32 bits for types of 16 where the row has no more columns than that, 64 for types of 32.
#pragma once

#include <cstdint>
#include <type_traits>

#include "element.hpp"
#include "simt.hpp"

namespace topkit::cuda {

template <class E>
struct Words {
  using Half = std::conditional_t<sizeof(typename E::Raw) == 2, std::uint16_t, std::uint32_t>;
  using Word = std::conditional_t<sizeof(typename E::Raw) == 2, std::uint32_t, std::uint64_t>;
  static constexpr int kHalf = static_cast<int>(sizeof(Half)) * 8;
  static constexpr std::int64_t kMostCols = std::int64_t{1} << (sizeof(Half) == 2 ? 16 : 31);

  int left;  // of the bits for a position, those that none of this row takes

  // Of a row of 2 .. kMostCols elements.
  __device__ explicit Words(std::uint32_t count) { left = __clz(static_cast<int>(count - 1)) - (32 - kHalf); }

  __device__ Word word(Key key, std::uint32_t position) const {
    return static_cast<Word>(key) << kHalf | static_cast<Half>(~position << left);
  }
  __device__ static Key key(Word word) { return static_cast<Key>(word >> kHalf); }
  __device__ std::uint32_t position(Word word) const {
    return static_cast<std::uint32_t>(static_cast<Half>(~static_cast<Half>(word))) >> left;
  }
  // Of all words with this key, the lowest.
  __device__ static Word lowest(Key key) { return static_cast<Word>(key) << kHalf; }

  // An element as it is listed, before it is a key: element `sub` of a pack above its position.
  __device__ static Word entry(Pack pack, int sub, std::uint32_t position) {
    if constexpr (sizeof(Half) == 2) {
      return __byte_perm(position, pack, sub == 0 ? 0x5410 : 0x7610);
    } else {
      return static_cast<Word>(pack) << 32 | position;
    }
  }
  __device__ Word word_of(const E& element, Word entry) const {
    constexpr int kUpper = E::kPerPack - 1;  // of a pack of two, the element that `entry` has
    const auto pack = static_cast<Pack>(kUpper == 1 ? entry : entry >> kHalf);
    return word(element.key(pack, kUpper), static_cast<Half>(entry));
  }
};

}  // namespace topkit::cuda
