// Order index: the winners of a block's list by position, once the last winner is known.
#pragma once

#include "radix_state.cuh"

namespace topkit::cuda {

inline constexpr int kShareWords = 4 * kOrderThreads;  // bits for the positions of a block's share

// Writes the winners in the order of their positions: a bit for each position of the block's share. All blocks
// of the cluster come here together, when one of them has found the last winner.
template <class E>
__device__ void write_by_index(const RadixArgs<E>& a, const RadixTeam<E>& team) {
  RadixResidentState<E>& state = team.state;
  const auto write = [&](std::uint32_t place, Candidate c) { state.out.write(a.args, a.element, place, c); };
  if (a.shape.blocks > 1) {
    cluster_sync();
  } else {
    __syncthreads();
  }
  const RadixShare<E>& share = state.share;
  const Candidate cut = state.cut;
  state.order.clear();
  __syncthreads();
  std::uint32_t* const words = state.order.counts();
  std::uint32_t* const places = words + kShareWords;  // of each word's first winner
  const std::uint32_t first = team.rank() == 0 ? 0 : share.row.position(share.begin, 0);
  const Candidate* const list = dynamic_shared<Candidate>();
  const std::uint32_t own = state.passed;
  for (std::uint32_t i = threadIdx.x; i < own; i += kOrderThreads) {
    const std::uint32_t at = index_of(list[i]) - first;
    if (list[i] >= cut) atomicOr(&words[at / 32], 1U << at % 32);
  }
  __syncthreads();
  const uint4 bits = reinterpret_cast<const uint4*>(words)[threadIdx.x];
  const auto to_y = static_cast<std::uint32_t>(__popc(bits.x)),
             to_z = to_y + static_cast<std::uint32_t>(__popc(bits.y));
  const std::uint32_t to_w = to_z + static_cast<std::uint32_t>(__popc(bits.z));
  const std::uint32_t winners = to_w + static_cast<std::uint32_t>(__popc(bits.w));
  std::uint32_t before, lower;
  team.cluster_sum(team.block_sum(winners, &before), &lower);
  const std::uint32_t place = lower + before + sum_through(winners) - winners;
  reinterpret_cast<uint4*>(places)[threadIdx.x] = make_uint4(place, place + to_y, place + to_z, place + to_w);
  __syncthreads();
  for (std::uint32_t i = threadIdx.x; i < own; i += kOrderThreads) {
    const std::uint32_t at = index_of(list[i]) - first;
    const std::uint32_t lower_bits = words[at / 32] & ((1U << at % 32) - 1);
    if (list[i] >= cut) write(places[at / 32] + static_cast<std::uint32_t>(__popc(lower_bits)), list[i]);
  }
}

}  // namespace topkit::cuda
