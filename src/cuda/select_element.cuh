// How cuda_select sees an element: its raw bits where the row lies, and its key.
#pragma once

#include "../key.hpp"
#include "by_element.hpp"
#include "row.cuh"
#include "select_shape.hpp"

namespace topkit::cuda {

// Types of up to 32 bits. A word of the row has kPerWord elements.
template <class E>
struct SelectNarrow {
  using Raw = typename E::Raw;
  using Key = cuda::Key;
  using Word = std::uint32_t;
  static constexpr int kBits = 8 * static_cast<int>(sizeof(Raw));
  static constexpr int kPacksPerVec = E::kPacksPerVec, kPerVec = kPacksPerVec * E::kPerPack, kPerWord = kPerVec / 4;

  E element;

  __device__ void keys(const Vec& v, Key (&out)[kPerVec]) const {
    Pack packs[kPacksPerVec];
    element.unpack(v, packs);
#pragma unroll
    for (int e = 0; e < kPerVec; ++e) out[e] = element.key(packs[e / E::kPerPack], e % E::kPerPack);
  }
  __device__ Key key(Word word, int e) const {
    Key out[kPerVec];
    keys({{word, 0, 0, 0}}, out);
    return out[e];
  }
  // Bit e: the key of element e of the word is not below `least`. Compared as numbers where these have an order.
  __device__ unsigned reach(Word word, Key least) const {
    Pack packs[kPacksPerVec];
    element.unpack({{word, 0, 0, 0}}, packs);
    const Pack threshold = element.threshold(least);
    unsigned bits = 0;
#pragma unroll
    for (int i = 0; i < kPerWord / E::kPerPack; ++i) bits |= E::passes(packs[i], threshold) << (i * E::kPerPack);
    if (element.key(threshold, 0) >= least) return bits;
      // A NaN's threshold is +inf.
#pragma unroll
    for (int e = 0; e < kPerWord; ++e)
      if (element.key(packs[e / E::kPerPack], e % E::kPerPack) < least) bits &= ~(1U << e);
    return bits;
  }
  __device__ static Raw raw(Word word, int e) { return static_cast<Raw>(word >> (e * kBits % 32)); }
  __device__ Raw raw(Key key) const { return element.raw(key); }
  __device__ bool lossy(Key key) const { return element.lossy(key); }
};

struct SelectWide {
  using Raw = std::uint64_t;
  using Key = std::uint64_t;
  using Word = std::uint64_t;
  static constexpr int kBits = 64, kPacksPerVec = 2, kPerVec = 2, kPerWord = 1;

  KeyMap<std::uint64_t> map;

  __device__ void keys(const Vec& v, Key (&out)[kPerVec]) const {
#pragma unroll
    for (int e = 0; e < kPerVec; ++e) out[e] = map(static_cast<Raw>(v.word[2 * e + 1]) << 32 | v.word[2 * e]);
  }
  __device__ Key key(Word word, int) const { return map(word); }
  __device__ unsigned reach(Word word, Key least) const { return map(word) >= least ? 1U : 0U; }
  __device__ static Raw raw(Word word, int) { return word; }
};

// Granules of a thread that are looked at together.
template <class S>
inline constexpr int kSelectVecs = select_vecs(static_cast<int>(sizeof(typename S::Raw)));

}  // namespace topkit::cuda
