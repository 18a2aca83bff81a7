// A block of a cluster of whose elements more pass the bound than its list holds. Exact: a row's k best are among the k best
// of each block, and of a block that others are ahead of, fewer do.
//
// Ties at the bound, none above it (a row of few values): the first of them by position, no count at all. A trend (a sorted
// row): a higher bound of the block's own, from the best of each thread, and the filter once more (cluster.cuh). What is
// still too much: a bisection by counting, two bits of the key a step.
//
// The one caller pays for none of this: for the last it hands over a copy of its registers, and only then do they lie in
// memory.
#pragma once

#include "compact.cuh"
#include "element.hpp"

namespace topkit::cuda {

struct CrowdState {
  std::uint32_t counts[3];
  std::uint32_t warps[32];
};

// Where a block stands in its row, from the maxima of all groups.
struct Standing {
  Key high;   // the block's best
  int ahead;  // groups of other blocks whose maximum comes before whatever this block has: no more than k - ahead of the
              // block's elements are among the row's k best
};

// By each warp for itself; maxima is 16-byte aligned, a block has at least four groups.
__device__ __forceinline__ Standing standing_of(const Key* maxima, int groups, int log_groups, unsigned rank) {
  const Vec* const fours = reinterpret_cast<const Vec*>(maxima);
  const auto owner = [&](int at) { return static_cast<unsigned>(at) >> (log_groups - 2); };
  Key high = 0;
#pragma unroll 1
  for (int i = static_cast<int>(lane()); i < 1 << (log_groups - 2); i += kWarp) {
    const Vec v = fours[(rank << (log_groups - 2)) + i];
    high = ::max(high, ::max(::max(v.word[0], v.word[1]), ::max(v.word[2], v.word[3])));
  }
  high = __reduce_max_sync(full_mask, high);
  unsigned ahead = 0;
#pragma unroll 1
  for (int i = static_cast<int>(lane()); i < groups / 4; i += kWarp) {
    if (owner(i) == rank) continue;
    const Key before = high + (owner(i) < rank ? 0 : 1);  // of an equal key the lower position comes first
    const Vec v = fours[i];
#pragma unroll
    for (int j = 0; j < 4; ++j) ahead += before != 0 && v.word[j] >= before ? 1 : 0;
  }
  return {high, static_cast<int>(__reduce_add_sync(full_mask, ahead))};
}

// A lower bound of the wanted-th best of one key a thread, `low` at least: the bottom of the bin that it lies in, of bins
// over low..high. All threads of the block; every key is <= high.
template <int kThreads>
__device__ __forceinline__ Key kth_by_bins(Key mine, Key low, Key high, int wanted, CompactState& s) {
  const int bits = 32 - __clz(static_cast<int>(high - low));
  const int shift = bits > kLogCompactBins ? bits - kLogCompactBins : 0;
  for (int i = static_cast<int>(threadIdx.x); i < kCompactBins; i += kThreads) s.bins[i] = 0;
  if (threadIdx.x == 0) {
    s.low = low;
    s.high = high;
    s.above = 0;
  }
  __syncthreads();
  if (mine >= low) atomicAdd(&s.bins[(mine - low) >> shift], 1U);
  __syncthreads();
  if (warp() == 0) narrow_bins(s, wanted, shift);
  __syncthreads();
  return static_cast<Key>(s.low);
}

// The first `quota` of the elements of `mask` by position, all of key `key`, fill the list; returns how many. All threads of
// the block; ends with a barrier.
template <int kThreads, int kPerVec, class Mask>
__device__ __forceinline__ int list_first(Mask mask, int vecs, Key key, int quota, std::uint32_t first,
                                          std::uint32_t step, Candidate* list, CrowdState& s) {
  int listed = 0;
#pragma unroll 1
  for (int j = 0; j < vecs && listed < quota; ++j) {
    auto equal = static_cast<std::uint32_t>(mask >> (j * kPerVec)) & ((1U << kPerVec) - 1);
    const auto mine = static_cast<std::uint32_t>(__popc(equal));
    std::uint32_t through = mine;
#pragma unroll
    for (unsigned d = 1; d < kWarp; d *= 2) {
      const std::uint32_t other = __shfl_up_sync(full_mask, through, d);
      if (lane() >= d) through += other;
    }
    if (lane() == kWarp - 1) s.warps[warp()] = through;
    __syncthreads();
    const std::uint32_t sum = lane() < kThreads / kWarp ? s.warps[lane()] : 0;
    const auto all = static_cast<int>(__reduce_add_sync(full_mask, sum));
    int at = listed + static_cast<int>(__reduce_add_sync(full_mask, lane() < warp() ? sum : 0) + through - mine);
    while (equal != 0 && at < quota) {
      const int e = __ffs(static_cast<int>(equal)) - 1;
      equal &= equal - 1;
      list[at++] = candidate(key, first + step * static_cast<std::uint32_t>(j) + e);
    }
    listed = ::min(listed + all, quota);
    __syncthreads();
  }
  return listed;
}

// A thread's elements of a block's share; element e of pack i has position first + step * (i / kPacksPerVec) + ...
struct Crowd {
  const Pack* packs;    // `vecs` * kPacksPerVec
  std::uint64_t there;  // bit i * kPerPack + e: element e of pack i is the row's
  int vecs;
  std::uint32_t first;  // position of bit 0
  std::uint32_t step;   // from a vector of the thread to its next
  // More than `capacity` elements of the block reach `bound`, its best key is `high`, and no more than its k best are wanted.
  Key bound, high;
  int k;
  // The list, to be filled anew with at most `capacity` >= k candidates.
  Candidate* list;
  std::uint32_t* passed;  // 0
  int capacity;
};

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

  Key low = c.bound, high = c.high;
  std::uint32_t above = 0;  // elements > high
  bool fits = false;
  const auto room = static_cast<std::uint32_t>(c.capacity), wanted = static_cast<std::uint32_t>(c.k);
  if (low < high) {
    count(low + 1, high, high);
    const std::uint32_t next = s.counts[0];
    if (next < wanted) {  // ties
      high = low;
      above = next;
    } else {
      ++low;
      fits = next <= room;
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
  __syncthreads();
  const std::uint32_t better = *c.passed;
  const int listed = list_first<kThreads, kPerVec>(equals, c.vecs, low, c.k - static_cast<int>(above), c.first, c.step,
                                                   c.list + better, s);
  if (threadIdx.x == 0) *c.passed = better + static_cast<std::uint32_t>(listed);
}

}  // namespace topkit::cuda
