// The best of a row, from all blocks to the first: as the top-k of a cluster does it (cluster.cuh).
#pragma once

#include "rank.cuh"
#include "sample_cut.cuh"

namespace topkit::cuda {

// Shared memory of the launch.
struct SampleRoom {
  Candidate* received;  // from all blocks, `capacity` each
  Candidate* dense;     // kSampleRanked of them, with room for kRankPad
  Candidate* sorted;    // in order; before that the block's own
  std::uint32_t capacity;

  __device__ explicit SampleRoom(const SampleShape& shape)
      : received(dynamic_shared<Candidate>()),
        dense(received + (static_cast<std::size_t>(shape.capacity) << shape.log_blocks)),
        sorted(dense + kSampleRanked + kRankPad),
        capacity(shape.capacity) {}
};

// Tokens that reach `cut` go to the block's list, as far as there is room; state.passed counts all. most: the thread's largest z.
template <class Share>
__device__ __forceinline__ void collect(const Share& share, SampleState& state, const SampleRoom& room, Candidate cut,
                                        float most) {
  const float least = ::max(z_of_key(::max(key_of(cut), kNobodyKey)), kLowestZ);
  if (most >= least)
    share.for_quads([&](std::uint32_t token, const Quad& quad) {
      if (quad.most() < least) return;
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        const Candidate c = candidate(key_of_z(quad.z[e]), token + e);
        if (quad.z[e] < least || c < cut) continue;
        const std::uint32_t slot = atomicAdd(&state.passed, 1U);
        if (slot < room.capacity) room.sorted[slot] = c;
      }
    });
  __syncthreads();
}

// A word of this block to the first one, where everything it has handed over is waited for by take_over().
template <class T>
__device__ __forceinline__ void hand(SampleState& state, T* place, std::type_identity_t<T> value) {
  if (state.place.blocks == 1) {
    *place = value;
  } else {
    store_async(place, 0, value, &state.candidates_came);
  }
}

// The block's tokens that may be among the `wanted` best of the row (at most room.capacity), to the first block, which must
// have been told nothing else yet. Exactly the block's own `wanted` best where more reach the bound than the list holds: the
// row's are among the blocks'. most: the thread's largest z.
template <class Share>
[[gnu::noinline]] __device__ void hand_best(int wanted, float most) {
  SampleState& state = shared<SampleState>();
  const SampleRoom room(state.shape);
  const Share share(state.args, state.place);
  const unsigned groups = kSampleThreads << state.shape.log_blocks >> state.shape.log_group;
  Key bound = 0;
  if (wanted <= kSampleFew && groups <= kCountedGroups) {
    kth_by_count<kSampleThreads>(state.maxima, kCountedGroups, wanted, &state.bound);
    __syncthreads();
    bound = state.bound;
  } else {
    bound = kth_by_bins<kSampleThreads>(state.maxima, static_cast<int>(groups), wanted, state.compact);
  }
  collect(share, state, room, static_cast<Candidate>(bound) << 32, most);
  if (state.passed > room.capacity) {
    const Candidate cut = cut_of_count<Share, true>(static_cast<std::uint64_t>(wanted));
    __syncthreads();
    if (threadIdx.x == 0) state.passed = 0;
    __syncthreads();
    collect(share, state, room, cut, most);
  }
#pragma unroll 1
  for (std::uint32_t i = threadIdx.x; i < state.passed; i += kSampleThreads)
    hand(state, &room.received[state.place.rank * room.capacity + i], room.sorted[i]);
}

// What the block has to say beside its candidates, and how many they are: by warp 1, behind add_up() and a barrier.
__device__ inline void hand_sums(SampleState& state, bool any) {
  if (warp() != 1) return;
  const std::uint64_t whole = any ? block_sum(state, 0) : 0, raw = any ? block_sum(state, 1) : 0;
  const unsigned rank = state.place.rank;
  if (lane() != 0) return;
  if (state.place.blocks > 1)
    mbarrier_expect(&state.candidates_came, 0,
                    state.passed * sizeof(Candidate) + sizeof(std::uint32_t) + 2 * sizeof(std::uint64_t));
  hand(state, &state.counts[rank], state.passed);
  hand(state, &state.whole_from[rank], whole);
  hand(state, &state.raw_from[rank], raw);
}

// By the first block: waits for all, and puts the candidates behind one another; where they are more than kSampleRanked, the
// best of them, at least `wanted`. Returns how many there are. All threads; ends with a barrier.
__device__ inline int take_over(SampleState& state, const SampleRoom& room, int wanted) {
  const unsigned blocks = state.place.blocks, log_blocks = static_cast<unsigned>(state.shape.log_blocks);
  if (blocks > 1) {
    mbarrier_wait(&state.candidates_came, 0);
  } else {
    __syncthreads();
  }
  const unsigned from = warp() & (blocks - 1);
  const std::uint32_t n = lane() < blocks ? state.counts[lane()] : 0;
  const auto before = static_cast<int>(__reduce_add_sync(full_mask, lane() < from ? n : 0));
  auto count = static_cast<int>(__reduce_add_sync(full_mask, n));
  const auto mine = static_cast<int>(__shfl_sync(full_mask, n, static_cast<int>(from)));
  const auto first = static_cast<int>((warp() >> log_blocks) * kWarp + lane());
  const auto step = static_cast<int>(kSampleThreads >> log_blocks);
  if (count <= kSampleRanked) {
#pragma unroll 1
    for (int i = first; i < mine; i += step)
      room.dense[before + i] = room.received[from * room.capacity + static_cast<unsigned>(i)];
  } else {
#pragma unroll 1
    for (int i = mine + first; i < static_cast<int>(room.capacity); i += step)
      room.received[from * room.capacity + static_cast<unsigned>(i)] = 0;
    __syncthreads();
    count = compact_to<kSampleThreads>(room.received, static_cast<int>(room.capacity << log_blocks), room.dense, wanted,
                                       wanted + wanted / 4 + 8, state.compact);
  }
  if (threadIdx.x < kRankPad) room.dense[count + threadIdx.x] = 0;
  __syncthreads();
  return count;
}

}  // namespace topkit::cuda
