// The end of every selection: the few candidates of a row in shared memory, put into their order by one block.
//
// Candidates are unique (key << 32 | ~index), so ranks by counting are a permutation and the tie rule costs nothing.
#pragma once

#include "element.hpp"

namespace topkit::cuda {

// Rank by counting: the candidates above each one. Lanes of one candidate are neighbours, so they add up by shuffles.
// Calls emit(rank, candidate) once for every candidate; count <= kThreads.
template <int kThreads, class Emit>
__device__ void rank_by_counting(const Candidate* candidates, int count, Emit emit) {
  int parts = 1;
  while (parts < 32 && count * parts * 2 <= kThreads) parts *= 2;
  const int part = static_cast<int>(threadIdx.x) & (parts - 1);
  const int mine = static_cast<int>(threadIdx.x) / parts;
  const Candidate c = mine < count ? candidates[mine] : 0;
  int rank = 0;
  if (static_cast<int>(threadIdx.x & ~31U) / parts < count) {
#pragma unroll 4
    for (int j = part; j < count; j += parts) rank += candidates[j] > c ? 1 : 0;
    for (int d = 1; d < parts; d *= 2) rank += __shfl_xor_sync(full_mask, rank, d);
  }
  if (part == 0 && mine < count) emit(rank, c);
}

// Bitonic sort, best first, of a power of two of candidates in shared memory. Strides within 64 stay inside a warp.
template <int kThreads>
__device__ void sort_bitonic(Candidate* candidates, int size) {
  const auto exchange = [&](int pair, int stride, int length) {
    const int i = (pair / stride) * 2 * stride + pair % stride;
    const Candidate a = candidates[i], b = candidates[i + stride];
    const bool descending = (i & length) == 0;
    if ((a < b) == descending) {
      candidates[i] = b;
      candidates[i + stride] = a;
    }
  };
  const int pairs = size / 2;
  for (int length = 2; length <= size; length *= 2) {
    int stride = length / 2;
    for (; stride > 32; stride /= 2) {
      for (int pair = static_cast<int>(threadIdx.x); pair < pairs; pair += kThreads) exchange(pair, stride, length);
      __syncthreads();
    }
    // A warp owns whole runs of 32 pairs, that is of 64 candidates.
    for (int run = static_cast<int>(threadIdx.x & ~31U); run < pairs; run += kThreads) {
      const int pair = run + static_cast<int>(lane());
      for (int s = stride; s > 0; s /= 2) {
        if (pair < pairs) exchange(pair, s, length);
        __syncwarp(full_mask);
      }
    }
    if (length > 32) __syncthreads();
  }
  __syncthreads();
}

inline constexpr int round_up_power_of_two(int n) {
  int p = 1;
  while (p < n) p *= 2;
  return p;
}

// Calls emit(place, candidate) for the k best of candidates[0..count), place by value, by index, or any. The array has room
// for a power of two; all threads of the block call, with the candidates written before a barrier. k <= count.
template <int kThreads, class Emit>
__device__ void finish(Candidate* candidates, int count, int k, Order order, Emit emit) {
  if (order == Order::any && count == k) {
    for (int i = static_cast<int>(threadIdx.x); i < k; i += kThreads) emit(i, candidates[i]);
    return;
  }
  if (count <= kThreads && count <= 512) {
    if (order != Order::index) {
      rank_by_counting<kThreads>(candidates, count, [&](int rank, Candidate c) {
        if (rank < k) emit(rank, c);
      });
      return;
    }
    // Winners keep only their index, as the key of a second ranking: the lower index is the better one.
    int my_rank = 0;
    Candidate my_candidate = 0;
    bool have = false;
    rank_by_counting<kThreads>(candidates, count, [&](int rank, Candidate c) {
      my_rank = rank;
      my_candidate = c;
      have = true;
    });
    __syncthreads();
    if (have) {
      if (my_rank < k) candidates[my_rank] = my_candidate << 32 | my_candidate >> 32;
    }
    __syncthreads();
    rank_by_counting<kThreads>(candidates, k, [&](int rank, Candidate c) { emit(rank, c << 32 | c >> 32); });
    return;
  }
  int size = round_up_power_of_two(count);
  for (int i = count + static_cast<int>(threadIdx.x); i < size; i += kThreads) candidates[i] = 0;
  __syncthreads();
  sort_bitonic<kThreads>(candidates, size);
  if (order == Order::index) {
    size = round_up_power_of_two(k);
    for (int i = static_cast<int>(threadIdx.x); i < size; i += kThreads)
      candidates[i] = i < k ? candidates[i] << 32 | candidates[i] >> 32 : 0;
    __syncthreads();
    sort_bitonic<kThreads>(candidates, size);
  }
  for (int i = static_cast<int>(threadIdx.x); i < k; i += kThreads) {
    const Candidate c = candidates[i];
    emit(i, order == Order::index ? c << 32 | c >> 32 : c);
  }
}

}  // namespace topkit::cuda
