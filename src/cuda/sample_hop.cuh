// Every block of a cluster tells every other a few words: stores that arrive with their notice (simt/device_mbarrier.hpp).
//
// Hops of a row are numbered 0, 1, 2, ..; two buffers take turns. That is enough: who sends for hop n + 2 has seen everybody
// send for n + 1, which they do behind a barrier after reading n.
#pragma once

#include "element.hpp"
#include "sample_shape.hpp"

namespace topkit::cuda {

inline constexpr int kHopWords = 4;

struct HopState {
  Mbarrier came[2];
  std::uint64_t mine[2][kHopWords];
  std::uint64_t all[2][kMostSampleBlocks][kHopWords];
};

// By one thread; then mbarrier_publish() and the cluster's handshake.
__device__ inline void start_hops(HopState& s) {
  mbarrier_init(&s.came[0], 1);
  mbarrier_init(&s.came[1], 1);
}

// What this block says in the given hop, before hop(): thread 0's word.
__device__ inline void say(HopState& s, int turn, int word, std::uint64_t value) {
  if (threadIdx.x == 0) s.mine[turn & 1][word] = value;
}
__device__ inline std::uint64_t heard(const HopState& s, int turn, unsigned block, int word) {
  return s.all[turn & 1][block][word];
}

// All threads. What was written to shared memory before is seen behind it.
template <int kWords>
__device__ __forceinline__ void hop(HopState& s, int turn, unsigned rank, unsigned blocks) {
  const int side = turn & 1;
  __syncthreads();
  if (blocks == 1) {
    if (threadIdx.x < kWords) s.all[side][0][threadIdx.x] = s.mine[side][threadIdx.x];
    __syncthreads();
    return;
  }
  if (threadIdx.x == kSampleThreads - 1) mbarrier_expect(&s.came[side], rank, blocks * kWords * sizeof(std::uint64_t));
  if (threadIdx.x < blocks * kWords) {
    const unsigned to = threadIdx.x / kWords, word = threadIdx.x % kWords;
    store_async(&s.all[side][rank][word], to, s.mine[side][word], &s.came[side]);
  }
  mbarrier_wait(&s.came[side], static_cast<unsigned>(turn >> 1 & 1));
}

}  // namespace topkit::cuda
