// A block of a cluster of whose elements more pass the bound than its list holds. Exact: a row's k best are among the k best
// of each block, and of a block that others are ahead of, fewer are.
//
// Ties at the bound, none above it (a row of few values), or enough equals of the block's best: the first of them by position,
// no count at all. Else (a sorted row) a bound of the block's own: bins over the bests of its threads, and where that is not
// enough over the keys between the bound and the block's best, narrowed around the last that is wanted until what reaches it
// fits, or is equal to it. The block cuts what it has listed, so that few are ranked. The caller pays for none
// of this: the row leaves its registers when a crowd is there, and only then.
#pragma once

#include "cluster_row.cuh"
#include "cluster_shape.hpp"
#include "compact.cuh"
#include "element.hpp"

namespace topkit::cuda {

inline constexpr int kCrowdRoom = 512;  // of a block's list while it is thinned

inline constexpr int kCrowdVecs = 16, kCrowdWarps = 16;  // of a thread, of a block, at most

struct CrowdState {
  std::uint32_t warps[kCrowdVecs][kCrowdWarps];  // elements that a warp has
  std::uint32_t listed;
};

// Where a block stands in its row, from the maxima of all groups.
struct Standing {
  Key high;  // the block's best
  Key low;   // the least of its groups' maxima
  int ahead;  // groups of other blocks whose maximum is above whatever this block has: no more than k - ahead of the block's
              // elements are among the row's k best
};

// The best of a block; by each warp for itself. maxima is 16-byte aligned, a block has at least four groups.
__device__ __forceinline__ Key high_of(const Key* maxima, int log_groups, unsigned rank) {
  Key high = 0;
#pragma unroll 1
  for (int i = static_cast<int>(lane()); i < 1 << (log_groups - 2); i += kWarp) {
    const Vec v = reinterpret_cast<const Vec*>(maxima)[(rank << (log_groups - 2)) + i];
    high = ::max(high, ::max(::max(v.word[0], v.word[1]), ::max(v.word[2], v.word[3])));
  }
  return __reduce_max_sync(full_mask, high);
}

// By each warp for itself; `high` is known.
__device__ __forceinline__ Standing standing_of(const Key* maxima, int groups, int log_groups, unsigned rank,
                                                Key high) {
  Key low = ~Key{0};
  unsigned ahead = 0;
#pragma unroll 1
  for (int i = static_cast<int>(lane()); i < groups / 4; i += kWarp) {
    const Vec v = reinterpret_cast<const Vec*>(maxima)[i];
    if (static_cast<unsigned>(i) >> (log_groups - 2) == rank) {
      low = ::min(low, ::min(::min(v.word[0], v.word[1]), ::min(v.word[2], v.word[3])));
    } else {
#pragma unroll
      for (int j = 0; j < 4; ++j) ahead += v.word[j] > high ? 1 : 0;
    }
  }
  return {high, __reduce_min_sync(full_mask, low), static_cast<int>(__reduce_add_sync(full_mask, ahead))};
}

// The first `quota` of the elements of `mask` by position, all of key `key`, fill the list; returns how many. All threads of
// the block; ends with a barrier.
template <int kThreads, class Share>
__device__ __forceinline__ int list_first(const Share& share, typename Share::Mask mask, Key key, int quota,
                                          Candidate* list, CrowdState& s) {
  constexpr int kPerVec = Share::kPerVec, kVecs = Share::kElements / kPerVec, kWarps = kThreads / kWarp;
  static_assert(kVecs <= kCrowdVecs && kWarps <= kCrowdWarps);
  const auto of_vector = [&](int j) {
    return static_cast<std::uint32_t>(mask >> (j * kPerVec)) & ((1U << kPerVec) - 1);
  };
  int listed = 0;
  // `through`: of the warp's in vector j, those up to this thread's.
  const auto fill = [&](int j, std::uint32_t equal, std::uint32_t through) {
    const std::uint32_t sum = lane() < kWarps ? s.warps[j][lane()] : 0;
    int at =
        listed + static_cast<int>(__reduce_add_sync(full_mask, lane() < warp() ? sum : 0) + through) - __popc(equal);
    listed += static_cast<int>(__reduce_add_sync(full_mask, sum));
    const std::uint32_t first = share.position(j * kPerVec);
    if (equal == 0) return;
#pragma unroll
    for (int e = 0; e < kPerVec; ++e) {
      if ((equal >> e & 1U) == 0) continue;
      if (at < quota) list[at] = candidate(key, first + static_cast<std::uint32_t>(e));
      ++at;
    }
  };
  const auto through_lanes = [&](std::uint32_t equal) {
    auto through = static_cast<std::uint32_t>(__popc(equal));
#pragma unroll
    for (unsigned d = 1; d < kWarp; d *= 2) add_from_below(through, d);
    return through;
  };
  // The first vector is enough of many ties; of few all the others are counted at once.
  const std::uint32_t equal = of_vector(0), through = through_lanes(equal);
  if (lane() == kWarp - 1) s.warps[0][warp()] = through;
  __syncthreads();
  fill(0, equal, through);
  if (kVecs > 1 && listed < quota) {
#pragma unroll 1
    for (int j = 1; j < kVecs; ++j) {
      const std::uint32_t mine = __reduce_add_sync(full_mask, static_cast<std::uint32_t>(__popc(of_vector(j))));
      if (lane() == 0) s.warps[j][warp()] = mine;
    }
    __syncthreads();
#pragma unroll 1
    for (int j = 1; j < kVecs && listed < quota; ++j) fill(j, of_vector(j), through_lanes(of_vector(j)));
  }
  __syncthreads();
  return ::min(listed, quota);
}

// A thread's share (ShareOfRow) in its own memory, where an element is found by an index.
template <int kThreads, class E, class Share>
struct ShareAside {
  using Mask = typename Share::Mask;
  static constexpr int kPerVec = Share::kPerVec, kElements = Share::kElements;

  Pack packs[kElements / E::kPerPack];
  Mask there;
  std::uint32_t first, step;
  Pack best;

  __device__ explicit ShareAside(const Share& share)
      : there(share.there), first(share.position(0)), step(share.step * kPerVec), best(share.best()) {
#pragma unroll
    for (int i = 0; i < kElements / E::kPerPack; ++i) packs[i] = share.pack_at(i);
  }
  __device__ std::uint32_t position(int bit) const {
    return first + static_cast<std::uint32_t>(bit / kPerVec) * step + static_cast<std::uint32_t>(bit % kPerVec);
  }
  __device__ Pack pack_of(int bit) const { return packs[bit / E::kPerPack]; }

  // Bit s is set for elements of this key or a better one.
  __device__ Mask reaching(const E& element, Key limit) const {
    const Pack threshold = element.threshold(limit);
    Mask mask = 0;
#pragma unroll 1
    for (int j = 0; j < kElements / kPerVec; ++j) {
#pragma unroll
      for (int i = 0; i < Share::kPacks; ++i)
        mask |= static_cast<Mask>(E::passes(packs[j * Share::kPacks + i], threshold))
                << (j * kPerVec + i * E::kPerPack);
    }
    mask &= there;
    if (element.key(threshold, 0) == limit) return mask;
    Mask exact = 0;  // NaN, or no element's key: what passes may be less
#pragma unroll 1
    for (; mask != 0; mask &= mask - 1) {
      const int bit = lowest_bit(mask);
      exact |= static_cast<Mask>(element.key(pack_of(bit), bit % E::kPerPack) >= limit ? 1U : 0U) << bit;
    }
    return exact;
  }
  // Bit s is set for elements of this key.
  __device__ Mask equal(const E& element, Key key) const {
    const Mask reach = reaching(element, key);
    return key == ~Key{0} ? reach : reach & ~reaching(element, key + 1);
  }
};

// Fills the list with up to kCrowdRoom of the block's best and returns how many: the `wanted` best at least, or all that
// reach `low`, which becomes what the listed reach. None is above `high`; `likely` is a guess of what is wanted. All threads of
// the block, behind a barrier; ends with one owed.
template <int kThreads, class E, class Share>
__device__ __forceinline__ int thin_crowd(const E& element, const Share& share, Key& low, Key likely, Key high,
                                          int wanted, Candidate* list, CrowdState& s, CompactState& bins) {
  using Mask = typename Share::Mask;
  constexpr int kNotFound = kCrowdRoom + 1;
  const int thread = static_cast<int>(threadIdx.x);
  const Key bound = low;
  low = ::max(low, likely);
  if (thread == 0) {
    s.listed = 0;
    bins.low = low;
    bins.high = high;
    bins.above = 0;  // elements > high
    bins.within = kNotFound;
  }
  // low..high becomes the bin in which the last that is wanted lies, of what `add` adds by add_to(key).
  const auto narrow = [&](auto add) {
    const int bits = 32 - __clz(static_cast<int>(high - low)), shift = ::max(bits - kLogCompactBins, 0);
    for (int i = thread; i < kCompactBins; i += kThreads) bins.bins[i] = 0;
    __syncthreads();
    add([&](Key key) {
      if (key >= low && key <= high) atomicAdd(&bins.bins[(key - low) >> shift], 1U);
    });
    __syncthreads();
    if (warp() == 0) narrow_bins(bins, wanted, shift);
    __syncthreads();
    low = static_cast<Key>(bins.low);
  };
  // The best of each thread tell most of it, and cost little.
  narrow([&](auto add_to) {
    Key best = element.key(share.best, 0);
    if constexpr (E::kPerPack == 2) best = ::max(best, element.key(share.best, 1));
    if (share.there != 0) add_to(best);
  });
  if (bins.within == kNotFound) low = bound;  // fewer threads than that have one
  const Mask reach = share.reaching(element, low);
  if (reach != 0) list_elements(element, share, reach, list, kCrowdRoom, &s.listed);
  __syncthreads();
  const auto listed = static_cast<int>(s.listed);
  if (listed <= kCrowdRoom) return listed;
  __syncthreads();
  if (thread == 0) {
    s.listed = 0;
    bins.low = low;
    bins.high = high;
    bins.above = 0;
    bins.within = kNotFound;
  }
  const auto crowded = [&] { return bins.above + bins.within > kCrowdRoom; };
  while (low < high) {
    narrow([&](auto add_to) {
#pragma unroll 1
      for (Mask left = share.reaching(element, low); left != 0; left &= left - 1) {
        const int bit = lowest_bit(left);
        add_to(element.key(share.pack_of(bit), bit % E::kPerPack));
      }
    });
    high = static_cast<Key>(bins.high);
    if (!crowded()) break;
  }
  __syncthreads();
  // Those above low, and those equal to it if there is room for them.
  if (!crowded() || low != ~Key{0}) {
    const Mask better = share.reaching(element, crowded() ? low + 1 : low);
    if (better != 0) list_elements(element, share, better, list, kCrowdRoom, &s.listed);
  }
  __syncthreads();
  if (!crowded()) return static_cast<int>(s.listed);
  const int above = bins.above;
  return above + list_first<kThreads>(share, share.equal(element, low), low, wanted - above, list + above, s);
}

// Cuts the list of a crowd, which has more than `wanted`, to these and few more: bins over what is listed, narrowed until they
// tell enough apart, or down to one key, of which the first by position are wanted. Returns how many are left; ends with a
// barrier owed.
template <int kThreads, class E, class Share>
__device__ __forceinline__ int cut_crowd(const E& element, const Share& share, Candidate* list, int listed, Key low,
                                         Key high, int wanted, CrowdState& s, CompactState& bins) {
  const int thread = static_cast<int>(threadIdx.x), enough = ::min(wanted + wanted / 4 + 8, kClusterMostK);
  const Candidate mine = thread < listed ? list[thread] : 0;
  if (thread == 0) {
    s.listed = 0;
    bins.low = low;
    bins.high = high;
    bins.above = 0;
  }
  while (true) {
    for (int i = thread; i < kCompactBins; i += kThreads) bins.bins[i] = 0;
    __syncthreads();
    const int bits = 32 - __clz(static_cast<int>(high - low)), shift = ::max(bits - kLogCompactBins, 0);
    if (mine != 0 && key_of(mine) >= low && key_of(mine) <= high)
      atomicAdd(&bins.bins[(key_of(mine) - low) >> shift], 1U);
    __syncthreads();
    if (warp() == 0) narrow_bins(bins, wanted, shift);
    __syncthreads();
    low = static_cast<Key>(bins.low);
    high = static_cast<Key>(bins.high);
    const int kept = bins.above + bins.within;
    if (kept <= enough) {
      if (mine != 0 && key_of(mine) >= low) list[atomicAdd(&s.listed, 1U)] = mine;
      return kept;
    }
    if (low == high) break;
  }
  const int above = bins.above;
  if (mine != 0 && key_of(mine) > low) list[atomicAdd(&s.listed, 1U)] = mine;
  return above + list_first<kThreads>(share, share.equal(element, low), low, wanted - above, list + above, s);
}

// Whether the threads of the block have as many together. All threads; ends with a barrier.
template <int kThreads>
__device__ __forceinline__ bool block_has(unsigned mine, int many, CrowdState& s) {
  constexpr int kWarps = kThreads / kWarp;
  const std::uint32_t own = __reduce_add_sync(full_mask, mine);
  if (lane() == 0) s.warps[0][warp()] = own;
  __syncthreads();
  const std::uint32_t all = __reduce_add_sync(full_mask, lane() < kWarps ? s.warps[0][lane()] : 0);
  __syncthreads();
  return static_cast<int>(all) >= many;
}

// The crowd's part in the row's winners beside ties: fills the list, which has room for kCrowdRoom, with the `wanted` best and
// few more, kClusterMostK at most; returns how many. All threads of the block, behind a barrier; ends with one owed.
template <int kThreads, class E, class Share, class State>
__device__ __forceinline__ int list_of_crowd(const E& element, const Share& share, Key bound, const Standing& standing,
                                             int wanted, Candidate* list, State& state) {
  static_assert(kThreads >= kCrowdRoom);
  constexpr bool kFew = sizeof(typename E::Raw) <= 2;  // values: a sorted row has each of them many times
  if (kFew || standing.high == bound) {
    const typename Share::Mask best = share.reaching(element, standing.high);
    if (standing.high == bound || __syncthreads_count(best != 0 ? 1 : 0) >= wanted)
      return list_first<kThreads>(share, best, standing.high, wanted, list, state.crowd);
  }
  Key low = bound;
  const int listed =
      thin_crowd<kThreads>(element, share, low, standing.low, standing.high, wanted, list, state.crowd, state.compact);
  if (listed <= wanted) return listed;
  __syncthreads();
  return cut_crowd<kThreads>(element, share, list, listed, low, standing.high, wanted, state.crowd, state.compact);
}

}  // namespace topkit::cuda
