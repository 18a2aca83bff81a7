// Sums over the lanes of a warp and the threads of a block before one of them.
#pragma once

#include <cstdint>

#include "simt.hpp"

namespace topkit::cuda {

// Of the sum over the warp's lanes up to this one.
__device__ inline std::uint32_t sum_through(std::uint32_t mine) {
#pragma unroll
  for (unsigned d = 1; d < kWarp; d *= 2) add_from_below(mine, d);
  return mine;
}

// The sum over the block's threads before this one; total is everybody's. warps: room for one of each of the block's `many` warps.
// Begins without a barrier, ends behind one.
__device__ inline std::uint32_t sum_before(std::uint32_t mine, std::uint32_t* warps, std::uint32_t many,
                                           std::uint32_t& total) {
  const std::uint32_t through = sum_through(mine);
  if (lane() == kWarp - 1) warps[warp()] = through;
  __syncthreads();
  const std::uint32_t of_warp = lane() < many ? warps[lane()] : 0;
  total = __reduce_add_sync(full_mask, of_warp);
  return __reduce_add_sync(full_mask, lane() < warp() ? of_warp : 0) + through - mine;
}

}  // namespace topkit::cuda
