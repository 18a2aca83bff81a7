// A block of a cluster of whose elements more pass the bound than its list holds: a higher bound of its own, so that what is
// left fits. Exact: a row's k best are among the k best of each block.
//
// Ties at the bound, none above it (a row of few values): the first of them by position, no count at all. A trend (a sorted row): the bound
// once more, from the maxima of the threads. Anything else: a bisection by counting, two bits of the key a step.
//
// The one caller pays for none of this: it hands over a copy of its registers, and only then do they lie in memory.
#pragma once

#include "bisect.cuh"
#include "element.hpp"

namespace topkit::cuda {

struct CrowdState {
  std::uint32_t counts[3];
  std::uint32_t warps[32];
  Key low;
};

// A thread's elements of a block's share; element e of pack i has position first + step * (i / kPacksPerVec) + ...
struct Crowd {
  const Pack* packs;    // `vecs` * kPacksPerVec
  std::uint64_t there;  // bit i * kPerPack + e: element e of pack i is the row's
  int vecs;
  std::uint32_t first;  // position of bit 0
  std::uint32_t step;   // from a vector of the thread to its next
  // What the block knows: at least k elements of the row reach `bound`; `high` is the block's best key; at least `ahead`
  // elements of blocks before this one reach `bound`.
  Key bound, high;
  int k, ahead;
  // The list, to be filled anew with at most `capacity` >= k candidates.
  Candidate* list;
  std::uint32_t* passed;
  int capacity;
  Key* keys;  // scratch, one a thread
};

// The first `quota` of the elements of `mask` by position, all of key `key`, go to the list. All threads of the block.
template <int kThreads, int kPerVec, class Mask>
__device__ __forceinline__ void list_first(Mask mask, int vecs, Key key, int quota, std::uint32_t first,
                                           std::uint32_t step, Candidate* list, std::uint32_t* passed, CrowdState& s) {
#pragma unroll 1
  for (int j = 0; j < vecs && quota > 0; ++j) {
    auto equal = static_cast<std::uint32_t>(mask >> (j * kPerVec)) & ((1U << kPerVec) - 1);
    const auto mine = static_cast<std::uint32_t>(__popc(equal));
    std::uint32_t through = mine;
#pragma unroll
    for (unsigned d = 1; d < kWarp; d *= 2) {
      const std::uint32_t other = __shfl_up_sync(full_mask, through, d);
      if (lane() >= d) through += other;
    }
    __syncthreads();
    if (lane() == kWarp - 1) s.warps[warp()] = through;
    __syncthreads();
    const std::uint32_t sum = lane() < kThreads / kWarp ? s.warps[lane()] : 0;
    const auto all = static_cast<int>(__reduce_add_sync(full_mask, sum));
    int before = static_cast<int>(__reduce_add_sync(full_mask, lane() < warp() ? sum : 0) + through - mine);
    while (equal != 0 && before < quota) {
      const int e = __ffs(static_cast<int>(equal)) - 1;
      equal &= equal - 1;
      list[atomicAdd(passed, 1U)] = candidate(key, first + step * static_cast<std::uint32_t>(j) + e);
      ++before;
    }
    quota -= all;
  }
}

// All threads of the block, behind a barrier; ends with one owed.
template <class E, int kThreads>
__device__ __forceinline__ void thin_crowd(const E& element, const Crowd& c, CrowdState& s) {
  constexpr int kPerVec = E::kPacksPerVec * E::kPerPack;
  const int elements = c.vecs * kPerVec;
  // Calls f(bit, key) for every element of the row that this thread has.
  const auto for_each = [&](auto f) {
#pragma unroll 4
    for (int bit = 0; bit < elements; ++bit)
      if ((c.there >> bit & 1U) != 0) f(bit, element.key(c.packs[bit / E::kPerPack], bit % E::kPerPack));
  };
  const auto position = [&](int bit) {
    return c.first + c.step * static_cast<std::uint32_t>(bit / kPerVec) + static_cast<std::uint32_t>(bit % kPerVec);
  };
  const auto add = [&](Key key, int bit) { c.list[atomicAdd(c.passed, 1U)] = candidate(key, position(bit)); };
  // How many elements of the block reach each of three keys.
  const auto count = [&](Key a, Key b, Key d) {
    std::uint32_t na = 0, nb = 0, nd = 0;
    for_each([&](int, Key key) {
      na += key >= a ? 1 : 0;
      nb += key >= b ? 1 : 0;
      nd += key >= d ? 1 : 0;
    });
    na = __reduce_add_sync(full_mask, na);
    nb = __reduce_add_sync(full_mask, nb);
    nd = __reduce_add_sync(full_mask, nd);
    __syncthreads();
    if (threadIdx.x < 3) s.counts[threadIdx.x] = 0;
    __syncthreads();
    if (lane() == 0) {
      atomicAdd(&s.counts[0], na);
      atomicAdd(&s.counts[1], nb);
      atomicAdd(&s.counts[2], nd);
    }
    __syncthreads();
  };

  if (threadIdx.x == 0) *c.passed = 0;
  Key low = c.bound, high = c.high;
  std::uint32_t above = 0;  // elements > high
  bool fits = false;
  if (low < high) {
    Key best = 0;
    for_each([&](int, Key key) { best = ::max(best, key); });
    c.keys[threadIdx.x] = best;
    __syncthreads();
    if (warp() == 0) {
      const Key t = ::max(bisect_bound<kThreads / kWarp>(c.keys, kThreads, c.k), low);
      if (lane() == 0) s.low = t;
    }
    __syncthreads();
    low = s.low;
    const auto room = static_cast<std::uint32_t>(c.capacity), wanted = static_cast<std::uint32_t>(c.k);
    count(low, low < high ? low + 1 : low, low);
    fits = s.counts[0] <= room;
    if (!fits && low < high) {
      const std::uint32_t next = s.counts[1];
      if (next < wanted) {  // ties
        high = low;
        above = next;
      } else {
        ++low;
        fits = next <= room;
      }
    }
    // Of the block, more than `capacity` elements reach low, `above` < k are above high.
#pragma unroll 1
    while (!fits && low < high) {
      const Key rest = high - low - 1;
      const Key a = low + 1 + rest / 4, b = low + 1 + rest / 2, d = low + 1 + rest / 4 * 3;
      count(a, b, d);
      const std::uint32_t na = s.counts[0], nb = s.counts[1], nd = s.counts[2];
      if (nd >= wanted) {
        low = d;
        fits = nd <= room;
      } else if (nb >= wanted) {
        low = b;
        high = ::max(d - 1, b);
        above = d > b ? nd : above;
        fits = nb <= room;
      } else if (na >= wanted) {
        low = a;
        high = ::max(b - 1, a);
        above = b > a ? nb : above;
        fits = na <= room;
      } else {
        high = a - 1;
        above = na;
      }
    }
  }
  __syncthreads();
  if (fits) {
    for_each([&](int bit, Key key) {
      if (key >= low) add(key, bit);
    });
    return;
  }
  // Only `low` itself is between: all above it win here, of the equal ones the first by position.
  std::uint64_t equals = 0;
  for_each([&](int bit, Key key) {
    if (key > low) add(key, bit);
    equals |= static_cast<std::uint64_t>(key == low ? 1 : 0) << bit;
  });
  int quota = c.k - static_cast<int>(above) - (low == c.bound ? c.ahead : 0);
  list_first<kThreads, kPerVec>(equals, c.vecs, low, quota, c.first, c.step, c.list, c.passed, s);
}

}  // namespace topkit::cuda
