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

// a * b between 0 and 1, as one instruction; NaN is 0.
__device__ __forceinline__ float product_in_unit(float a, float b) {
#ifdef __CUDA_ARCH__
  return __saturatef(__fmul_rn(a, b));
#else
  const float product = a * b;
  return !(product > 0) ? 0 : product < 1 ? product : 1;
#endif
}
// a + b, rounded down; b is at most a.
__device__ __forceinline__ float sum_rounded_down(float a, float b) {
#ifdef __CUDA_ARCH__
  return __fadd_rd(a, b);
#else
  const float sum = a + b;
  return sum - a > b ? bits_float(float_bits(sum) - 1) : sum;  // the difference is exact
#endif
}

// The mass of quads one after the other, bit for bit the sum of sampling::weight. What is no candidate must be -inf and weighs
// nothing, and there is a candidate. Fewer instructions, which are the time of many rows:
//   scale     a power of 2, moves the grid that weights are rounded to
//   range     of y by the multiplication that makes it, as y / -64 between 0 and 1: 2^-64 is rounded to 0, as all below
//             2^-41 * scale are, which is more than 2^-51
//   grid      the high part is rounded down, so that the rest is not negative and its grid's offset leaves with the high part:
//             high + rest is the weight on the grid of 2^-40, wherever it is parted
//   offsets   what all parts have in common is taken out of their sums
// kMany: of more than kMost quads.
template <bool kMany = true>
class MassOfQuads {
 public:
  static constexpr std::uint32_t kMost = 64;  // of whose weights the low parts' sum fits

  __device__ MassOfQuads(float z_max, float c, float scale)
      : z_max_(z_max),
        c_(c * (1 / -kRange)),
        in_high_(0x1p+6F / scale),
        in_low_(0x1p-17F / scale),
        in_both_((0x1p+6F + 0x1p-17F) / scale) {}

  __device__ __forceinline__ void add(const Quad& quad) {
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      const float part = product_in_unit(One::Sub(quad.z[e], z_max_), c_);
      const float sum = One::Fma(part, -kRange, sampling::kToWhole);
      const float f = One::Fma(part, -kRange, -One::Sub(sum, sampling::kToWhole));
      const float w = sampling::exp2_of_parts<One>(sum, f);
      const float high = sum_rounded_down(in_high_, w);
      const float low = One::Sub(w, One::Sub(high, in_both_));
      high_ += float_bits(high);
      low_ += float_bits(low);
    }
    ++quads_;
    if constexpr (kMany)
      if (quads_ == kMost) put_together();
  }
  __device__ std::uint64_t sum() {
    put_together();
    return mass_;
  }

 private:
  static constexpr float kRange = 64;

  __device__ void put_together() {
    const std::uint32_t high = high_ - 4 * quads_ * float_bits(in_high_), low = low_ - 4 * quads_ * float_bits(in_low_);
    mass_ += (std::uint64_t{high} << 23) + low;
    high_ = low_ = quads_ = 0;
  }

  float z_max_, c_, in_high_, in_low_, in_both_;
  std::uint32_t high_ = 0, low_ = 0, quads_ = 0;
  std::uint64_t mass_ = 0;
};

// To sums[what]: the mass of all of the block's tokens.
template <class Share>
[[gnu::noinline]] __device__ void add_all(float c, int what) {
  SampleState& state = shared<SampleState>();
  const Share share(state.args, state.place);
  MassOfQuads<> mass(state.z_max, c, sampling::weight_scale(state.args.problem.cols));
  const std::uint32_t all = share.size();
#pragma unroll 2
  for (std::uint32_t q = threadIdx.x; q < all; q += Share::kThreads) mass.add(share.quad(q));
  add_up(state, what, mass.sum());
}
// The same by tiles, a warp each; the share begins with one. Returns how many of the thread's are above token_z.
template <class Share>
[[gnu::noinline]] __device__ std::uint32_t add_tiles(float c, int what, float token_z) {
  constexpr std::uint32_t kQuads = sampling::kTile / 4;
  SampleState& state = shared<SampleState>();
  const Share share(state.args, state.place);
  const float scale = sampling::weight_scale(state.args.problem.cols);
  const std::uint32_t all = share.size();
  std::uint64_t mass = 0;
  std::uint32_t above = 0;
#pragma unroll 1
  for (std::uint32_t first = warp() * kQuads; first < all; first += kSampleWarps * kQuads) {
    const std::uint32_t end = ::min(first + kQuads, all);
    float most = kNobody;
#pragma unroll 2
    for (std::uint32_t q = first + lane(); q < end; q += kWarp) most = ::max(most, share.quad(q).most());
    const Key key = __reduce_max_sync(full_mask, key_of_z(most));
    if (key <= kNobodyKey) continue;
    MassOfQuads<false> tile(z_of_key(key), c, 1);
#pragma unroll 2
    for (std::uint32_t q = first + lane(); q < end; q += kWarp) {
      const Quad quad = share.quad(q);
      tile.add(quad);
#pragma unroll
      for (int e = 0; e < 4; ++e) above += quad.z[e] > token_z ? 1 : 0;
    }
    const std::uint64_t weighs = warp_sum(tile.sum());
    if (lane() == 0)
      mass += sampling::mass_in_row<One>(weighs, sampling::exponent<One>(z_of_key(key), state.z_max, c), scale);
  }
  add_up(state, what, mass);
  return above;
}
template <class Share>
[[gnu::noinline]] __device__ void add_weighty(float c, float least_y, int what) {
  add_share<false, Share>(shared<SampleState>(), c, what,
                          [least_y](float, std::uint32_t, float y) { return y >= least_y; });
}
// To sums[what]: the mass of the tokens before `end` in the order. Returns how many of the thread's they are.
template <class Share>
[[gnu::noinline]] __device__ std::uint32_t add_before(Candidate end, float c, int what) {
  SampleState& state = shared<SampleState>();
  const Share share(state.args, state.place);
  MassOfQuads<> mass(state.z_max, c, sampling::weight_scale(state.args.problem.cols));
  const float z_end = z_of_key(key_of(end));
  const std::uint32_t all = share.size(), token_end = index_of(end);
  std::uint32_t before = 0;
#pragma unroll 2
  for (std::uint32_t q = threadIdx.x; q < all; q += Share::kThreads) {
    Quad quad = share.quad(q);
    if (quad.most() < z_end) continue;
#pragma unroll
    for (std::uint32_t e = 0; e < 4; ++e) {
      const bool is = quad.z[e] > z_end || (quad.z[e] == z_end && share.begin + 4 * q + e < token_end);
      before += is ? 1 : 0;
      quad.z[e] = is ? quad.z[e] : kNobody;
    }
    mass.add(quad);
  }
  add_up(state, what, mass.sum());
  return before;
}
template <class Share>
[[gnu::noinline]] __device__ void add_kept(Kept kept, float c, int what) {
  add_share<true, Share>(shared<SampleState>(), c, what,
                         [&kept](float z, std::uint32_t token, float) { return kept(z, token); });
}

}  // namespace topkit::cuda
