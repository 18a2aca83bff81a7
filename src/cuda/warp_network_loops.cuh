// The sorting network of warp_network.cuh in few instructions rather than few cycles, for what is rare: its rounds between lanes are
// a loop. Unrolled, the networks of ties and of order = index were a fifth of a block's machine code.
#pragma once

#include "warp_network.cuh"

namespace topkit::cuda {

// Descending by place, word r of lane l at place l * kRegs + r.
template <int kRegs, class W>
__device__ __forceinline__ void sort_places_in_loops(W (&words)[kRegs]) {
  sort_places<1>(words);
  const auto better = [](W ours, W theirs, bool upper) { return (ours > theirs) == upper ? ours : theirs; };
#pragma unroll 1
  for (unsigned lanes = 2; lanes <= kWarp; lanes *= 2) {
    const bool first = (lane() & (lanes / 2)) == 0;
#pragma unroll
    for (int r = 0; r < (kRegs + 1) / 2; ++r) {  // of two registers, so that no second row of them is held
      const int mirrored = kRegs - 1 - r;
      const W a = __shfl_xor_sync(full_mask, words[mirrored], lanes - 1);
      const W b = __shfl_xor_sync(full_mask, words[r], lanes - 1);
      words[r] = better(words[r], a, first);
      if (r != mirrored) words[mirrored] = better(words[mirrored], b, first);
    }
#pragma unroll 1
    for (unsigned flip = lanes / 4; flip > 0; flip /= 2) {
#pragma unroll
      for (int r = 0; r < kRegs; ++r)
        words[r] = better(words[r], __shfl_xor_sync(full_mask, words[r], flip), (lane() & flip) == 0);
    }
    if constexpr (kRegs > 1) halve_runs<kRegs / 2>(words);
  }
}

// In loops where the network is long: of 256 words, or of 64-bit ones. Shorter ones lose up to a tenth of a call by them.
template <int kRegs, class W>
__device__ __forceinline__ void sort_places_rarely(W (&words)[kRegs]) {
  if constexpr (kRegs >= 8 || sizeof(W) == 8) {
    sort_places_in_loops(words);
  } else {
    sort_places<static_cast<int>(kWarp)>(words);
  }
}

}  // namespace topkit::cuda
