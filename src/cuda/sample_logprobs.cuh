// A row of topn_logprobs: the best tokens, a token's place, and what all of them weigh.
#pragma once

#include "sample_list.cuh"
#include "sample_mass.cuh"
#include "sample_select.cuh"

namespace topkit::cuda {

// z of a token; NaN where it is not one of the row.
template <class L>
[[gnu::noinline]] __device__ float z_of_token(std::int64_t id) {
  const SampleState& state = shared<SampleState>();
  const LogitRow<L> row(state.args, state.place);
  if (id < 0 || id >= state.place.length) return __builtin_nanf("");
  return row.z(load_once(row.x + id), static_cast<std::uint32_t>(id));
}

// any: the row has a candidate. All blocks; their maxima are known.
template <class L, class Share>
[[gnu::noinline]] __device__ void logprobs_row(bool any) {
  SampleState& state = shared<SampleState>();
  const SampleArgs& args = state.args;
  const std::int64_t index = state.place.index;
  const bool looks = args.token_logprobs.data != nullptr || args.token_ranks.data != nullptr;
  if (looks && threadIdx.x == kWarp) state.token_z = z_of_token<L>(args.tokens_in[index]);
  const auto wanted = any ? static_cast<int>(args.listed(index)) : 0;
  __syncthreads();
  if (wanted > 0) hand_best<Share>(wanted);
  __syncthreads();
  if (any) {
    add_all<Share>(state.rules.c, 0);
  } else {
    add_up(state, 0, 0);
  }
  std::uint32_t above = 0;
  if (looks) {
    const float token_z = state.token_z;
    Share(args, state.place).for_quads([&](std::uint32_t, const Quad& quad) {
#pragma unroll
      for (int e = 0; e < 4; ++e) above += quad.z[e] > token_z ? 1 : 0;
    });
  }
  add_up(state, 1, above);
  __syncthreads();
  hand_sums(state, true);
  if (state.place.rank != 0) return;

  const SampleRoom room(state.shape);
  int count = take_over(state, room, wanted);
  const unsigned blocks = state.place.blocks;
  const std::uint64_t mass = warp_sum(lane() < blocks ? state.whole_from[lane()] : 0);
  above = static_cast<std::uint32_t>(warp_sum(lane() < blocks ? state.raw_from[lane()] : 0));
  if (wanted > 0)
    rank_and_emit<kSampleThreads>(room.dense, room.dense, count, wanted, Order::value,
                                  [&](int place, Candidate c) { room.sorted[place] = c; });
  __syncthreads();
  count = ::min(count, wanted);
  const float log2_mass = any ? sampling::log2_mass<One>(mass, sampling::weight_scale(args.problem.cols)) : 0;
  const auto logprob = [&](float z) {
    return any ? sampling::logprob_of<One>(sampling::exponent<One>(z, state.z_max, state.rules.c), log2_mass) : kNobody;
  };
#pragma unroll 1
  for (int j = static_cast<int>(threadIdx.x); j < args.problem.listed; j += kSampleThreads) {
    const Candidate c = j < count ? room.sorted[j] : 0;
    if (args.ids.data != nullptr) args.ids.put(index, j, j < count ? std::int64_t{index_of(c)} : -1);
    if (args.id_logprobs.data != nullptr)
      *args.id_logprobs.at(index, j) = j < count ? logprob(z_of_key(key_of(c))) : kNobody;
  }
  if (args.probe_logprobs.data != nullptr) {
#pragma unroll 1
    for (std::int64_t j = threadIdx.x; j < args.problem.probes; j += kSampleThreads) {
      const float z = z_of_token<L>(args.probes.at(index, j));
      *args.probe_logprobs.at(index, j) = z == z ? logprob(z) : z;
    }
  }
  if (threadIdx.x == kWarp && looks) {
    const float z = state.token_z;
    if (args.token_logprobs.data != nullptr) *args.token_logprobs.at(index) = z == z ? logprob(z) : z;
    if (args.token_ranks.data != nullptr)
      *args.token_ranks.at(index) = z == z ? static_cast<std::int32_t>(above) + 1 : 0;
  }
  if (threadIdx.x == 0 && args.logsumexp.data != nullptr)
    *args.logsumexp.at(index) = any ? sampling::logsumexp_of<One>(state.z_max, state.rules.inv_t, log2_mass) : kNobody;
}

}  // namespace topkit::cuda
