// Shrinks a block's candidates to the best k (or a few more), exactly, whatever they are: bins over the range of the
// candidates, narrowed around the k-th. Candidates are unique, so the narrowing always ends.
#pragma once

#include "bins.hpp"
#include "element.hpp"

namespace topkit::cuda {

inline constexpr int kLogCompactBins = 8, kCompactBins = 1 << kLogCompactBins;

struct CompactState {
  std::uint32_t bins[kCompactBins];
  Candidate low, high;
  Key low_key, high_key;
  std::uint32_t low_rest, high_rest;  // of the candidates' other half
  int above;
  int within;
  std::uint32_t kept;
};

// By warp 0: lane i owns 8 bins; the bin in which the k-th lies becomes [low, high].
__device__ inline void narrow_bins(CompactState& s, int k, int shift) {
  constexpr int kOwn = kCompactBins / 32;
  const int id = static_cast<int>(lane());
  int own[kOwn];
  int upper = 0;
  for (int i = 0; i < kOwn; ++i) {
    own[i] = static_cast<int>(s.bins[id * kOwn + i]);
    upper += own[i];
  }
  const int sum = upper;
  for (int d = 1; d < 32; d *= 2) {
    const int other = __shfl_down_sync(full_mask, upper, d);
    if (id + d < 32) upper += other;
  }
  const int above = s.above;
  const unsigned reached = __ballot_sync(full_mask, above + upper >= k);
  __syncwarp(full_mask);  // all have read what one of them writes
  if (id == 31 - __clz(static_cast<int>(reached))) {
    int over = above + upper - sum;
    for (int i = kOwn - 1; i >= 0; --i) {
      if (over + own[i] >= k) {
        const Candidate bottom = s.low + (static_cast<Candidate>(id * kOwn + i) << shift);
        s.low = bottom;
        s.high = bin_top(bottom, shift, s.high);
        s.above = over;
        s.within = own[i];
        break;
      }
      over += own[i];
    }
  }
}

// Copies the best k..most of `count` >= k candidates from one array to another, for any count, and returns how many. All
// threads of the block, after a barrier behind the last write; ends with one.
template <int kThreads>
__device__ __forceinline__ int compact_to(const Candidate* candidates, int count, Candidate* to, int k, int most,
                                          CompactState& s) {
  const int thread = static_cast<int>(threadIdx.x);
  if (thread == 0) {
    s.low = 0;
    s.high = ~Candidate{0};
    s.low_key = ~Key{0};
    s.high_key = 0;
    s.above = 0;
    s.kept = 0;
  }
  __syncthreads();
  {
    Key low = ~Key{0}, high = 0;
#pragma unroll 1
    for (int i = thread; i < count; i += kThreads) {
      const Key key = key_of(candidates[i]);
      low = ::min(low, key);
      high = ::max(high, key);
    }
    low = __reduce_min_sync(full_mask, low);
    high = __reduce_max_sync(full_mask, high);
    if (lane() == 0) {
      atomicMin(&s.low_key, low);
      atomicMax(&s.high_key, high);
    }
  }
  __syncthreads();
  if (thread == 0) {
    s.low = static_cast<Candidate>(s.low_key) << 32;
    s.high = static_cast<Candidate>(s.high_key) << 32 | 0xffffffffU;
  }
  int kept = count;
  __syncthreads();
#pragma unroll 1
  while (kept > most) {
    const Candidate from = s.low, range = s.high - from;
    const int bits = 64 - __clzll(static_cast<long long>(range));
    const int shift = bits > 8 ? bits - 8 : 0;
    for (int i = thread; i < kCompactBins; i += kThreads) s.bins[i] = 0;
    __syncthreads();
#pragma unroll 1
    for (int i = thread; i < count; i += kThreads) {
      const Candidate at = candidates[i] - from;
      if (at <= range) atomicAdd(&s.bins[at >> shift], 1U);
    }
    __syncthreads();
    if (warp() == 0) narrow_bins(s, k, shift);
    __syncthreads();
    kept = s.above + s.within;
  }
  const Candidate from = s.low;
#pragma unroll 1
  for (int i = thread; i < count; i += kThreads)
    if (candidates[i] >= from) to[atomicAdd(&s.kept, 1U)] = candidates[i];
  __syncthreads();
  return kept;
}

}  // namespace topkit::cuda
