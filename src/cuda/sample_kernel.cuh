// One row of logits in a cluster of blocks, from memory to its token: read once, kept in shared memory.
//
//   load      each block a share of the row, as z                                                 (sample_share.cuh)
//   maxima    one a group of lanes, to all blocks: the row's largest z, and a bound of its k-th      (hop)
//   list      where a row keeps few: its best, to the first block, in order                       (sample_select.cuh; hop)
//   end       min-p, top-k and top-p on the list, the draw among what they keep, the outputs      (sample_list.cuh)
//
// A row that keeps more than the list holds, or that keeps all, has its draw run over the shares themselves
// (sample_race.cuh; one hop). Where a prefix ends that the list does not reach, sample_cut.cuh finds it. So any k, any p
// and any data have their exact answer.
#pragma once

#include "sample_front.cuh"
#include "sample_logprobs.cuh"
#include "sample_nucleus.cuh"

namespace topkit::cuda {

struct SampleLaunch {
  SampleArgs args;
  SampleShape shape;
};

// The largest soft-capped logit of the row and its mass by T = 1, without bias and mask, to state.raw; two hops.
template <class Share>
[[gnu::noinline]] __device__ void find_raw(int turn) {
  SampleState& state = shared<SampleState>();
  const SampleArgs& args = state.args;
  const Share share(args, state.place);
  const unsigned rank = state.place.rank, blocks = state.place.blocks;
  const auto for_unmasked = [&](auto f) {
#pragma unroll 1
    for (std::uint32_t i = threadIdx.x; i < share.count; i += kSampleThreads)
      f(share.row.unmasked(load_once(share.row.x + share.begin + i)));
  };
  Key most = 0;
  for_unmasked([&](float z) { most = ::max(most, key_of_z(z)); });
  take_best(state, candidate(most, 0));
  __syncthreads();
  say(state.hops, turn, 0, block_best(state));
  hop<1>(state.hops, turn, rank, blocks);
  const float z_max = z_of_key(::max(key_of(best_heard(state.hops, turn, blocks, 0)), kNobodyKey));
  const float scale = sampling::weight_scale(args.problem.cols);
  std::uint64_t mass = 0;
  for_unmasked([&](float z) {
    const sampling::Weight<One> w = sampling::weight<One>(sampling::exponent<One>(z, z_max, sampling::kLog2E), scale);
    mass += z > kNobody ? sampling::mass_of(w.high, w.low) : 0;
  });
  add_up(state, 0, mass);
  __syncthreads();
  say(state.hops, turn + 1, 0, block_sum(state, 0));
  hop<1>(state.hops, turn + 1, rank, blocks);
  const std::uint64_t all = sum_heard(state.hops, turn + 1, blocks, 0);
  if (threadIdx.x == 0) state.raw = {z_max, all};
}

// A row of tk_filter: what is kept, the others' place, and what is behind the row's length.
template <class Share>
[[gnu::noinline]] __device__ void write_filtered(Kept kept, std::uint64_t kept_mass) {
  SampleState& state = shared<SampleState>();
  const SampleArgs& args = state.args;
  const Share share(args, state.place);
  const bool logits = args.problem.form == FilterForm::logits;
  const float none = logits ? kNobody : 0.0F;
  const float inv_t = state.rules.inv_t, c = state.rules.c, z_max = state.z_max;
  const float log2_mass =
      kept_mass == 0 ? 0 : sampling::log2_mass<One>(kept_mass, sampling::weight_scale(args.problem.cols));
  float* const out = args.filtered.at(state.place.index);
  share.for_quads([&](std::uint32_t token, const Quad& quad) {
#pragma unroll
    for (unsigned e = 0; e < 4; ++e) {
      if (token + e >= share.begin + share.count) break;
      float value = none;
      if (kept(quad.z[e], token + e))
        value = logits ? One::Mul(quad.z[e], inv_t)
                       : sampling::exp2<One>(One::Sub(sampling::exponent<One>(quad.z[e], z_max, c), log2_mass));
      out[token + e] = value;
    }
  });
#pragma unroll 1
  for (std::int64_t i = state.place.length + state.place.rank * kSampleThreads + threadIdx.x; i < args.problem.cols;
       i += state.place.blocks * kSampleThreads)
    out[i] = none;
}

// A row without candidates.
template <class L, class Share>
[[gnu::noinline]] __device__ void write_nobody() {
  SampleState& state = shared<SampleState>();
  const SampleProblem& p = state.args.problem;
  __syncthreads();
  if (p.op == SampleOp::filter) return write_filtered<Share>({~Candidate{0}, 0, 0, 0}, 0);
  if (state.place.rank != 0) return;
  for (std::int64_t j = 0; j < p.draws; ++j) write_draw<L>(j, {0, 0, 0});
  write_list(state, nullptr, 0, 0);
}

// The kept of a row that its list does not tell: draws over the shares, or the filtered row.
template <class L, class Share>
[[gnu::noinline]] __device__ void over_shares(int turn) {
  SampleState& state = shared<SampleState>();
  const SampleArgs& args = state.args;
  const Candidate* const list = SampleRoom(state.shape).sorted;
  const SampleProblem& p = args.problem;
  const unsigned rank = state.place.rank, blocks = state.place.blocks;
  const bool filters = p.op == SampleOp::filter;
  const bool sums = filters
                        ? p.form == FilterForm::probabilities
                        : (p.wants_logprobs && p.logprob_of == LogprobOf::processed) || p.listed > 0 || p.wants_kept;
  if (sums) add_kept<Share>(state.kept, state.rules.c, 1);
  const std::int64_t draws = filters ? 1 : p.draws;
#pragma unroll 1
  for (std::int64_t j = 0; j < draws; ++j, ++turn) {
    if (!filters) {
      if (threadIdx.x == 0) state.race = 0;
      __syncthreads();
      take_best(state, race<Share>(args.draw + static_cast<std::uint32_t>(j)));
    }
    __syncthreads();
    say(state.hops, turn, 0, filters ? 0 : block_best(state));
    say(state.hops, turn, 1, sums ? block_sum(state, 1) : 0);
    say(state.hops, turn, 2, sums ? block_sum(state, 2) : 0);
    hop<3>(state.hops, turn, rank, blocks);
    const std::uint64_t kept_mass = sum_heard(state.hops, turn, blocks, 1);
    if (filters) return write_filtered<Share>(state.kept, kept_mass);
    if (rank != 0) continue;
    const auto count = static_cast<std::int64_t>(sum_heard(state.hops, turn, blocks, 2));
    write_draw<L>(j, {best_heard(state.hops, turn, blocks, 0), kept_mass, count});
    if (j == 0) write_list(state, list, count, kept_mass);
  }
}

// Where the kept end, by what the whole row says: any k, any p. To state.kept; one hop where p limits.
template <class Share>
[[gnu::noinline]] __device__ void find_kept(int turn) {
  SampleState& state = shared<SampleState>();
  const SampleArgs& args = state.args;
  const SampleProblem& p = args.problem;
  const sampling::Rules& rules = state.rules;
  Candidate cut = 0;
  if (rules.k > 0 && rules.k < state.place.length)
    cut = cut_of_count<Share, false>(static_cast<std::uint64_t>(rules.k));
  if (rules.p < sampling::kWhole) {
    add_kept<Share>({p.top_p_of == TopPOf::all ? 0 : cut, state.z_max, rules.c_filter,
                     p.top_p_of == TopPOf::kept ? rules.least_y : kNobody},
                    rules.c_filter, 0);
    __syncthreads();
    say(state.hops, turn, 0, block_sum(state, 0));
    hop<1>(state.hops, turn, state.place.rank, state.place.blocks);
    const std::uint64_t whole = sum_heard(state.hops, turn, state.place.blocks, 0);
    const std::uint64_t limit = sampling::limit_of(rules.p, whole, p.top_p_inclusive);
    cut = ::max(cut, cut_of_mass<Share>(::max(limit, std::uint64_t{1})));
  }
  if (threadIdx.x == 0) state.kept.cut = cut;
  __syncthreads();
}

// By the first block: what all have handed over, and what it tells of the row. Returns whether that is all. All threads.
template <class L>
[[gnu::noinline]] __device__ bool end_row(int wanted, bool sure, bool guess) {
  SampleState& state = shared<SampleState>();
  const SampleRoom room(state.shape);
  const int count = take_over(state, room, wanted);
  const unsigned blocks = state.place.blocks;
  const std::uint64_t raw = warp_sum(lane() < blocks ? state.raw_from[lane()] : 0);
  const std::uint64_t whole = warp_sum(lane() < blocks ? state.whole_from[lane()] : 0);
  if (threadIdx.x == 0 && raw != 0) state.raw.mass = raw;  // 0: find_raw() told it, or nobody asks
  if (wanted == 0) {
    __syncthreads();
    return false;
  }
  weigh_list(state, room.dense, room.sorted, count, wanted);
  if (!sure && !guess) return false;
  return end_list<L>(state, room.dense, room.sorted, count, wanted, sure || count < wanted, whole);
}

// One row by the blocks of a cluster, whose handshake has begun, or by one block. All threads.
template <class L, bool kResident>
__device__ __forceinline__ void sample_row(const SampleArgs& args, const SampleShape& shape, std::int64_t index) {
  using Share = TokenShare<L, kResident>;
  const SampleProblem& p = args.problem;
  SampleState& state = shared<SampleState>();
  const SamplePlace place = place_of<L>(args, shape, index);
  const unsigned rank = place.rank;
  if (threadIdx.x == kWarp) state.rules = sampling::rules_of<One>(args, place.index);
  if (threadIdx.x == 2 * kWarp) state.place = place;
  remember(args, shape);
  const float most = Share(args, place).load();
  grid_launch_dependents();
  const Key key = best_of_row(shape, place, most, [&] {
    if constexpr (!kResident)
      if (p.op == SampleOp::logprobs) look_up<L>(args, place);
  });
  if (threadIdx.x == 0) {
    state.raw = {state.z_max, 0};
    state.kept = {0, state.z_max, state.rules.c_filter, state.rules.least_y};
  }
  if constexpr (!kResident)
    if (p.op == SampleOp::logprobs) return logprobs_row<L, Share>(key > kNobodyKey, most);
  if (key <= kNobodyKey) return write_nobody<L, Share>();

  const bool wants_raw = p.op == SampleOp::sample && p.wants_logprobs && p.logprob_of == LogprobOf::raw;
  const bool apart = wants_raw && (p.has_bias || p.has_mask);
  int turn = 0;
  if (apart) {
    __syncthreads();
    find_raw<Share>(turn);
    turn += 2;
  }

  // How long a list of the best is worth having, and whether it surely has all that is kept.
  const std::int64_t k = state.rules.k;
  const bool all_k = k == 0 || k >= place.length, limited = state.rules.p < sampling::kWhole;
  const bool sure = !all_k && k <= kSampleMostListed, guess = all_k && limited;
  if constexpr (kResident)
    if (tells_tokens(p) && (all_k ? limited : !sure && !limited))
      return race_for_kept<L, Share>(turn, wants_raw && !apart);
  const int wanted = sure    ? static_cast<int>(k)
                     : guess ? kSampleMostListed
                             : static_cast<int>(::min(p.listed, std::int64_t{kSampleMostListed}));
  const bool sums_whole = limited && (guess || p.top_p_of == TopPOf::all);
  const bool sums_raw = wants_raw && !apart;
  if (wanted > 0) hand_best<Share>(wanted, most);
  if (wanted > 0 || sums_raw) {
    if (sums_whole || sums_raw) {
      __syncthreads();
      if (!sums_whole) {
        add_up(state, 0, 0);
      } else if (p.top_p_of == TopPOf::kept) {
        add_weighty<Share>(state.rules.c_filter, state.rules.least_y, 0);
      } else {
        add_all<Share>(state.rules.c_filter, 0);
      }
      if (sums_raw) {
        add_all<Share>(sampling::kLog2E, 1);
      } else {
        add_up(state, 1, 0);
      }
      __syncthreads();
    }
    hand_sums(state, sums_whole || sums_raw);
    bool told = false;
    if (rank == 0) told = end_row<L>(wanted, sure, guess);
    if (sure && p.op == SampleOp::sample) return;
    if (wanted > 0) {
      // The others must know whether the list told all.
      if (threadIdx.x == 0 && told) {
        say(state.hops, turn, 0, SampleRoom(shape).sorted[state.kept_count - 1]);
        say(state.hops, turn, 1, state.kept_mass);
      } else if (threadIdx.x == 0) {
        say(state.hops, turn, 0, 0);
        say(state.hops, turn, 1, 0);
      }
      hop<2>(state.hops, turn, rank, place.blocks);
      const Candidate cut = heard(state.hops, turn, 0, 0);
      if (cut != 0) {
        if (p.op == SampleOp::sample) return;
        return write_filtered<Share>({cut, state.z_max, state.rules.c_filter, state.rules.least_y},
                                     heard(state.hops, turn, 0, 1));
      }
      ++turn;
    }
  }
  __syncthreads();
  // Hops are numbered without a gap: one that nobody made would leave its barrier a phase behind.
  if (limited || !all_k) find_kept<Share>(turn);
  if (limited) ++turn;
  over_shares<L, Share>(turn);
}

template <class L, bool kResident>
__global__ void __launch_bounds__(kSampleThreads, 1) sample_kernel(const __grid_constant__ SampleLaunch a) {
  const SampleShape& shape = a.shape;
  open_state(shape);
  const std::int64_t row = shape.first_row + (blockIdx.x >> shape.log_blocks);
  // What a row asks was there before the kernel that has drawn the others, which lets this one begin when it has waited itself; what
  // topk wrote down was not.
  const bool late = shape.given.values != nullptr;
  bool answered = shape.unlisted && !late && is_answered<L>(a.args, shape.given, row);
  grid_dependency_wait();
  if (shape.unlisted && late) answered = is_answered<L>(a.args, shape.given, row);
  if (answered) {
    if (shape.log_blocks > 0) cluster_wait();
    return;
  }
  sample_row<L, kResident>(a.args, shape, row);
}

}  // namespace topkit::cuda
