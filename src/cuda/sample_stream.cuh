// A token of every row among all of its tokens, in one pass: the race of sample_race.cuh before the row's largest z is known.
//
//   stream    each block a share of the row. A token's score is y - log2 E with y = (z - z_max) * c; here z is measured from
//             any z of the row, which moves all scores alike. Four tokens at a time are compared with the best so far, by
//             the largest z and the least word of the four: a few of a block's pass
//   score     those get their exact log2 E. A thread keeps its best token
//   hand      of a block, the tokens whose scores are so near its best that rounding decides, to the first block   (hop)
//   end       there their scores by the row's z_max, bit for bit those of the rules; the best one is the token
//
// Where more tokens are so near one another than are handed over, the first block streams the whole row once more, by z_max
// and behind the score that it has: then every score is exact. In a greedy row it is the largest z that wins, by itself.
//
// Passes over memory: one. Limit: memory, for many rows; Philox is as much work as can be hidden behind it.
#pragma once

#include "sample_quads.cuh"
#include "sample_race.cuh"

namespace topkit::cuda {

struct SampleStreamLaunch {
  SampleArgs args;
  int log_blocks;
  std::int64_t first_row;
};

inline constexpr int kHandedOver = 4;  // tokens of a block
inline constexpr int kLogMostStreamed = 3;

struct StreamHand {
  Key z_max;
  std::uint32_t near;  // tokens that are near the block's best: all of them are handed over, unless they are more
  Candidate token[kHandedOver];  // z and token; 0: nobody
  float log2_e[kHandedOver];
};

struct RaceState {
  Mbarrier came;
  sampling::Rules rules;
  std::uint32_t bound;  // ordered bits of a score that some token reaches
  std::uint32_t z_max;
  std::uint32_t near;
  Candidate best[kSampleWarps];
  StreamHand mine;
  StreamHand all[1 << kLogMostStreamed];
  float from, exact_bound;
};

// A thread's part in the race.
struct Racer {
  Candidate best = 0;  // score and token
  float z = 0, log2_e = 0;
  Key second = 0;  // the best score of those that it beat
};

// sm_80's code spills where two blocks share a multiprocessor.
template <class L, int kBlockThreads>
__global__ void __launch_bounds__(kBlockThreads, (kArch >= 900 ? 1024 : 512) / kBlockThreads)
    sample_stream_kernel(const __grid_constant__ SampleStreamLaunch a) {
  constexpr std::uint32_t kAtOnce = 4, kThreads = kBlockThreads, kWarps = kThreads / kWarp;
  constexpr unsigned kLast = kThreads - 1;
  const SampleArgs& args = a.args;
  const unsigned blocks = 1U << a.log_blocks, rank = a.log_blocks == 0 ? 0 : cluster_rank();
  RaceState& state = shared<RaceState>();
  if (threadIdx.x == kLast) {
    mbarrier_init(&state.came, blocks);
    mbarrier_publish();
    state.bound = kNobodyKey;
    state.z_max = kNobodyKey;
    state.near = 0;
  }
  __syncwarp(full_mask);
  if (blocks > 1) cluster_arrive_relaxed();
  grid_dependency_wait();
  const std::int64_t index = a.first_row + (blockIdx.x >> a.log_blocks);
  if (threadIdx.x == kWarp) state.rules = sampling::rules_of<One>(args, index);
  const auto* const x = static_cast<const typename L::Raw*>(args.x) + args.x_row(index) * args.problem.row_stride;
  const auto length = static_cast<std::uint32_t>(args.length(index));
  const QuadLoader<L> loader(x, length);
  const std::uint32_t quads = (length + 3) / 4;
  const std::uint32_t share = ((quads + blocks - 1) >> a.log_blocks);
  std::uint32_t first = ::min(rank * share, quads), end = ::min(first + share, quads);
  float from = length > 0 ? sampling::candidate<One>(L::value(load_once(x))) : 0;
  if (!(::fabsf(from) <= 1e6F)) from = 0;
  __syncthreads();
  const Noise noise(state.rules, args.draw);
  const float c = state.rules.c;
  const bool greedy = state.rules.greedy;
  if (blocks > 1) cluster_wait();
  if (!greedy) {
    // A first bound: E <= 2 v up to v = 1/2.
    float bound = kNobody;
    const std::uint32_t quad = first + threadIdx.x;
    if (quad < end) {
      const Quad some = loader.load(4 * quad);
      const sampling::Words<One> words = noise.words(quad);
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        const std::uint32_t r = words.word[e];
        const float score = sampling::exponent<One>(sampling::candidate<One>(some.z[e]), from, c) -
                            about_log2(static_cast<float>(r)) + 30.99F;
        if (r >= 0x10000 && r < 0x80000000U) bound = ::fmaxf(bound, score);
      }
    }
    const Key key = __reduce_max_sync(full_mask, key_of_z(bound));
    if (lane() == 0) atomicMax(&state.bound, key);
  }
  __syncthreads();

#pragma unroll 1
  for (bool again = false;; again = true) {
    Racer mine;
    float most = kNobody;
#pragma unroll 1
    for (std::uint32_t quad = first + threadIdx.x; quad < end; quad += kAtOnce * kThreads) {
      Quad q[kAtOnce];
#pragma unroll
      for (std::uint32_t j = 0; j < kAtOnce; ++j)
        if (quad + j * kThreads < end) q[j] = loader.load(4 * (quad + j * kThreads));
      if (greedy) {
#pragma unroll
        for (std::uint32_t j = 0; j < kAtOnce; ++j)
          for (std::uint32_t e = 0; e < 4 && quad + j * kThreads < end; ++e) {
            const float z = sampling::candidate<One>(q[j].z[e]);
            most = ::fmaxf(most, z);
            if (z > kNobody) mine.best = ::max(mine.best, candidate(key_of_z(z), 4 * (quad + j * kThreads) + e));
          }
        continue;
      }
      sampling::Words<One> words[kAtOnce];
#pragma unroll
      for (std::uint32_t j = 0; j < kAtOnce; ++j) words[j] = noise.words(quad + j * kThreads);
      const float bound = z_of_key(*static_cast<volatile std::uint32_t*>(&state.bound));
      const float over = most_over(bound);
#pragma unroll
      for (std::uint32_t j = 0; j < kAtOnce; ++j) {
        if (quad + j * kThreads >= end) continue;
        const float z_most = largest(q[j]);
        most = ::fmaxf(most, z_most);
        const std::uint32_t least =
            ::min(::min(words[j].word[0], words[j].word[1]), ::min(words[j].word[2], words[j].word[3]));
        if (static_cast<float>(least) > about_exp2((z_most - from) * c + over)) continue;
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          const std::uint32_t r = words[j].word[e], token = 4 * (quad + j * kThreads) + e;
          const float z = sampling::candidate<One>(q[j].z[e]);
          const float y = sampling::exponent<One>(z, from, c);
          if (!(z > kNobody) || static_cast<float>(r) > about_exp2(y + over)) continue;
          std::uint32_t more = 0;
          if (sampling::needs_more<One>(r)) more = noise.words(token / 4 | 0x80000000U).word[e];
          const float log2_e = sampling::log2_exponential<One>(r, more);
          const Candidate scored = candidate(key_of_z(One::Sub(y, log2_e)), token);
          if (scored > mine.best) {
            mine.second = key_of(mine.best);
            mine.best = scored;
            mine.z = z;
            mine.log2_e = log2_e;
            atomicMax(&state.bound, key_of(scored));
          } else {
            mine.second = ::max(mine.second, key_of(scored));
          }
        }
      }
    }
    // Not sooner: the blocks of the next launch would find their places while these stand where they stand.
    if (!again) grid_launch_dependents();
    // The block's best.
    const Candidate of_warp = warp_best(mine.best);
    const Key most_key = __reduce_max_sync(full_mask, key_of_z(sampling::candidate<One>(most)));
    if (lane() == 0) {
      state.best[warp()] = of_warp;
      atomicMax(&state.z_max, most_key);
    }
    if (threadIdx.x < kHandedOver) {
      state.mine.token[threadIdx.x] = 0;
      state.mine.log2_e[threadIdx.x] = 0;
    }
    __syncthreads();
    const Candidate best = warp_best(lane() < kWarps ? state.best[lane()] : 0);
    if (again || (greedy && blocks == 1)) {
      if (threadIdx.x == 0 && args.tokens.data != nullptr) args.tokens.put(index, 0, best != 0 ? index_of(best) : 0);
      if (threadIdx.x == 0 && args.valid.data != nullptr) *args.valid.at(index) = best != 0 ? 1 : 0;
      return;
    }
    const float best_score = z_of_key(key_of(best));
    const float near = best_score - race_margin(best_score);
    const bool endless = !(::fabsf(best_score) < __builtin_inff());  // scores tell nothing
    if (best != 0 && (greedy ? mine.best == best : endless || z_of_key(key_of(mine.best)) >= near)) {
      const bool hidden = !greedy && (endless || (mine.second != 0 && z_of_key(mine.second) >= near));
      const std::uint32_t slot = atomicAdd(&state.near, hidden ? kHandedOver + 1U : 1U);
      if (slot < kHandedOver && mine.best != 0) {
        state.mine.token[slot] = greedy ? best : candidate(key_of_z(mine.z), index_of(mine.best));
        state.mine.log2_e[slot] = mine.log2_e;
      }
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      state.mine.z_max = state.z_max;
      state.mine.near = state.near;
    }
    __syncthreads();
    static_assert(sizeof(StreamHand) % 8 == 0);
    constexpr unsigned kWords = sizeof(StreamHand) / 8;
    StreamHand* const hand = &state.all[rank];
    if (blocks > 1) {
      if (threadIdx.x == kLast) mbarrier_expect(&state.came, 0, sizeof(StreamHand));
      if (threadIdx.x < kWords)
        store_async(reinterpret_cast<std::uint64_t*>(hand) + threadIdx.x, 0,
                    reinterpret_cast<const std::uint64_t*>(&state.mine)[threadIdx.x], &state.came);
      if (rank != 0) return;
      mbarrier_wait(&state.came, 0);
    } else {
      if (threadIdx.x < kWords)
        reinterpret_cast<std::uint64_t*>(hand)[threadIdx.x] =
            reinterpret_cast<const std::uint64_t*>(&state.mine)[threadIdx.x];
      __syncthreads();
    }
    // By each warp for itself: a lane a token.
    const unsigned from_block = lane() / kHandedOver, slot = lane() % kHandedOver;
    const bool there = from_block < blocks;
    const float z_max = z_of_key(__reduce_max_sync(full_mask, there ? state.all[from_block].z_max : kNobodyKey));
    const Candidate token = there ? state.all[from_block].token[slot] : 0;
    const bool more = __any_sync(full_mask, there && state.all[from_block].near > kHandedOver);
    Candidate scored = token;
    if (!greedy && token != 0)
      scored = candidate(key_of_z(One::Sub(sampling::exponent<One>(z_of_key(key_of(token)), z_max, c),
                                           state.all[from_block].log2_e[slot])),
                         index_of(token));
    scored = warp_best(scored);
    if (!more) {
      if (threadIdx.x == 0 && args.tokens.data != nullptr)
        args.tokens.put(index, 0, scored != 0 ? index_of(scored) : 0);
      if (threadIdx.x == 0 && args.valid.data != nullptr) *args.valid.at(index) = scored != 0 ? 1 : 0;
      return;
    }
    first = 0;
    end = quads;
    from = z_max;
    __syncthreads();
    if (threadIdx.x == 0) state.bound = ::max(key_of(scored), kNobodyKey);
    __syncthreads();
  }
}

}  // namespace topkit::cuda
