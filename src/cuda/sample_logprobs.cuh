// A row of topn_logprobs: the best tokens, a token's place, and what all of them weigh.
#pragma once

#include "sample_list.cuh"
#include "sample_mass.cuh"
#include "sample_select.cuh"

namespace topkit::cuda {

inline constexpr float kUnasked = __builtin_inff();  // z of no token: none is above it

// z of a token; NaN where it is not one of the row, which begins at x.
template <class L>
[[gnu::noinline]] __device__ float z_of_token(const SampleArgs& args, const void* x, std::uint32_t length,
                                              std::int64_t index, std::int64_t id) {
  if (id < 0 || id >= length) return __builtin_nanf("");
  return processed_logit(args, index, L::value(load_once(static_cast<const typename L::Raw*>(x) + id)),
                         static_cast<std::uint32_t>(id));
}

// The token that is looked up, to the state; known behind a barrier. All threads.
template <class L>
__device__ __forceinline__ void look_up(const SampleArgs& args, const SamplePlace& place) {
  if (looks_up(args) && threadIdx.x == kWarp)
    shared<SampleState>().token_z =
        z_of_token<L>(args, place.x, place.length, place.index, args.tokens_in[place.index]);
}

// any: the row has a candidate; most: the thread's largest z. All threads of all blocks, behind best_of_row() and look_up().
template <class L, class Share>
[[gnu::noinline]] __device__ void logprobs_row(bool any, float most) {
  SampleState& state = shared<SampleState>();
  const SampleArgs& args = state.args;
  const std::int64_t index = state.place.index;
  const bool looks = looks_up(args);
  const auto wanted = any ? static_cast<int>(args.listed(index)) : 0;
  __syncthreads();
  if (wanted > 0) hand_best<Share>(wanted, most);
  std::uint32_t above = 0;
  if (any) {
    above = add_tiles<Share>(state.rules.c, 0, looks ? state.token_z : kUnasked);
  } else {
    add_up(state, 0, 0);
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
      const float z = z_of_token<L>(args, state.place.x, state.place.length, index, args.probes.at(index, j));
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
