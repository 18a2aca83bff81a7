// Which rows the block kernel takes in its own form, the others being the resident kernel's. Pure host code.
#pragma once

#include "../algorithms.hpp"

namespace topkit::cuda {

// 32 elements a lane in up to 32 warps (16 for types that need keys), and up to 32 winners a warp: a bound from 64 maxima a
// warp is loose beyond that.
inline bool block_takes(const Problem& p) {
  const std::int64_t warps = (p.cols + 1023) / 1024;
  return warps >= 1 && warps <= (is_fast(p) ? 32 : 16) && p.k <= 32 * warps && p.k <= 128;
}

}  // namespace topkit::cuda
