// The candidates of a block in shared memory, and what an element must beat to become one.
#pragma once

#include "compact.cuh"
#include "element.hpp"

namespace topkit::cuda {

// What an element must beat: the packed threshold, then as a candidate the floor.
struct Rising {
  Pack threshold;
  Candidate floor;
};

// Cuts list[0..count) to its best k..most, in any order, and returns how many are kept. Entries 0 are nobody and are
// dropped; at least k others are there. All kept ones reach s.low, and no other does. All threads, after a barrier; ends
// with one.
template <int kThreads>
[[gnu::noinline]] __device__ int cut_list(Candidate* list, int count, int k, int most, CompactState& s) {
  Key low = ~Key{0}, high = 0;
  std::uint32_t low_rest = ~0U, high_rest = 0;  // of the candidates' other half
  unsigned filled = 0;
  for (int at = static_cast<int>(threadIdx.x); at < count; at += kThreads) {
    const Candidate c = list[at];
    if (c == 0) continue;
    low = ::min(low, key_of(c));
    high = ::max(high, key_of(c));
    low_rest = ::min(low_rest, static_cast<std::uint32_t>(c));
    high_rest = ::max(high_rest, static_cast<std::uint32_t>(c));
    ++filled;
  }
  if (threadIdx.x == 0) {
    s.low_key = s.low_rest = ~Key{0};
    s.high_key = s.high_rest = 0;
    s.above = 0;
    s.within = 0;
    s.kept = 0;
  }
  __syncthreads();
  low = __reduce_min_sync(full_mask, low);
  high = __reduce_max_sync(full_mask, high);
  low_rest = __reduce_min_sync(full_mask, low_rest);
  high_rest = __reduce_max_sync(full_mask, high_rest);
  filled = __reduce_add_sync(full_mask, filled);
  if (lane() == 0) {
    atomicMin(&s.low_key, low);
    atomicMax(&s.high_key, high);
    atomicMin(&s.low_rest, low_rest);
    atomicMax(&s.high_rest, high_rest);
    atomicAdd(&s.within, static_cast<int>(filled));
  }
  __syncthreads();
  // Of one key the positions are the range, which is narrow: bins for all of them are soon found.
  const bool one_key = s.low_key == s.high_key;
  Candidate from = static_cast<Candidate>(s.low_key) << 32 | (one_key ? s.low_rest : 0U);
  Candidate to = static_cast<Candidate>(s.high_key) << 32 | (one_key ? s.high_rest : ~0U);
  int kept = s.within;
  __syncthreads();
  if (threadIdx.x == 0) {
    s.low = from;
    s.high = to;
  }
  while (kept > most) {
    const int bits = 64 - __clzll(static_cast<long long>(to - from));
    const int shift = bits > 8 ? bits - 8 : 0;
    for (int i = static_cast<int>(threadIdx.x); i < kCompactBins; i += kThreads) s.bins[i] = 0;
    __syncthreads();
    for (int at = static_cast<int>(threadIdx.x); at < count; at += kThreads) {
      const Candidate c = list[at];
      if (c >= from && c <= to && c != 0) atomicAdd(&s.bins[(c - from) >> shift], 1U);
    }
    __syncthreads();
    if (warp() == 0) narrow_bins(s, k, shift);
    __syncthreads();
    from = s.low;
    to = s.high;
    kept = s.above + s.within;
  }
  // Kept ones move to the front: a round's places are all before what the next rounds read.
  for (int base = 0; base < count; base += kThreads) {
    const int at = base + static_cast<int>(threadIdx.x);
    const Candidate c = at < count ? list[at] : 0;
    __syncthreads();
    if (c >= from && c != 0) list[atomicAdd(&s.kept, 1U)] = c;
  }
  __syncthreads();
  return kept;
}

// What an element must beat when k of this key or better are held, all of them before what comes.
template <class E>
__device__ Rising above_all(const E& element, Key held) {
  return {element.threshold(held == ~Key{0} ? held : held + 1), static_cast<Candidate>(held) << 32 | 0xffffffffU};
}

// After a cut to the k best at `lowest`: what can still win. `next` is the lowest index that may still come.
template <class E>
__device__ Rising raised(const E& element, Rising rising, Candidate lowest, std::uint32_t next) {
  if (lowest <= rising.floor) return rising;
  const Key held = key_of(lowest);
  // k candidates of this key or better are held. Those of this very key have indices up to lowest's, so when all that
  // comes is behind them, an equal key cannot win any more.
  if (index_of(lowest) < next) return above_all(element, held);
  return {element.threshold(held), lowest - 1};
}

// Whether `rising` is of held elements of one key, behind whose last `next` lies: then it can be above_all.
__device__ inline bool is_behind(const Rising& rising, std::uint32_t next) {
  const std::uint32_t last = index_of(rising.floor);  // 0: it is already
  return last != 0 && last < next;
}

}  // namespace topkit::cuda
