// What weighs before a token in the order of its row, as much as a verdict needs: whether that is less than p of all.
//
// Mostly a rough sum tells: a multiplication, an exponential of the hardware's, and additions of floats. How far it may be from
// the sum that the rules mean is bounded (rough_error), and where that decides, the weights are added up exactly.
#pragma once

#include "sample_top_p_ring.cuh"

namespace topkit::cuda {

// Tokens before one of the order, quad by quad: up to its own quad all that reach its z, from there on those above it. That is all but
// at most three ties in its own quad.
struct Edge {
  float reach = __builtin_inff(), above = __builtin_inff();
  std::uint32_t quad = 0;
  Edge() = default;
  __device__ explicit Edge(Candidate token)
      : reach(z_of_key(key_of(token))), above(next_above(reach)), quad(index_of(token) / 4) {}
};

// To state.masses, by warp: of all of the share's tokens, and of those before each edge. NaN, or infinite, where a token is.
template <class L>
__device__ __forceinline__ void add_roughly(float z_max, float c, const Edge (&edges)[kVerdicts]) {
  const TopPShare<L> share;
  constexpr std::uint32_t kAtOnce = TopPRing<L>::kAtOnce, kThreads = kSampleThreads;
  using Raws = typename LogitRow<L>::Raws;
  TopPState& state = shared<TopPState>();
  const auto* const from = reinterpret_cast<const Raws*>(share.loader.x);
  const std::uint32_t whole = state.place.whole, ring = state.place.ring, spans = share.spans();
  const float offset = -One::Mul(z_max, c);
  float sums[1 + kVerdicts] = {};
  const auto add = [&](const Raws& raws, std::uint32_t quad) {
    const Quad q = QuadLoader<L>::quad(raws);
    float least[kVerdicts];
#pragma unroll
    for (int i = 0; i < kVerdicts; ++i) least[i] = quad < edges[i].quad ? edges[i].reach : edges[i].above;
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      const float weight = about_exp2(One::Fma(q.z[e], c, offset));
      sums[0] += weight;
#pragma unroll
      for (int i = 0; i < kVerdicts; ++i) add_if_reached(sums[1 + i], weight, q.z[e], least[i]);
    }
  };
  // What was read last first, as that is nearest.
  const std::uint32_t far = spans - ::min(spans, ring);
#pragma unroll 1
  for (std::uint32_t span = far; span-- > 0;) {
    const std::uint32_t quad = share.first + span * kTopPSpan + threadIdx.x;
    Raws raws[kAtOnce];
    if (quad + (kAtOnce - 1) * kThreads < whole) {
#pragma unroll
      for (std::uint32_t j = 0; j < kAtOnce; ++j) raws[j] = load_once(from + quad + j * kThreads);
    } else {
#pragma unroll
      for (std::uint32_t j = 0; j < kAtOnce; ++j) raws[j] = share.raws(quad + j * kThreads);
    }
#pragma unroll
    for (std::uint32_t j = 0; j < kAtOnce; ++j) add(raws[j], quad + j * kThreads);
  }
#pragma unroll 1
  for (std::uint32_t span = far; span < spans; ++span) {
    const std::uint32_t quad = share.first + span * kTopPSpan + threadIdx.x;
    const Raws* const kept = TopPRing<L>::quads(span % ring);
#pragma unroll
    for (std::uint32_t j = 0; j < kAtOnce; ++j) add(kept[j * kThreads], quad + j * kThreads);
  }
#pragma unroll
  for (float& sum : sums)
#pragma unroll
    for (int d = kWarp / 2; d > 0; d /= 2) sum += __shfl_xor_sync(full_mask, sum, d);
  if (lane() == 0)
    for (int i = 0; i <= kVerdicts; ++i) state.masses[warp()][i] = sums[i];
}

// Of a row's sums over all blocks.
struct Rough {
  float all, before[kVerdicts];

  // Behind add_roughly(); one hop. All threads.
  __device__ static Rough of_row(unsigned blocks) {
    TopPState& state = shared<TopPState>();
    __syncthreads();
    const int turn = state.turn;
    if (warp() == 0) {
      float sums[1 + kVerdicts];
#pragma unroll
      for (int i = 0; i <= kVerdicts; ++i) {
        sums[i] = lane() < kSampleWarps ? state.masses[lane()][i] : 0;
#pragma unroll
        for (int d = kSampleWarps / 2; d > 0; d /= 2) sums[i] += __shfl_xor_sync(full_mask, sums[i], d);
        say(state.hops, turn, i, float_bits(sums[i]));
      }
    }
    hop<1 + kVerdicts>(state.hops, turn, state.place.rank, blocks);
    if (threadIdx.x == 0) state.turn = turn + 1;
    Rough rough{};
#pragma unroll 4
    for (unsigned b = 0; b < blocks; ++b) {
      rough.all += bits_float(static_cast<std::uint32_t>(heard(state.hops, turn, b, 0)));
#pragma unroll
      for (int i = 0; i < kVerdicts; ++i)
        rough.before[i] += bits_float(static_cast<std::uint32_t>(heard(state.hops, turn, b, 1 + i)));
    }
    return rough;
  }
};

// How far before - limit may be from what exact weights would make of it; ties: what tokens weigh that the edge does not tell apart.
// offset: of the exponents; quads: of a block.
__device__ __forceinline__ float rough_error(float before, float limit, float ties, float offset, std::uint32_t quads,
                                             std::int64_t cols) {
  if (!(::fabsf(offset) < 0x1p+20F)) return __builtin_inff();  // its rounding is a factor that is not near 1
  const float additions = static_cast<float>(quads / kSampleThreads + 1) * 0x1p-21F;
  const float grid = static_cast<float>(cols) * 0x1p-40F / sampling::weight_scale(cols);  // that weights are rounded to
  return (before + limit) * (0x1p-15F + additions) + grid + ties;
}

// To state.sums, by warp: the mass of all of the share's tokens, and of those before `edge`.
template <class L>
__device__ __forceinline__ void add_exactly(float z_max, float c, float scale, Candidate edge) {
  const TopPShare<L> share;
  TopPState& state = shared<TopPState>();
  std::uint64_t all = 0, before = 0;
#pragma unroll 1
  for (std::uint32_t quad = share.first + threadIdx.x; quad < share.end; quad += kSampleThreads) {
    const Quad q = share.loader.load(4 * quad);
#pragma unroll
    for (std::uint32_t e = 0; e < 4; ++e) {
      const float z = sampling::candidate<One>(q.z[e]);
      if (!(z > kNobody)) continue;
      const sampling::Weight<One> w = sampling::weight<One>(sampling::exponent<One>(z, z_max, c), scale);
      const std::uint64_t mass = sampling::mass_of(w.high, w.low);
      all += mass;
      if (candidate(key_of_z(z), 4 * quad + e) > edge) before += mass;
    }
  }
  all = warp_sum(all);
  before = warp_sum(before);
  if (lane() == 0) {
    state.sums[0][warp()] = all;
    state.sums[1][warp()] = before;
  }
}

// Whether `token` is kept, exactly; one hop. All threads of all blocks.
template <class L>
[[gnu::noinline]] __device__ bool is_kept(float z_max, Candidate token, std::int64_t cols, bool inclusive,
                                          unsigned blocks) {
  TopPState& state = shared<TopPState>();
  const sampling::Rules& rules = state.rules;
  add_exactly<L>(z_max, rules.c_filter, sampling::weight_scale(cols), token);
  __syncthreads();
  const int turn = state.turn;
  for (int i = 0; i < 2; ++i) {
    const std::uint64_t sum = warp_sum(lane() < kSampleWarps ? state.sums[i][lane()] : 0);
    say(state.hops, turn, i, sum);
  }
  hop<2>(state.hops, turn, state.place.rank, blocks);
  if (threadIdx.x == 0) state.turn = turn + 1;
  const std::uint64_t all = sum_heard(state.hops, turn, blocks, 0), before = sum_heard(state.hops, turn, blocks, 1);
  return before < ::max(sampling::limit_of(rules.p, all, inclusive), std::uint64_t{1});
}

}  // namespace topkit::cuda
