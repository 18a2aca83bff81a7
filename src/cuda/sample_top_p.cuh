// A token of every row's nucleus, without looking for the nucleus' end: who wins the race among all tokens is asked for his place,
// by what weighs before him. That is less than p of all, or he is no token of the row, and the next is asked of those who would
// win without him and all behind him.
//
//   race      each block a share of the row, through a ring of spans in shared memory; tokens of the best scores are put aside, and
//             the records among them go to all blocks: in the order of the row, nobody before a record has a better score    (hop)
//   chain     the records of all, by exact scores: the winner, the winner among those before him, and so on
//   verdict   what weighs before the first two of the chain, and all; from the end of the row in shared memory, and for the
//             rest once more from memory: roughly, and where that does not tell, exactly                                     (hop)
//
// Of a chain that ends without a verdict for, and where more tokens come than are put aside, another race is run: by exact
// scores, among the tokens before the last of the chain, of which the winner alone is kept. So any p and any data have their answer.
//
// Passes over memory: one, and a second for what shared memory does not hold. After the dual pivots of FlashInfer's top-p
// sampling (2024), here with a noise that stays each token's own, so that the token is the one that wins among the kept.
#pragma once

#include "sample_top_p_mass.cuh"
#include "sample_top_p_race.cuh"

namespace topkit::cuda {

struct SampleTopPLaunch {
  SampleArgs args;
  int log_blocks;
  std::int64_t first_row;
  std::uint32_t ring;  // spans of a block in shared memory
};

// sm_80's code spills where two blocks share a multiprocessor.
template <class L>
__global__ void __launch_bounds__(kSampleThreads, kArch >= 900 ? 2 : 1)
    sample_top_p_kernel(const __grid_constant__ SampleTopPLaunch a) {
  constexpr unsigned kLast = kSampleThreads - 1;
  const SampleArgs& args = a.args;
  const unsigned blocks = 1U << a.log_blocks;
  TopPState& state = shared<TopPState>();
  if (threadIdx.x == kLast) {
    mbarrier_init(&state.came[0], 1);
    mbarrier_init(&state.came[1], 1);
    start_hops(state.hops);
    mbarrier_publish();
  }
  __syncwarp(full_mask);
  if (blocks > 1) cluster_arrive_relaxed();
  grid_dependency_wait();
  const auto index_of_row = [&] { return a.first_row + (blockIdx.x >> a.log_blocks); };
  const std::int64_t index = index_of_row();
  const auto x_of_row = [&] {
    return static_cast<const typename L::Raw*>(args.x) + args.x_row(index) * args.problem.row_stride;
  };
  if (threadIdx.x == kWarp) state.rules = sampling::rules_of<One>(args, index);
  if (threadIdx.x == 2 * kWarp) {
    const unsigned rank = blocks == 1 ? 0 : cluster_rank();
    const auto length = static_cast<std::uint32_t>(args.length(index));
    const std::uint32_t quads = (length + 3) / 4, each = (quads + blocks - 1) >> a.log_blocks,
                        first = ::min(rank * each, quads);
    const QuadLoader<L> loader(x_of_row(), length);
    const std::uint32_t end = ::min(first + each, quads);
    state.place = {loader.x, length, first, end, loader.aligned ? ::min(end, length / 4) : 0, a.ring, rank, each};
    state.after = 0;
    state.turn = 0;
    state.round = 0;
  }
  float z = 0;
  if (threadIdx.x == 3 * kWarp && args.length(index) > 0) z = sampling::candidate<One>(L::value(load_once(x_of_row())));
  __syncthreads();
  if (!state.rules.greedy) TopPRing<L>().open();
  if (threadIdx.x == 3 * kWarp) state.from = ::fabsf(z) <= 1e6F ? z : 0;
  const auto end = [&](Candidate token) {
    if (state.place.rank != 0 || threadIdx.x != 0) return;
    const std::int64_t row = index_of_row();
    if (args.tokens.data != nullptr) args.tokens.put(row, 0, token != 0 ? std::int64_t{index_of(token)} : 0);
    if (args.valid.data != nullptr) *args.valid.at(row) = token != 0 ? 1 : 0;
  };
#pragma unroll 1
  for (;;) {
    __syncthreads();
    const sampling::Rules& rules = state.rules;
    open_race(state);
    __syncthreads();
    if (rules.greedy || state.round > 0) {
      hand_winner<L>(args.draw);
    } else {
      const Race race{rules.c, state.from};
      run_race<L>(Noise(rules, args.draw), race);
      __syncthreads();
      hand_records(args.draw, race);
    }
    // From shared memory, for no thread has a register left for it in a race.
    const unsigned round = state.round;
    const float from = state.from;
    if (round == 0 && blocks > 1) cluster_wait();
    show_hands(round, state.place.rank, blocks);
    if (round == 0) grid_launch_dependents();
    const Key key = __reduce_max_sync(full_mask, lane() < blocks ? state.all[round & 1][lane()].z_max : 0);
    if (round == 0 && key <= kNobodyKey) return end(0);
    const float z_max = round == 0 ? z_of_key(key) : from;
    const float c = rules.c_filter, p = static_cast<float>(rules.p) * 0x1p-32F;
    int links = 0;
#pragma unroll 1
    for (int link = 0;; link = links) {
      if (warp() == 0) link_chain(round, blocks, z_max, {rules.c, from});
      __syncthreads();
      links = state.chained;
      if (links == link) break;
      if (rules.p == sampling::kWhole) return end(state.chain[0]);
      Edge edges[kVerdicts];
      for (int i = 0; i < kVerdicts && link + i < links; ++i) edges[i] = Edge(state.chain[link + i]);
      add_roughly<L>(z_max, c, edges);
      const Rough rough = Rough::of_row(blocks);
#pragma unroll
      for (int i = 0; i < kVerdicts; ++i) {
        if (link + i >= links) break;
        const Candidate token = state.chain[link + i];
        const float limit = p * rough.all, before = rough.before[i],
                    ties = 3 * about_exp2((edges[i].reach - z_max) * c),
                    error = rough_error(before, limit, ties, z_max * c, state.place.most, args.problem.cols);
        const bool in = limit > before + error, out = limit < before - error;
        if (in || (!out && is_kept<L>(z_max, token, args.problem.cols, args.problem.top_p_inclusive, blocks)))
          return end(token);
      }
    }
    if (threadIdx.x == 0) {
      state.from = z_max;
      state.round = round + 1;
      if (links > 0) state.after = state.chain[links - 1];
    }
  }
}

}  // namespace topkit::cuda
