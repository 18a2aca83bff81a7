// Draws among the beginning of a row's order that its filters keep, without looking for its end: the race is run among all tokens, and
// who wins it is asked for his place, by what is before him. A winner behind the end is no token of the row, and nor is anyone behind
// him: the race is run again among those before. One race in 1 / p and a little; for any k, p and min-p.
//
// It tells the token, and neither how many are kept nor their mass: over_shares() of sample_kernel.cuh does that.
// After the dual pivots of FlashInfer's top-p sampling (2024), here with a noise that stays each token's own, so that the token is
// the one that wins among the kept.
#pragma once

#include "sample_list.cuh"
#include "sample_mass.cuh"

namespace topkit::cuda {

// By all blocks, behind best_of_row(), with state.kept without a cut. raw: logprobs ask for the mass of the whole row.
template <class L, class Share>
[[gnu::noinline]] __device__ void race_for_kept(int turn, bool raw) {
  SampleState& state = shared<SampleState>();
  const SampleArgs& args = state.args;
  const SampleProblem& p = args.problem;
  const sampling::Rules& rules = state.rules;
  const unsigned rank = state.place.rank, blocks = state.place.blocks;
  const bool limited = rules.p < sampling::kWhole;
  const auto k = static_cast<std::uint64_t>(rules.k > 0 ? rules.k : state.place.length);
  __syncthreads();
  if (!limited) {
    add_up(state, 0, 0);
  } else if (p.top_p_of == TopPOf::kept && rules.least_y > kNobody) {
    add_weighty<Share>(rules.c_filter, rules.least_y, 0);
  } else {
    add_all<Share>(rules.c_filter, 0);
  }
  if (raw) {
    add_all<Share>(sampling::kLog2E, 1);
  } else {
    add_up(state, 1, 0);
  }
  std::uint64_t limit = 0;
  Candidate inside = ~Candidate{0};  // it and all before it are kept
#pragma unroll 1
  for (std::int64_t j = 0; j < p.draws;) {
    if (threadIdx.x == 0) state.race = 0;
    __syncthreads();
    const bool first = limit == 0;
    const std::uint64_t whole = first ? block_sum(state, 0) : 0, all = first ? block_sum(state, 1) : 0;
    take_best(state, race<Share>(args.draw + static_cast<std::uint32_t>(j)));
    __syncthreads();
    say(state.hops, turn, 0, block_best(state));
    say(state.hops, turn, 1, whole);
    say(state.hops, turn, 2, all);
    hop<3>(state.hops, turn, rank, blocks);
    const Candidate won = best_heard(state.hops, turn, blocks, 0);
    if (first) {
      limit = ::max(sampling::limit_of(rules.p, sum_heard(state.hops, turn, blocks, 1), p.top_p_inclusive),
                    std::uint64_t{1});
      const std::uint64_t mass = sum_heard(state.hops, turn, blocks, 2);
      if (threadIdx.x == 0 && raw) state.raw.mass = mass;
    }
    ++turn;
    const LogitRow<L> logits(args, state.place);
    const Candidate winner =
        candidate(key_of_z(logits.z(load_once(logits.x + index_of(won)), index_of(won))), index_of(won));
    if (winner < inside) {
      const std::uint32_t before = add_before<Share>(winner, rules.c_filter, 0);
      add_up(state, 1, before);
      __syncthreads();
      say(state.hops, turn, 0, block_sum(state, 0));
      say(state.hops, turn, 1, block_sum(state, 1));
      hop<2>(state.hops, turn, rank, blocks);
      const std::uint64_t mass = sum_heard(state.hops, turn, blocks, 0), count = sum_heard(state.hops, turn, blocks, 1);
      ++turn;
      if (count >= k || (limited && mass >= limit)) {
        if (threadIdx.x == 0) state.kept.cut = winner + 1;
        continue;
      }
      inside = winner;
    }
    if (rank == 0) write_draw<L>(j, {won, 0, 0});
    ++j;
  }
}

}  // namespace topkit::cuda
