// The threads that share a row: a block, or one warp of several in a block.
#pragma once

#include "simt.hpp"

namespace topkit::cuda {

template <bool kAlone>
struct Team {
  static constexpr bool kIsAlone = kAlone;
  __device__ static int threads() { return kAlone ? kWarp : static_cast<int>(blockDim.x); }
  __device__ static int warps() { return threads() / kWarp; }
  __device__ static int at() { return static_cast<int>(kAlone ? lane() : threadIdx.x); }
  __device__ static int warp_at() { return kAlone ? 0 : static_cast<int>(warp()); }
  __device__ static void sync() {
    if constexpr (kAlone) {
      __syncwarp(full_mask);
    } else {
      __syncthreads();
    }
  }
};

// Values that come from a reduction or a vote are known to be the whole warp's, and so are branches on them.
__device__ inline int uniform(int value) {
  return static_cast<int>(__reduce_max_sync(full_mask, static_cast<std::uint32_t>(value)));
}

// The first warps of a block, as many as a row needs; the others have ended, and barriers do not wait for them.
struct FirstWarps : Team<false> {
  int count = Team<false>::warps();
  __device__ int threads() const { return count * kWarp; }
  __device__ int warps() const { return count; }
};

}  // namespace topkit::cuda
