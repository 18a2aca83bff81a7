// Log-probabilities of a row in the registers of a cluster of blocks, read once: the front of topk's cluster kernel finds the
// best tokens (cluster.cuh); when the row's largest z is known, and the candidates are on their way, each block adds up what
// its tokens weigh, and counts those that are above the token that is looked up.
#pragma once

#include "cluster.cuh"
#include "sample_element.hpp"
#include "sample_state.cuh"

namespace topkit::cuda {

template <class E>
struct SampleLogprobsLaunch {
  SampleArgs args;
  E element;
  ClusterShape shape;
};

struct LogprobsState {
  sampling::Rules rules;
  float token_z;  // of the token that is looked up; NaN: there is none
  std::uint64_t mass[kClusterThreads / kWarp], mass_from[kMaxCluster];
  std::uint32_t above[kClusterThreads / kWarp], above_from[kMaxCluster];
};

// What every block tells the first one.
template <class E>
struct AddUp {
  using L = typename E::Logit;
  const SampleArgs& args;
  const E& element;
  const typename L::Raw* x;
  std::int64_t row, length;
  ClusterState& gathering;
  LogprobsState& state;

  __device__ float z_of_key(Key key) const { return sampling::candidate<One>(L::value(element.raw(key))); }
  __device__ bool looks() const { return args.token_logprobs.data != nullptr || args.token_ranks.data != nullptr; }
  // NaN where the token is not one of the row.
  __device__ float z_of_token(std::int64_t id) const {
    return id < 0 || id >= length ? __builtin_nanf("") : sampling::candidate<One>(L::value(load_once(x + id)));
  }

  __device__ void meanwhile() const {
    if (threadIdx.x == kWarp) state.rules = sampling::rules_of<One>(args, row);
    if (threadIdx.x == 2 * kWarp) state.token_z = looks() ? z_of_token(args.tokens_in[row]) : 0;
  }

  // z of element e of a pack.
  __device__ static float z_of(Pack pack, int e) {
    if constexpr (E::kPerPack == 1) return sampling::candidate<One>(L::value(pack));
    return sampling::candidate<One>(L::value(static_cast<typename L::Raw>(e == 0 ? pack & 0xffff : pack >> 16)));
  }

  template <class Share>
  __device__ unsigned hand(const Share& share, const Key* maxima, int groups) const {
    const float z_max = z_of_key(best_of(maxima, groups)), c = state.rules.c, token_z = state.token_z;
    const float scale = sampling::weight_scale(args.problem.cols);
    std::uint32_t high = 0, low = 0, above = 0;
    if (z_max > kNobody) {
#pragma unroll
      for (int i = 0; i < Share::kElements; ++i) {
        const float z = z_of(share.packs[i / Share::kPerVec][i % Share::kPerVec / E::kPerPack], i % E::kPerPack);
        const sampling::Weight<One> w = sampling::weight<One>(sampling::exponent<One>(z, z_max, c), scale);
        high += w.high;
        low += w.low;
        above += z > token_z ? 1 : 0;
      }
    }
    const std::uint64_t mass = warp_sum(sampling::mass_of(high, low));
    above = __reduce_add_sync(full_mask, above);
    if (lane() == 0) {
      state.mass[warp()] = mass;
      state.above[warp()] = above;
    }
    __syncthreads();
    constexpr unsigned kWarps = kClusterThreads / kWarp;
    if (warp() == kWarps - 1) {
      const std::uint64_t all = warp_sum(lane() < kWarps ? state.mass[lane()] : 0);
      const std::uint32_t all_above = __reduce_add_sync(full_mask, lane() < kWarps ? state.above[lane()] : 0);
      if (lane() == kWarp - 1) {
        store_async(&state.mass_from[cluster_rank()], 0, all, &gathering.candidates_came);
        store_async(&state.above_from[cluster_rank()], 0, all_above, &gathering.candidates_came);
      }
    }
    return sizeof(std::uint64_t) + sizeof(std::uint32_t);
  }
};

// What is told of a row beside its best; mass 0: it has no candidate. All threads of the first block.
template <class E>
__device__ __forceinline__ void write_looked_up(const AddUp<E>& row, float z_max, std::uint64_t mass,
                                                std::uint32_t above) {
  const SampleArgs& args = row.args;
  const sampling::Rules& rules = row.state.rules;
  const bool any = mass != 0;
  const float log2_mass = any ? sampling::log2_mass<One>(mass, sampling::weight_scale(args.problem.cols)) : 0;
  const auto logprob = [&](float z) {
    if (!(z == z)) return z;
    return any ? sampling::logprob_of<One>(sampling::exponent<One>(z, z_max, rules.c), log2_mass) : kNobody;
  };
  if (args.probe_logprobs.data != nullptr) {
#pragma unroll 1
    for (std::int64_t j = threadIdx.x; j < args.problem.probes; j += kClusterThreads)
      *args.probe_logprobs.at(row.row, j) = logprob(row.z_of_token(args.probes.at(row.row, j)));
  }
  if (threadIdx.x == kWarp && row.looks()) {
    const float z = row.state.token_z;
    if (args.token_logprobs.data != nullptr) *args.token_logprobs.at(row.row) = logprob(z);
    if (args.token_ranks.data != nullptr)
      *args.token_ranks.at(row.row) = z == z ? static_cast<std::int32_t>(above) + 1 : 0;
  }
  if (threadIdx.x == 0 && args.logsumexp.data != nullptr)
    *args.logsumexp.at(row.row) = any ? sampling::logsumexp_of<One>(z_max, rules.inv_t, log2_mass) : kNobody;
}

template <class E, int kVecs>
__global__ void __launch_bounds__(kClusterThreads, cluster_blocks_an_sm<E, kVecs>)
    sample_logprobs_kernel(const __grid_constant__ SampleLogprobsLaunch<E> a) {
  if constexpr (kArch != 0 && kArch < 900) return;  // no clusters: the plan does not come here
  const SampleArgs& args = a.args;
  ClusterState& gathering = shared<ClusterState>();
  LogprobsState& state = shared<LogprobsState>();
  open_cluster(a.shape, gathering);
  grid_dependency_wait();
  const std::int64_t row = a.shape.first_row + (blockIdx.x >> a.shape.log_blocks), length = args.length(row);
  const auto* const x = static_cast<const typename E::Logit::Raw*>(args.x) + args.x_row(row) * args.problem.row_stride;
  const AddUp<E> sums{args, a.element, x, row, length, gathering, state};
  const auto listed = static_cast<int>(::min(args.listed(row), length));
  const auto put = [&](std::int64_t j, std::int64_t id, float logprob) {
    if (args.ids.data != nullptr) args.ids.put(row, j, id);
    if (args.id_logprobs.data != nullptr) *args.id_logprobs.at(row, j) = logprob;
  };
  if (length == 0) {
    sums.meanwhile();
    cluster_wait();
    __syncthreads();
    if (cluster_rank() != 0) return;
#pragma unroll 1
    for (std::int64_t j = threadIdx.x; j < args.problem.listed; j += kClusterThreads) put(j, -1, kNobody);
    return write_looked_up(sums, 0, 0, 0);
  }
  const Gathered found = gather<kVecs, kRankedAtOnce>(a.shape, a.element, Row<E>(x, static_cast<std::uint32_t>(length)),
                                                      ::max(listed, 1), gathering, sums);
  if (found.count < 0) return;
  const unsigned blocks = 1U << a.shape.log_blocks;
  const float z_max = sums.z_of_key(best_of(gathering.maxima, a.shape.groups()));
  const std::uint64_t mass = warp_sum(lane() < blocks ? state.mass_from[lane()] : 0);
  const std::uint32_t above = __reduce_add_sync(full_mask, lane() < blocks ? state.above_from[lane()] : 0);
  write_looked_up(sums, z_max, mass, above);
  const float log2_mass = mass != 0 ? sampling::log2_mass<One>(mass, sampling::weight_scale(args.problem.cols)) : 0;
  if (listed > 0)
    rank_and_emit<kClusterThreads>(
        found.candidates, found.scratch, found.count, listed, Order::value, [&](int place, Candidate c) {
          const float z = sums.z_of_key(key_of(c));
          const bool there = z > kNobody;
          put(place, there ? std::int64_t{index_of(c)} : -1,
              there ? sampling::logprob_of<One>(sampling::exponent<One>(z, z_max, state.rules.c), log2_mass) : kNobody);
        });
#pragma unroll 1
  for (std::int64_t j = listed + static_cast<std::int64_t>(threadIdx.x); j < args.problem.listed; j += kClusterThreads)
    put(j, -1, kNobody);
}

}  // namespace topkit::cuda
