// Few candidates of a row in shared memory put into their order by counting: the place of one is how many are larger.
//
// Candidates are unique (key << 32 | ~index), so the places are a permutation and the tie rule costs nothing. Up to a hundred or
// so are compared each with each: a dozen independent loads and compares, where a sort is a chain of exchanges. Beyond that
// each warp sorts 32 of them, and one finds its place in the other runs by halving them.
#pragma once

#include "../problem.hpp"
#include "element.hpp"
#include "warp_network.cuh"

namespace topkit::cuda {

inline constexpr int kRankPad = 64;  // zeros that must follow the candidates
inline constexpr int kComparedWithEach = 128;

struct Placed {
  Candidate candidate;
  int place;  // -1: the thread has none
};

// count <= kComparedWithEach.
template <int kThreads>
__device__ __forceinline__ Placed place_by_comparing(const Candidate* candidates, int count) {
  static_assert(kThreads >= 4 * kComparedWithEach);
  constexpr int kUnroll = 8;
  const int thread = static_cast<int>(threadIdx.x);
  // 8 or 4 threads a candidate; they are neighbours.
  const int log_parts = count <= kThreads / 8 ? 3 : 2;
  const int part = thread & ((1 << log_parts) - 1), mine = thread >> log_parts;
  if ((thread & ~31) >> log_parts >= count) return {0, -1};
  const Candidate c = candidates[::min(mine, count)];
  int place = 0;
#pragma unroll 1
  for (int j = part; j < count; j += kUnroll << log_parts) {
#pragma unroll
    for (int q = 0; q < kUnroll; ++q) place += candidates[j + (q << log_parts)] > c ? 1 : 0;
  }
  if (log_parts > 2) place += __shfl_xor_sync(full_mask, place, 4);
  place += __shfl_xor_sync(full_mask, place, 2);
  place += __shfl_xor_sync(full_mask, place, 1);
  return {c, part == 0 && mine < count ? place : -1};
}

// count <= kThreads; `runs` has room for that many, rounded up to whole warps. All threads of the block.
template <int kThreads>
__device__ __forceinline__ Placed place_among_runs(const Candidate* candidates, Candidate* runs, int count) {
  const int thread = static_cast<int>(threadIdx.x), many = (count + kWarp - 1) / kWarp, own = static_cast<int>(warp());
  Candidate sorted[1] = {thread < count ? candidates[thread] : 0};
  if (own < many) {
    sort_places<kWarp>(sorted);
    runs[thread] = sorted[0];
  }
  __syncthreads();
  if (own >= many) return {0, -1};
  const Candidate c = sorted[0];
  auto place = static_cast<int>(lane());
#pragma unroll 2
  for (int r = 0; r < many; ++r) {
    if (r == own) continue;
    const Candidate* const run = runs + r * kWarp;
    int larger = 0;
#pragma unroll
    for (int step = kWarp / 2; step > 0; step /= 2) larger += run[larger + step - 1] > c ? step : 0;
    place += larger + (run[larger] > c ? 1 : 0);
  }
  return {c, c != 0 ? place : -1};
}

// Calls emit(place, candidate) for the k best of count <= kThreads, places by value, by index, or any. All threads of the
// block, behind a barrier; candidates and scratch, of which there are as many, are followed by room for kRankPad.
template <int kThreads, class Emit>
__device__ __forceinline__ void rank_and_emit(Candidate* candidates, Candidate* scratch, int count, int k, Order order,
                                              Emit emit) {
  const auto thread = static_cast<int>(threadIdx.x);
  bool by_index = order == Order::index;
#pragma unroll 1
  while (true) {
    const bool few = count <= kComparedWithEach;
    const Placed placed =
        few ? place_by_comparing<kThreads>(candidates, count) : place_among_runs<kThreads>(candidates, scratch, count);
    const bool wins = placed.place >= 0 && placed.place < k;
    const Candidate c = order == Order::index ? placed.candidate << 32 | placed.candidate >> 32 : placed.candidate;
    if (!by_index) {
      if (wins) emit(placed.place, c);
      return;
    }
    // The winners once more, with key and index in each other's place.
    by_index = false;
    Candidate* const winners = few ? scratch : candidates;
    if (wins) winners[placed.place] = c;
    if (thread < kRankPad) winners[k + thread] = 0;
    scratch = few ? candidates : scratch;
    candidates = winners;
    count = k;
    __syncthreads();
  }
}

}  // namespace topkit::cuda
