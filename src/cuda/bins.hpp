// Bins over a range of keys: where a threshold is found by counting.
#pragma once

#include "simt.hpp"

namespace topkit::cuda {

inline constexpr int kBoundBins = 64;

// The last key of a bin of 2^shift keys, no further than the range it is cut from; does not wrap.
template <class U>
__device__ inline U bin_top(U bottom, int shift, U high) {
  const U span = (U{1} << shift) - 1;
  return high - bottom < span ? high : bottom + span;
}

}  // namespace topkit::cuda
