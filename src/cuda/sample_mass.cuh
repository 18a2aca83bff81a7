// The mass of a block's share of a row.
#pragma once

#include "sample_state.cuh"

namespace topkit::cuda {

// To sums[what]: the mass by c of the block's tokens for which counts(z, token) holds; to sums[what + 1], where wanted, how
// many they are.
template <bool kCounted, class Share, class Counts>
__device__ __forceinline__ void add_share(SampleState& state, float c, int what, Counts counts) {
  const Share share(state.args, state.place);
  const float scale = sampling::weight_scale(state.args.problem.cols), z_max = state.z_max;
  std::uint64_t mass = 0;
  std::uint32_t count = 0;
  share.for_quads([&](std::uint32_t token, const Quad& quad) {
    std::uint32_t high = 0, low = 0;
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      const float y = sampling::exponent<One>(quad.z[e], z_max, c);
      const sampling::Weight<One> w = sampling::weight<One>(y, scale);
      const bool is = counts(quad.z[e], token + e, y);
      high += is ? w.high : 0;
      low += is ? w.low : 0;
      count += is ? 1 : 0;
    }
    mass += sampling::mass_of(high, low);
  });
  add_up(state, what, mass);
  if (kCounted) add_up(state, what + 1, count);
}
// Whoever is no candidate weighs nothing.
template <class Share>
[[gnu::noinline]] __device__ void add_all(float c, int what) {
  add_share<false, Share>(shared<SampleState>(), c, what, [](float, std::uint32_t, float) { return true; });
}
template <class Share>
[[gnu::noinline]] __device__ void add_weighty(float c, float least_y, int what) {
  add_share<false, Share>(shared<SampleState>(), c, what,
                          [least_y](float, std::uint32_t, float y) { return y >= least_y; });
}
template <class Share>
[[gnu::noinline]] __device__ void add_kept(Kept kept, float c, int what) {
  add_share<true, Share>(shared<SampleState>(), c, what,
                         [&kept](float z, std::uint32_t token, float) { return kept(z, token); });
}

}  // namespace topkit::cuda
