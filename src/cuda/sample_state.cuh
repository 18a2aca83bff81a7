// What the blocks of a cluster know of their row while they sample it, in shared memory, and how a block adds up.
#pragma once

#include "../sampling/rules.hpp"
#include "compact.cuh"
#include "kth.cuh"
#include "sample_hop.cuh"
#include "sample_share.cuh"
#include "warp_best.cuh"

namespace topkit::cuda {

inline constexpr int kSampleWarps = kSampleThreads / kWarp;
inline constexpr int kCutBins = 512;

struct CutState {
  std::uint32_t low[kCutBins], high[kCutBins];  // 64-bit sums in two words
  std::uint64_t through[kSampleWarps];          // of warps of bins
  std::uint64_t above;                          // measure of what is above the crossing bin
  int bin;
  Key least, most;  // of this block's keys in the bin
  Key all_least[kMostSampleBlocks], all_most[kMostSampleBlocks];
  std::uint32_t equal[kMostSampleBlocks];
  std::uint32_t warps[kSampleWarps];
  Candidate cut;
};

// What the first block knows of each candidate of the list, at the candidate's place in it.
struct ListState {
  std::uint64_t mass[kSampleRanked], before[kSampleRanked];  // its own, and that of better ones; by the filters' c
  Candidate score[kSampleRanked];                            // in the first draw
  std::uint32_t place[kSampleRanked];                        // in the order
};

// Of the whole row, by T = 1 and without bias and mask: what raw logprobs are measured against.
struct RawRow {
  float z_max;
  std::uint64_t mass;
};

// What is kept: tokens not behind `cut` in the order, that min-p does not drop.
struct Kept {
  Candidate cut;
  float z_max, c, least_y;
  __device__ bool operator()(float z, std::uint32_t token) const {
    return z > kNobody && candidate(key_of_z(z), token) >= cut && sampling::exponent<One>(z, z_max, c) >= least_y;
  }
};

// Whatever runs behind a call finds it here: shared<SampleState>() is addressed as shared memory, where a reference that is
// handed over, or one to the launch's arguments, would be a generic address (the arguments': a miss of the cache).
struct SampleState {
  SampleArgs args;
  SampleShape shape;
  SamplePlace place;
  HopState hops;
  RawRow raw;
  Kept kept;
  float z_max;
  float token_z;            // topn_logprobs: of the token that is looked up; NaN: there is none
  int kept_count;           // of the list
  std::uint64_t kept_mass;  // of these, by the draw's c
  Mbarrier maxima_came, candidates_came;
  alignas(16) Key maxima[kSampleThreads];
  Key bound;
  std::uint32_t passed;
  std::uint32_t race;  // ordered bits of a score that some kept token of this block reaches
  // From each block, to the first.
  std::uint32_t counts[kMostSampleBlocks];
  std::uint64_t whole_from[kMostSampleBlocks], raw_from[kMostSampleBlocks];
  sampling::Rules rules;
  std::uint64_t sums[3][kSampleWarps];
  Candidate best[kSampleWarps];
  CompactState compact;
  union {  // the list is done before a cut over the shares begins
    ListState list;
    CutState cut;
  };
};
static_assert(sizeof(SampleState) <= kSampleStatic - 1024);

// The sum over the warp, in every lane.
__device__ inline std::uint64_t warp_sum(std::uint64_t mine) {
  constexpr unsigned kPart = 0xFFFFFF;  // 32 of them fit a word
  const std::uint64_t low = __reduce_add_sync(full_mask, static_cast<unsigned>(mine) & kPart);
  const std::uint64_t middle = __reduce_add_sync(full_mask, static_cast<unsigned>(mine >> 24) & kPart);
  const std::uint64_t high = __reduce_add_sync(full_mask, static_cast<unsigned>(mine >> 48));
  return (high << 48) + (middle << 24) + low;
}

// All threads hand in a number; behind a barrier block_sum(), by whole warps, is the sum.
__device__ inline void add_up(SampleState& s, int what, std::uint64_t mine) {
  mine = warp_sum(mine);
  if (lane() == 0) s.sums[what][warp()] = mine;
}
__device__ inline std::uint64_t block_sum(const SampleState& s, int what) {
  return warp_sum(lane() < kSampleWarps ? s.sums[what][lane()] : 0);
}

// The same for the best candidate.
__device__ inline void take_best(SampleState& s, Candidate mine) {
  mine = warp_best(mine);
  if (lane() == 0) s.best[warp()] = mine;
}
__device__ inline Candidate block_best(const SampleState& s) {
  return warp_best(lane() < kSampleWarps ? s.best[lane()] : 0);
}

// Over all blocks, what each said in a hop.
__device__ inline std::uint64_t sum_heard(const HopState& s, int turn, unsigned blocks, int word) {
  return warp_sum(lane() < blocks ? heard(s, turn, lane(), word) : 0);
}
__device__ inline std::uint64_t best_heard(const HopState& s, int turn, unsigned blocks, int word) {
  return warp_best(lane() < blocks ? heard(s, turn, lane(), word) : 0);
}

}  // namespace topkit::cuda
