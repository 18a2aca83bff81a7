// The end of a row whose best are known in their order: what min-p, top-k and top-p keep of them, the draws among these, and the
// outputs. By one warp, a candidate a lane: each filter keeps a beginning of the order, so that ballots count what is kept
// and one scan tells all masses.
#pragma once

#include "sample_race.cuh"

namespace topkit::cuda {

// In the shared memory of the warp.
struct EndRoom {
  sampling::Rules rules;
  Candidate sorted[kSampleMostListed];      // z and token, best first
  std::uint32_t from[kSampleMostListed];    // where each was before it was in order
  std::uint64_t before[kSampleMostListed];  // mass of better ones, by the filters' c
};

// How many are kept, and their mass by the draw's c where somebody asks for it.
struct KeptOf {
  int count;
  std::uint64_t mass;
};

__device__ __forceinline__ std::uint64_t mass_of_z(float z, float z_max, float c, float scale) {
  const auto w = sampling::weight<One>(sampling::exponent<One>(z, z_max, c), scale);
  return sampling::mass_of(w.high, w.low);
}

// Of the first `wanted` in room.sorted; who is no candidate comes last there. z_max is the first's.
__device__ __forceinline__ KeptOf keep_beginning(const SampleProblem& p, float z_max, EndRoom& room, int wanted) {
  const sampling::Rules& rules = room.rules;
  const bool limited = rules.p < sampling::kWhole, asks = p.wants_logprobs || p.listed > 0;
  const float scale = sampling::weight_scale(p.cols), c = rules.c_filter;
  const auto id = static_cast<int>(lane());
  int weighty = 0;
  std::uint64_t all = 0, weighty_mass = 0;
#pragma unroll 1
  for (int first = 0; first < wanted; first += kWarp) {
    const int i = first + id;
    const float z = i < wanted ? z_of_key(key_of(room.sorted[i])) : kNobody;
    const bool number = z > kNobody;
    const int many = __popc(__ballot_sync(full_mask, number && sampling::exponent<One>(z, z_max, c) >= rules.least_y));
    if (limited || asks) {
      const std::uint64_t mass = number ? mass_of_z(z, z_max, c, scale) : 0;
      std::uint64_t through = mass;
#pragma unroll
      for (int d = 1; d < kWarp; d *= 2) {
        const std::uint64_t other = __shfl_up_sync(full_mask, through, static_cast<unsigned>(d));
        if (id >= d) through += other;
      }
      if (i < wanted) room.before[i] = all + through - mass;
      if (many > 0) weighty_mass = all + __shfl_sync(full_mask, through, many - 1);
      all += __shfl_sync(full_mask, through, kWarp - 1);
    }
    weighty += many;
  }
  KeptOf kept{weighty, weighty_mass};
  __syncwarp(full_mask);
  if (limited && weighty > 0) {
    const std::uint64_t limit =
        sampling::limit_of(rules.p, p.top_p_of == TopPOf::kept ? weighty_mass : all, p.top_p_inclusive);
    kept.count = 0;
#pragma unroll 1
    for (int first = 0; first < weighty; first += kWarp) {
      const int i = first + id;
      kept.count += __popc(__ballot_sync(full_mask, i < weighty && (i == 0 || room.before[i] < limit)));
    }
    if (kept.count < weighty) kept.mass = room.before[kept.count];
  }
  if (p.temperature_last && asks) {
    std::uint64_t mass = 0;
#pragma unroll 1
    for (int i = id; i < kept.count; i += kWarp)
      mass += mass_of_z(z_of_key(key_of(room.sorted[i])), z_max, rules.c, scale);
    kept.mass = warp_sum(mass);
  }
  return kept;
}

// The outputs of a row. scores: of the first draw, where the candidates were before; null: there are none yet.
__device__ __forceinline__ void end_in_order(const SampleArgs& args, std::int64_t row, float z_max, EndRoom& room,
                                             int wanted, const Candidate* scores) {
  const SampleProblem& p = args.problem;
  const sampling::Rules& rules = room.rules;
  const KeptOf kept = keep_beginning(p, z_max, room, wanted);
  const auto id = static_cast<int>(lane());
  const bool processed = p.wants_logprobs && kept.count > 0;
  const float log2_mass = processed || (p.listed > 0 && kept.count > 0)
                              ? sampling::log2_mass<One>(kept.mass, sampling::weight_scale(p.cols))
                              : 0;
  const auto logprob = [&](float z) {
    return sampling::logprob_of<One>(sampling::exponent<One>(z, z_max, rules.c), log2_mass);
  };
#pragma unroll 1
  for (std::int64_t j = 0; j < p.draws; ++j) {
    const Noise noise(rules, args.draw + static_cast<std::uint32_t>(j));
    Candidate best = 0;
    float z = kNobody;
#pragma unroll 1
    for (int i = id; i < kept.count; i += kWarp) {
      const float mine = z_of_key(key_of(room.sorted[i]));
      const Candidate score = scores != nullptr && j == 0 ? scores[room.from[i]]
                                                          : noise.score(sampling::exponent<One>(mine, z_max, rules.c),
                                                                        index_of(room.sorted[i]));
      if (score > best) {
        best = score;
        z = mine;
      }
    }
    const Candidate winner = warp_best(best);
    if (winner == 0 ? id != 0 : winner != best) continue;
    if (args.tokens.data != nullptr) args.tokens.put(row, j, winner != 0 ? std::int64_t{index_of(winner)} : 0);
    if (args.logprobs.data != nullptr) *args.logprobs.at(row, j) = winner != 0 ? logprob(z) : kNobody;
  }
  if (id == 0) {
    if (args.kept.data != nullptr) *args.kept.at(row) = kept.count;
    if (args.valid.data != nullptr) *args.valid.at(row) = kept.count > 0 ? 1 : 0;
  }
#pragma unroll 1
  for (std::int64_t j = id; j < p.listed; j += kWarp) {
    const bool there = j < kept.count;
    if (args.candidates.data != nullptr)
      args.candidates.put(row, j, there ? std::int64_t{index_of(room.sorted[j])} : -1);
    if (args.candidate_logprobs.data != nullptr)
      *args.candidate_logprobs.at(row, j) = there ? logprob(z_of_key(key_of(room.sorted[j]))) : kNobody;
  }
}

}  // namespace topkit::cuda
