// Few candidates of a row in shared memory put into their order by counting: the place of one is how many are larger.
//
// Candidates are unique (key << 32 | ~index), so the places are a permutation and the tie rule costs nothing. Quadratic, and
// still the quickest for some hundreds: a dozen independent loads and compares, where a sort is a chain of exchanges.
#pragma once

#include "../problem.hpp"
#include "element.hpp"

namespace topkit::cuda {

inline constexpr int kRankPad = 64;  // zeros that must follow the candidates

// Calls emit(place, candidate) for the k best, places by value, by index, or any. All threads of the block, behind a
// barrier; candidates and scratch (k of it) are followed by room for kRankPad.
template <int kThreads, class Emit>
__device__ __forceinline__ void rank_and_emit(const Candidate* candidates, Candidate* scratch, int count, int k,
                                              Order order, Emit emit) {
  constexpr int kUnroll = 8;
  const int thread = static_cast<int>(threadIdx.x);
  bool by_index = order == Order::index;
  while (true) {
    // 8, 4, 2 or 1 threads a candidate; they are neighbours.
    const int log_parts = count <= kThreads / 8 ? 3 : count <= kThreads / 4 ? 2 : count <= kThreads / 2 ? 1 : 0;
    const int part = thread & ((1 << log_parts) - 1);
#pragma unroll 1
    for (int first = 0; first + ((thread & ~31) >> log_parts) < count; first += kThreads >> log_parts) {
      const int mine = first + (thread >> log_parts);
      const Candidate c = candidates[::min(mine, count)];
      int place = 0;
#pragma unroll 1
      for (int j = part; j < count; j += kUnroll << log_parts) {
#pragma unroll
        for (int q = 0; q < kUnroll; ++q) place += candidates[j + (q << log_parts)] > c ? 1 : 0;
      }
      if (log_parts > 2) place += __shfl_xor_sync(full_mask, place, 4);
      if (log_parts > 1) place += __shfl_xor_sync(full_mask, place, 2);
      if (log_parts > 0) place += __shfl_xor_sync(full_mask, place, 1);
      if (part == 0 && mine < count && place < k) {
        if (by_index) {
          scratch[place] = c << 32 | c >> 32;
        } else {
          emit(place, order == Order::index ? c << 32 | c >> 32 : c);
        }
      }
    }
    if (!by_index) return;
    // The winners once more, with key and index in each other's place.
    by_index = false;
    count = k;
    candidates = scratch;
    if (thread < kRankPad) scratch[k + thread] = 0;
    __syncthreads();
  }
}

}  // namespace topkit::cuda
