// The draw: the token with the best score y - log2 E, where E is a function of (seed, position, draw, token) alone.
#pragma once

#include "../sampling/philox.hpp"
#include "sample_state.cuh"

namespace topkit::cuda {

// Four words side by side: the keys of the rounds are made once for all.
struct Fourfold {
  struct I {
    std::uint32_t of[4];
  };
  __device__ static constexpr I SetI(std::uint32_t value) { return {{value, value, value, value}}; }
  __device__ static constexpr I XorI(const I& x, const I& y) {
    return {{x.of[0] ^ y.of[0], x.of[1] ^ y.of[1], x.of[2] ^ y.of[2], x.of[3] ^ y.of[3]}};
  }
  // One instruction for both halves of a product, where the compiler takes two.
  __device__ static constexpr sampling::Product<Fourfold> Multiply(std::uint32_t a, const I& b) {
    sampling::Product<Fourfold> product{};
    for (int j = 0; j < 4; ++j) {
      const std::uint64_t wide = static_cast<std::uint64_t>(a) * b.of[j];
      product.high.of[j] = static_cast<std::uint32_t>(wide >> 32);
      product.low.of[j] = static_cast<std::uint32_t>(wide);
    }
    return product;
  }
};

// The noise of four tokens at once.
class Noise {
 public:
  static constexpr std::uint32_t kAgain = 0x80000000U;

  __device__ Noise(const sampling::Rules& rules, std::uint32_t draw)
      : seed_(rules.seed), position_(rules.position), draw_(draw) {}

  __device__ sampling::Words<One> words(std::uint32_t quad) const {
    return sampling::philox<One>(
        seed_, {{quad, draw_, static_cast<std::uint32_t>(position_), static_cast<std::uint32_t>(position_ >> 32)}});
  }
  // Of the quads quad, quad + step, .., four of them.
  __device__ sampling::Words<Fourfold> four_words(std::uint32_t quad, std::uint32_t step) const {
    return sampling::philox<Fourfold>(seed_, {{{{quad, quad + step, quad + 2 * step, quad + 3 * step}},
                                               Fourfold::SetI(draw_),
                                               Fourfold::SetI(static_cast<std::uint32_t>(position_)),
                                               Fourfold::SetI(static_cast<std::uint32_t>(position_ >> 32))}});
  }
  // A token and its score; r is its word.
  __device__ Candidate score(float y, std::uint32_t token, std::uint32_t r) const {
    std::uint32_t more = 0;
    if (sampling::needs_more<One>(r)) more = words(token / 4 | kAgain).word[token % 4];
    return candidate(key_of_z(One::Sub(y, sampling::log2_exponential<One>(r, more))), token);
  }
  __device__ Candidate score(float y, std::uint32_t token) const { return score(y, token, word(token)); }
  // The word of one token; again: the second one.
  __device__ std::uint32_t word(std::uint32_t token, std::uint32_t again = 0) const {
    const sampling::Words<One> all = words(token / 4 | again);
    const std::uint32_t e = token % 4;
    return e < 2 ? (e == 0 ? all.word[0] : all.word[1]) : e == 2 ? all.word[2] : all.word[3];
  }

 private:
  std::uint64_t seed_, position_;
  std::uint32_t draw_;
};

// Cheap bounds of log2 E, from the exponent and some mantissa bits of r as a float. With v = r * 2^-32 and `line` its
// logarithm drawn as straight lines between powers of 2 (at most 0.0861 below it): E >= v * log2 e for all v, and
// E <= 2 v up to 1/2.
__device__ inline float line_of(std::uint32_t r) {
  return static_cast<float>(static_cast<int>(float_bits(static_cast<float>(r)) - 0x4F800000U)) * 0x1p-23F;
}
inline constexpr float kLeastOverLine = 0.5F;  // log2(log2 e) = 0.5287, less what roundings may take
inline constexpr float kMostOverLine = 1.09F;  // 1.0861

// 2^x, about.
__device__ inline float about_exp2(float x) {
#ifdef __CUDA_ARCH__
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#else
  return __builtin_exp2f(x);
#endif
}
__device__ inline float about_log2(float x) {
#ifdef __CUDA_ARCH__
  float y;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#else
  return __builtin_log2f(x);
#endif
}

// How far scores may be from what they would be if nothing were rounded, and measured from elsewhere; more than twice.
__device__ inline float race_margin(float score) { return 0x1p-13F + ::fabsf(score) * 0x1p-19F; }

// A token of score `bound` or more has a word of at most 2^(y + most_over(bound)): E >= v * log2 e, so its score is at most
// y + 32 - log2 r - 0.5287.
__device__ inline float most_over(float bound) { return 31.48F - bound + 2 * race_margin(bound); }

// The best score of this block's tokens that are kept, one candidate a thread; take_best() joins them.
// All threads; state.race is 0 before, behind a barrier.
//
// Only tokens that may win are scored: a compare of bits tells all but a few of the others.
template <class Share>
[[gnu::noinline]] __device__ Candidate race(std::uint32_t draw) {
  SampleState& state = shared<SampleState>();
  const Share share(state.args, state.place);
  const Noise noise(state.rules, draw);
  const float c = state.rules.c, z_max = state.z_max;
  {
    // A first bound, from the first four tokens of every thread.
    float bound = kNobody;
    if (threadIdx.x < share.size()) {
      const std::uint32_t token = share.begin + 4 * threadIdx.x;
      const Quad quad = share.quad(threadIdx.x);
      const sampling::Words<One> words = noise.words(token / 4);
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        const std::uint32_t r = words.word[e];
        const float y = sampling::exponent<One>(quad.z[e], z_max, c);
        if (r >= 0x10000 && r < 0x80000000U && state.kept(quad.z[e], token + e))
          bound = ::max(bound, y - line_of(r) - kMostOverLine);
      }
    }
    const Key key = __reduce_max_sync(full_mask, key_of_z(bound));
    if (lane() == 0) atomicMax(&state.race, key);
  }
  __syncthreads();
  Candidate best = 0;
  share.for_quads([&](std::uint32_t token, const Quad& quad) {
    const sampling::Words<One> words = noise.words(token / 4);
    // line < y - kLeastOverLine - bound, in 128ths and with the float's exponent bias.
    constexpr float kMagic = 12582912.0F;
    const float bound = z_of_key(::max(*static_cast<volatile std::uint32_t*>(&state.race), kNobodyKey));
    // Of most quads no token may win, by the largest z and the least word of the four.
    const std::uint32_t least = ::min(::min(words.word[0], words.word[1]), ::min(words.word[2], words.word[3]));
    if (static_cast<float>(least) > about_exp2((quad.most() - z_max) * c + most_over(bound))) return;
    const float base = kMagic + (159.0F - kLeastOverLine - bound) * 128.0F;
    unsigned may = 0;
    float y[4];
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      y[e] = sampling::exponent<One>(quad.z[e], z_max, c);
      const float at = ::max(y[e] * 128.0F + base, kMagic - 0x1p20F);
      const int limit = static_cast<int>(float_bits(at) - float_bits(kMagic));
      may |= static_cast<int>(float_bits(static_cast<float>(words.word[e])) >> 16) <= limit ? 1U << e : 0;
    }
    if (may == 0) return;
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      if ((may >> e & 1U) == 0 || !state.kept(quad.z[e], token + e)) continue;
      const Candidate scored = noise.score(y[e], token + e, words.word[e]);
      best = ::max(best, scored);
      atomicMax(&state.race, key_of(scored));
    }
  });
  return best;
}

}  // namespace topkit::cuda
