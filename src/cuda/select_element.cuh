// How cuda_select sees an element: its raw bits where the row lies, and its key.
#pragma once

#include "../key.hpp"
#include "by_element.hpp"
#include "row.cuh"

namespace topkit::cuda {

// Types of up to 32 bits.
template <class E>
struct SelectNarrow {
  using Raw = typename E::Raw;
  using Key = cuda::Key;
  static constexpr int kBits = 8 * static_cast<int>(sizeof(Raw));
  static constexpr int kPacksPerVec = E::kPacksPerVec, kPerVec = kPacksPerVec * E::kPerPack;

  E element;

  __device__ void keys(const Vec& v, Key (&out)[kPerVec]) const {
    Pack packs[E::kPacksPerVec];
    element.unpack(v, packs);
#pragma unroll
    for (int e = 0; e < kPerVec; ++e) out[e] = element.key(packs[e / E::kPerPack], e % E::kPerPack);
  }
};

struct SelectWide {
  using Raw = std::uint64_t;
  using Key = std::uint64_t;
  static constexpr int kBits = 64, kPacksPerVec = 2, kPerVec = 2;

  KeyMap<std::uint64_t> map;

  __device__ void keys(const Vec& v, Key (&out)[kPerVec]) const {
#pragma unroll
    for (int e = 0; e < kPerVec; ++e) out[e] = map(static_cast<Raw>(v.word[2 * e + 1]) << 32 | v.word[2 * e]);
  }
};

}  // namespace topkit::cuda
