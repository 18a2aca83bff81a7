// A race among a block's tokens, and who of all blocks' tokens wins it if he is kept.
//
// The first race of a row keeps more than its winner, for he may be behind the nucleus: all tokens whose scores reach a bound that
// kRaceClasses of them are known to reach. Of those only records can win: nobody before them in the order has a better score.
// That race measures z from any z of the row, so that scores are a rounding away from what they are by z_max: what a
// rounding may decide is left to the end, where z_max is known. Later ones measure from z_max, and hand over their
// winner alone.
#pragma once

#include "sample_top_p_ring.cuh"

namespace topkit::cuda {

struct Race {
  float c, from;
};

// At least log2 E of a word below 2^31: E <= v * (1 + v) * log2 e up to v = 1/2, and log2(1 + v) <= v * log2 e.
__device__ __forceinline__ float most_log2_e(std::uint32_t r) {
  constexpr float kOfTwo32 = 1.4427F * 0x1p-32F, kAtZero = 0.5288F - 32 + 0.01F;  // log2(log2 e), and what is rounded
  const auto word = static_cast<float>(::max(r, 0x10000U));
  return about_log2(word) + (word * kOfTwo32 + kAtZero);
}

// Some token of this lane reaches `score`.
__device__ __forceinline__ void raise_bound(TopPState& state, float score) {
  const Key key = key_of_z(score);
  Key* const mine = &state.classes[lane() % kRaceClasses];
  if (key <= *static_cast<volatile Key*>(mine)) return;
  atomicMax(mine, key);
  Key least = key;
#pragma unroll
  for (int i = 0; i < kRaceClasses; ++i) least = ::min(least, *static_cast<volatile Key*>(&state.classes[i]));
  atomicMax(&state.bound, least);
}

// Nobody races yet; behind a barrier.
__device__ __forceinline__ void open_race(TopPState& state) {
  if (threadIdx.x < kRaceClasses) state.classes[threadIdx.x] = kNobodyKey;
  if (threadIdx.x < kRecords) {
    state.mine.token[threadIdx.x] = 0;
    state.mine.log2_e[threadIdx.x] = 0;
  }
  if (threadIdx.x == 0) {
    state.bound = state.z_max = kNobodyKey;
    state.raced = state.lost = state.mine.count = 0;
    state.chained = 0;
  }
}

// A first bound, from the first quads of every thread, which have come. Ends with a barrier.
template <class L>
__device__ __forceinline__ void first_bound(const Noise& noise, const Race& race) {
  constexpr std::uint32_t kFirst = 2;
  TopPState& state = shared<TopPState>();
  float low = kNobody;
#pragma unroll 1
  for (std::uint32_t j = 0; j < kFirst; ++j) {
    const std::uint32_t at = threadIdx.x + j * kSampleThreads;
    const Quad some = QuadLoader<L>::quad(TopPRing<L>::quads(0)[j * kSampleThreads]);
    const sampling::Words<One> words = noise.words(state.place.first + at);
#pragma unroll
    for (int e = 0; e < 4; ++e)
      if (words.word[e] < 0x80000000U)
        low = ::fmaxf(low, sampling::exponent<One>(sampling::candidate<One>(some.z[e]), race.from, race.c) -
                               most_log2_e(words.word[e]));
  }
  Key key = key_of_z(low);
#pragma unroll
  for (int d = kWarp / 2; d >= kRaceClasses; d /= 2) key = ::max(key, __shfl_xor_sync(full_mask, key, d));
  if (lane() < kRaceClasses) atomicMax(&state.classes[lane()], key);
  __syncthreads();
  if (threadIdx.x == 0) {
    Key least = state.classes[0];
    for (const Key of_class : state.classes) least = ::min(least, of_class);
    state.bound = least;
  }
  __syncthreads();
}

// Those tokens of a quad that may win.
__device__ __forceinline__ void put_aside(const Quad& q, const sampling::Words<One>& words, std::uint32_t quad,
                                          const Race& race, float over) {
  TopPState& state = shared<TopPState>();
  unsigned may = 0;
  float y[4];
#pragma unroll
  for (int e = 0; e < 4; ++e) {
    y[e] = sampling::exponent<One>(q.z[e], race.from, race.c);
    may |= q.z[e] > kNobody && !(static_cast<float>(words.word[e]) > about_exp2(y[e] + over)) ? 1U << e : 0;
  }
#pragma unroll 1
  for (; may != 0; may &= may - 1) {
    const auto e = static_cast<std::uint32_t>(__ffs(static_cast<int>(may)) - 1);
    const auto chosen = [e](auto a, auto b, auto c, auto d) { return e < 2 ? (e == 0 ? a : b) : e == 2 ? c : d; };
    const std::uint32_t r = chosen(words.word[0], words.word[1], words.word[2], words.word[3]);
    const float z = chosen(q.z[0], q.z[1], q.z[2], q.z[3]);
    const std::uint32_t slot = atomicAdd(&state.raced, 1U);
    if (slot < kRaced) {
      state.token[slot] = candidate(key_of_z(z), 4 * quad + e);
      state.word[slot] = r;
    }
    if (r < 0x80000000U) raise_bound(state, chosen(y[0], y[1], y[2], y[3]) - most_log2_e(r));
  }
}

// The block's tokens that may win, to the state. All threads, behind open_race() and a barrier; the ring has been opened.
template <class L>
__device__ __forceinline__ void run_race(const Noise& noise, const Race& race) {
  constexpr std::uint32_t kAtOnce = TopPRing<L>::kAtOnce, kThreads = kSampleThreads;
  TopPState& state = shared<TopPState>();
  const TopPRing<L> ring;
  const std::uint32_t spans = TopPShare<L>().spans();
  if (spans == 0) return;
  ring.wait();
  first_bound<L>(noise, race);
  float most = kNobody;
  std::uint32_t place = 0;
#pragma unroll 1
  for (std::uint32_t span = 0; span < spans; ++span) {
    ring.wait();
    const auto* const raws = ring.quads(place);
    const std::uint32_t quad = state.place.first + span * kTopPSpan + threadIdx.x;
    float z_most[kAtOnce];
#pragma unroll
    for (std::uint32_t j = 0; j < kAtOnce; ++j) {
      z_most[j] = largest(QuadLoader<L>::quad(raws[j * kThreads]));
      most = ::fmaxf(most, z_most[j]);
    }
    const sampling::Words<Fourfold> words = noise.four_words(quad, kThreads);
    // Of most quads no token may win, by the largest z and the least word of the four.
    const float over = most_over(z_of_key(*static_cast<volatile Key*>(&state.bound)));
    unsigned may = 0;
#pragma unroll
    for (std::uint32_t j = 0; j < kAtOnce; ++j) {
      const std::uint32_t least =
          ::min(::min(words.word[0].of[j], words.word[1].of[j]), ::min(words.word[2].of[j], words.word[3].of[j]));
      may |= static_cast<float>(least) > about_exp2((z_most[j] - race.from) * race.c + over) ? 0 : 1U << j;
    }
#pragma unroll 1
    for (; may != 0; may &= may - 1) {
      const auto j = static_cast<std::uint32_t>(__ffs(static_cast<int>(may)) - 1), at = quad + j * kThreads;
      put_aside(LogitRow<L>::candidates(QuadLoader<L>::quad(raws[j * kThreads])), noise.words(at), at, race, over);
    }
    __syncwarp(full_mask);  // else those who put nothing aside go ahead alone
    const std::uint32_t places = state.place.ring;
    ring.ask(span + places, place);
    place = place + 1 == places ? 0 : place + 1;
  }
  const Key most_key = __reduce_max_sync(full_mask, key_of_z(sampling::candidate<One>(most)));
  if (lane() == 0) atomicMax(&state.z_max, most_key);
}

// The winner among the block's tokens that are before state.after, to its hand; state.from is z_max, and scores are exact. Or, where the row
// is greedy, who has the largest z. Nobody is put aside, and one token is looked at after the other. As hand_records().
template <class L>
[[gnu::noinline]] __device__ void hand_winner(std::uint32_t draw) {
  TopPState& state = shared<TopPState>();
  const Candidate after = state.after;
  const TopPShare<L> share;
  const Noise noise(state.rules, draw);
  const float c = state.rules.c, from = state.from;
  const bool greedy = state.rules.greedy;
  Candidate best = 0;
  float best_z = 0, best_log2_e = 0;
#pragma unroll 1
  for (std::uint32_t quad = share.first + threadIdx.x; quad < share.end; quad += kSampleThreads) {
    const Quad q = LogitRow<L>::candidates(share.loader.load(4 * quad));
    if (greedy) {
#pragma unroll
      for (std::uint32_t e = 0; e < 4; ++e)
        if (q.z[e] > kNobody) best = ::max(best, candidate(key_of_z(q.z[e]), 4 * quad + e));
      continue;
    }
    const sampling::Words<One> words = noise.words(quad);
    const float over = most_over(z_of_key(*static_cast<volatile Key*>(&state.bound)));
#pragma unroll
    for (std::uint32_t e = 0; e < 4; ++e) {
      const std::uint32_t r = words.word[e], token = 4 * quad + e;
      const float z = q.z[e], y = sampling::exponent<One>(z, from, c);
      if (static_cast<float>(r) > about_exp2(y + over) || !(z > kNobody) || candidate(key_of_z(z), token) <= after)
        continue;
      std::uint32_t more = 0;
      if (sampling::needs_more<One>(r)) more = noise.words(quad | Noise::kAgain).word[e];
      const float log2_e = sampling::log2_exponential<One>(r, more);
      const Candidate scored = candidate(key_of_z(One::Sub(y, log2_e)), token);
      if (scored <= best) continue;
      best = scored;
      best_z = z;
      best_log2_e = log2_e;
      atomicMax(&state.bound, key_of(scored));
    }
  }
  const Candidate of_warp = warp_best(best);
  if (lane() == 0) {
    state.best[warp()] = of_warp;
    if (greedy) atomicMax(&state.z_max, ::max(key_of(of_warp), kNobodyKey));
  }
  __syncthreads();
  const Candidate of_block = warp_best(lane() < kSampleWarps ? state.best[lane()] : 0);
  if (of_block != 0 && best == of_block) {
    state.mine.token[0] = greedy ? best : candidate(key_of_z(best_z), index_of(best));
    state.mine.log2_e[0] = best_log2_e;
    state.mine.count = 1;
  }
  __syncthreads();
}

// What was put aside, to the block's hand: the records. All threads, behind a barrier; ends with one.
[[gnu::noinline]] __device__ inline void hand_records(std::uint32_t draw, Race race) {
  constexpr unsigned kLanes = 8;  // a token
  TopPState& state = shared<TopPState>();
  const Noise noise(state.rules, draw);
  const unsigned n = ::min(state.raced, std::uint32_t{kRaced});
  if (threadIdx.x < n) {
    const Candidate placed = state.token[threadIdx.x];
    const std::uint32_t r = state.word[threadIdx.x], token = index_of(placed);
    std::uint32_t more = 0;
    if (sampling::needs_more<One>(r)) more = noise.word(token, Noise::kAgain);
    const float log2_e = sampling::log2_exponential<One>(r, more);
    const float score = One::Sub(sampling::exponent<One>(z_of_key(key_of(placed)), race.from, race.c), log2_e);
    state.score[threadIdx.x] = score;
    state.word[threadIdx.x] = float_bits(log2_e);
    if (!(::fabsf(score) < __builtin_inff())) atomicOr(&state.lost, 1U);
  }
  if (threadIdx.x == 0 && state.raced > kRaced) atomicOr(&state.lost, 1U);
  __syncthreads();
  const float bound = z_of_key(state.bound);
#pragma unroll 1
  for (unsigned first = warp() * (kWarp / kLanes); first < n; first += kSampleThreads / kLanes) {
    const unsigned i = first + lane() / kLanes;
    const bool there = i < n;
    const Candidate placed = there ? state.token[i] : ~Candidate{0};
    const float score = there ? state.score[i] : 0;
    const float enough = score + race_margin(score);
    bool beaten = !there || score < bound;
#pragma unroll 1
    for (unsigned j = lane() % kLanes; j < n; j += kLanes) {
      const float other = state.score[j];
      beaten |= state.token[j] > placed && other - race_margin(other) > enough;
    }
    const unsigned ballot = __ballot_sync(full_mask, beaten) >> (lane() & ~(kLanes - 1));
    if (lane() % kLanes != 0 || (ballot & ((1U << kLanes) - 1)) != 0) continue;
    const std::uint32_t slot = atomicAdd(&state.mine.count, 1U);
    if (slot < kRecords) {
      state.mine.token[slot] = placed;
      state.mine.log2_e[slot] = bits_float(state.word[i]);
    }
  }
  __syncthreads();
}

// The hand of this block to all blocks. All threads, behind a barrier. What was written to shared memory before is seen behind it.
__device__ __forceinline__ void show_hands(unsigned turn, unsigned rank, unsigned blocks) {
  constexpr unsigned kWords = sizeof(RaceHand) / 8, kLast = kSampleThreads - 1;
  TopPState& state = shared<TopPState>();
  const unsigned side = turn & 1, to = threadIdx.x / kWords, word = threadIdx.x % kWords;
  if (threadIdx.x == 0) {
    state.mine.z_max = state.z_max;
    state.mine.bound = state.bound;
    state.mine.lost = state.lost | (state.mine.count > kRecords ? 1U : 0U);
  }
  __syncthreads();
  const auto* const from = reinterpret_cast<const std::uint64_t*>(&state.mine) + word;
  auto* const there = reinterpret_cast<std::uint64_t*>(&state.all[side][rank]) + word;
  if (blocks == 1) {
    if (to == 0) *there = *from;
    __syncthreads();
    return;
  }
  if (threadIdx.x == kLast) mbarrier_expect(&state.came[side], rank, blocks * static_cast<unsigned>(sizeof(RaceHand)));
  if (to < blocks) store_async(there, to, *from, &state.came[side]);
  mbarrier_wait(&state.came[side], turn >> 1 & 1U);
}

// From all hands the chain of those who may win, by exact scores, as far as these tell it: to what state.chained counts the next
// kVerdicts, if there are as many. By one warp; read behind a barrier.
[[gnu::noinline]] __device__ inline void link_chain(unsigned turn, unsigned blocks, float z_max, Race race) {
  constexpr int kEach = kMostTopPBlocks * kRecords / kWarp;
  TopPState& state = shared<TopPState>();
  const RaceHand* const hands = state.all[turn & 1];
  const bool alone = state.rules.greedy || turn > 0;
  // Whoever was not put aside, or is handed over by nobody, does not score more.
  const float shift = One::Mul(One::Sub(z_max, race.from), race.c);
  const bool is_block = lane() < blocks;
  const float bound = is_block ? z_of_key(hands[lane()].bound) : kNobody;
  const float others = z_of_key(__reduce_max_sync(
      full_mask, key_of_z(::fmaxf(kNobody, bound - shift + race_margin(bound) + ::fabsf(shift) * 0x1p-19F))));
  const bool lost = __any_sync(full_mask, (is_block && hands[lane()].lost != 0) || !(::fabsf(shift) < 1e30F));
  Candidate token[kEach], scored[kEach];
#pragma unroll
  for (unsigned i = 0; i < kEach; ++i) {
    const unsigned at = i * kWarp + lane(), b = at / kRecords;
    token[i] = b < blocks ? hands[b].token[at % kRecords] : 0;
    scored[i] = token[i] == 0 || state.rules.greedy
                    ? token[i]
                    : candidate(key_of_z(One::Sub(sampling::exponent<One>(z_of_key(key_of(token[i])), z_max, race.c),
                                                  hands[b].log2_e[at % kRecords])),
                                index_of(token[i]));
  }
  int links = state.chained;
  const int most = alone ? 1 : ::min(links + kVerdicts, kChain);
  Candidate last = links > 0 ? state.chain[links - 1] : 0;
  __syncwarp(full_mask);
#pragma unroll 1
  while (links < most && (alone || !lost)) {
    Candidate mine = 0, place = 0;
#pragma unroll
    for (int i = 0; i < kEach; ++i)
      if (token[i] > last && scored[i] > mine) {
        mine = scored[i];
        place = token[i];
      }
    const Candidate best = warp_best(mine);
    if (best == 0 || !(alone || z_of_key(key_of(best)) > others)) break;
    last = warp_best(mine == best ? place : 0);
    if (lane() == 0) state.chain[links] = last;
    ++links;
  }
  if (lane() == 0) state.chained = links;
}

}  // namespace topkit::cuda
