// What the warps of a block share.
#pragma once

#include <cstdint>

#include "bound.cuh"
#include "element.hpp"

namespace topkit::cuda {

inline constexpr int kBlockSlots = 512;     // survivors of a row that are put into order at once
inline constexpr int kBlockThreads = 1024;  // at most

struct BlockState {
  Key low[kWarp], high[kWarp];  // by warp: a bound, the largest key
  std::uint32_t passed;         // survivors
  std::uint16_t columns[kBlockSlots];
  std::uint32_t words[kBlockSlots];  // of parts of survivors in order; at last the winners' columns
  std::uint32_t lost[kWarp];         // by part: the best word that fell out of it
  std::uint32_t bins[kBoundBins];
};

}  // namespace topkit::cuda
