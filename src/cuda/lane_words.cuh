// What lanes that take a row each read: granules, and words of key and column of 16-bit floats, two at a time.
#pragma once

#include <cstdint>

#include "element.hpp"
#include "lane_network.cuh"

namespace topkit::cuda {

// One load of 16 bytes: by its words it would be four.
__device__ __forceinline__ Vec load_vec(const void* at) {
  const uint4 words = *static_cast<const uint4*>(at);
  return {words.x, words.y, words.z, words.w};
}

// The words' constants are given at run time for the sake of lane_network.cuh's reason: their instructions shall be those that
// are written.
struct LaneWords {
  Signs signs;
  std::uint32_t half = 0x10000, upper_half = 0xffff0000, half_signs = 0x80008000;
};

template <class Half2, std::uint32_t kInf>
__device__ __forceinline__ Pack keys_of_pair(const Float16<Half2, kInf>&, const LaneWords& words, Pack pack) {
  const Pack bits = Half2::add_zero(pack);
  return bits ^ (half_signs(bits) | words.half_signs);
}

// Of a granule: each key, and how many elements are behind it.
template <class E>
__device__ __forceinline__ void words_of_pairs(const E& element, const LaneWords& constants, const Vec& vec,
                                               std::uint32_t (&words)[8]) {
#pragma unroll
  for (int i = 0; i < 8; i += 2) {
    const Pack pair = keys_of_pair(element, constants, vec.word[i / 2]);
    words[i] = pair * constants.half + static_cast<std::uint32_t>(7 - i);
    words[i + 1] = (pair & constants.upper_half) | static_cast<std::uint32_t>(6 - i);
  }
}

}  // namespace topkit::cuda
