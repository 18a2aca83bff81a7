// A bound for the best of a row from a sample of it, of which each thread of the first warps has a granule: by a block, or by half of
// one.
//
// As radix_split.cuh, which divides a row among blocks and so needs to know how many are above each bin; here one bin is
// looked for, by the one warp in whose bins it lies. The first bins mostly say enough; where they do not, the search has the registers that
// the row's own granules would take.
#pragma once

#include "radix_rows_team.cuh"

namespace topkit::cuda {

// Four bins a thread.
template <class Team>
inline constexpr int kBoundBinsLog = Team::kRows == 1 ? kSplitBinsLog : kSplitBinsLog - 1;
template <class Team>
inline constexpr std::uint32_t kBoundBins = 1U << kBoundBinsLog<Team>;

// Where `wanted` of all items are reached from above, 1 <= wanted <= all; of fewer, nothing but their number is returned. The
// team calls, behind a barrier; ends with one.
template <class Team>
__device__ std::uint32_t find_by_one(const std::uint32_t* bins, std::uint32_t* warps, std::uint32_t wanted,
                                     FoundBin& found) {
  static_assert(kBoundBins<Team> == 4 * Team::kThreads);
  const std::uint32_t first = (Team::kThreads - 1 - Team::thread()) * 4;
  const uint4 own = *reinterpret_cast<const uint4*>(bins + first);
  const std::uint32_t sum = own.x + own.y + own.z + own.w;
  const std::uint32_t total = __reduce_add_sync(full_mask, sum);
  if (lane() == 0) warps[Team::warp_at()] = total;
  Team::sync();
  const std::uint32_t other = lane() < Team::kWarps ? warps[lane()] : 0;
  const std::uint32_t all = __reduce_add_sync(full_mask, other);
  const std::uint32_t earlier = __reduce_add_sync(full_mask, lane() < Team::warp_at() ? other : 0);
  if (earlier < wanted && wanted <= earlier + total) {
    const std::uint32_t before = earlier + sum_through(sum) - sum;
    const std::uint32_t to_z = before + own.w, to_y = to_z + own.z, to_x = to_y + own.y;
    if (before < wanted && wanted <= before + sum)
      found = wanted <= to_z   ? FoundBin{first + 3, before, own.w}
              : wanted <= to_y ? FoundBin{first + 2, to_z, own.z}
              : wanted <= to_x ? FoundBin{first + 1, to_y, own.y}
                               : FoundBin{first, to_x, own.x};
  }
  Team::sync();
  return all;
}

template <class E>
struct RowBound {
  typename Words<E>::Word word;  // what is not below it passes
  bool by_key;                   // it is the lowest of its key
};

// Bins of the words from `base`, 1 << shift a bin, so many that the highest is within kBoundBins.
template <class Team, class E>
struct BoundBins {
  using Word = typename Words<E>::Word;
  static constexpr int kHalf = Words<E>::kHalf, kBinsLog = kBoundBinsLog<Team>;
  Word base;
  int shift;

  template <class Number>
  __device__ static int shift_of(Number span) {
    const int bits =
        8 * sizeof(span) - (sizeof(span) == 8 ? __clzll(static_cast<long long>(span)) : __clz(static_cast<int>(span)));
    return ::max(bits - kBinsLog, 0);
  }
  // What the sample's warps vouch for and its best say.
  __device__ static BoundBins likely(Key floor, Key top) {
    Key low = ::max(floor, top > kLikelySpan<E> ? top - kLikelySpan<E> : 0);
    if constexpr (Team::kRows > 1) low = likely_low<E>(floor, top);
    return {Words<E>::lowest(low), shift_of(top - low) + kHalf};
  }
  __device__ RowBound<E> bound(const FoundBin& found) const {
    return {base + (static_cast<Word>(found.bin) << shift), shift >= kHalf};
  }
  __device__ bool suffice(const FoundBin& found, std::uint32_t reach) const {
    if (found.within <= reach / 8 + 2 || shift == 0) return true;
    return Team::kRows == 1 && found.above + found.within <= reach + reach / 32 + 2;  // others have no room for more
  }
};

// The keys of a thread's part of the sample.
template <class E>
struct SampledKeys {
  static constexpr int kPerVec = RadixShare<E>::kPerVec;
  Pack packs[E::kPacksPerVec];

  __device__ void set(const E& element, const Vec& v) {
    element.unpack(v, packs);
#pragma unroll
    for (Pack& pack : packs)
      pack = E::kPerPack == 1 ? element.key(pack, 0) : element.key(pack, 1) << 16 | element.key(pack, 0);
  }
  __device__ Key operator[](int e) const {
    if constexpr (E::kPerPack == 1) {
      return packs[e];
    } else {
      return e % 2 == 0 ? packs[e / 2] & 0xffff : packs[e / 2] >> 16;
    }
  }
  __device__ Key best() const {
    Key best = 0;
#pragma unroll
    for (int e = 0; e < kPerVec; ++e) best = ::max(best, (*this)[e]);
    return best;
  }
};

// Fills the first bins and says which these are. `size` threads, whole warps, have keys. counts (kBoundBins) and s are zero, s.lowest
// is ~0, behind a barrier. Ends with one.
template <class Team, class E>
__device__ __forceinline__ BoundBins<Team, E> count_sample(std::uint32_t* counts, SplitState& s,
                                                           const SampledKeys<E>& keys, std::uint32_t size,
                                                           std::uint32_t reach) {
  using Bins = BoundBins<Team, E>;
  const bool has = Team::thread() < size;
  if (has) s.raise(keys.best(), reach, size);
  Team::sync();
  const Bins bins = Bins::likely(s.floor, s.high);
  if (has) {
    const Key low = Words<E>::key(bins.base);
#pragma unroll
    for (int e = 0; e < SampledKeys<E>::kPerVec; ++e) {
      const Key key = keys[e];
      if (key >= low) atomicAdd(&counts[(key - low) >> (bins.shift - Words<E>::kHalf)], 1U);
    }
  }
  Team::sync();
  return bins;
}

// Whether about `reach` of the sample reach the bound that the first bins say. Ends with a barrier.
template <class Team, class E>
__device__ __forceinline__ bool find_bound(const BoundBins<Team, E>& bins, const std::uint32_t* counts, SplitState& s,
                                           std::uint32_t* warps, std::uint32_t reach, RowBound<E>& bound) {
  const bool all = find_by_one<Team>(counts, warps, reach, s.found) >= reach;
  const FoundBin found = s.found;
  bound = bins.bound(found);
  return all && bins.suffice(found, reach);
}

// The same, and from there, where they say too little: down to where the bound is. The first element of a thread's part is at `position`.
// Where it divides the elements of one key that keys_suffice(key) names, it is any of them.
template <class Team, class E, class KeysSuffice>
__device__ RowBound<E> search_bound(BoundBins<Team, E> bins, std::uint32_t* counts, SplitState& s, std::uint32_t* warps,
                                    const SampledKeys<E>& keys, const Words<E>& words, std::uint32_t size,
                                    std::uint32_t position, std::uint32_t reach, KeysSuffice keys_suffice) {
  using Bins = BoundBins<Team, E>;
  using Word = typename Words<E>::Word;
  constexpr int kPerVec = SampledKeys<E>::kPerVec, kHalf = Words<E>::kHalf;
  const bool has = Team::thread() < size;
#pragma unroll 1
  for (int round = 0;; ++round) {
    const bool all = find_by_one<Team>(counts, warps, reach, s.found) >= reach;
    const FoundBin found = s.found;
    const RowBound<E> bound = bins.bound(found);
    if (all && bins.suffice(found, reach)) return bound;
    if (!all) {
      if (Team::thread() == 0) s.heavy = 1;  // keys lie far apart
      __syncwarp(full_mask);
      // The floor where it was not tried; of a row in order it is too high, but the likely keys are not.
      const Key likely = s.high > kLikelySpan<E> ? s.high - kLikelySpan<E> : 0;
      const Key low = Words<E>::key(bins.base) > s.floor ? s.floor : ::min(likely, s.floor);
      bins.base = round == 0 ? Words<E>::lowest(low) : 0;
      bins.shift = Bins::shift_of((Words<E>::lowest(s.high) | ((Word{1} << kHalf) - 1)) - bins.base);
    } else if (bins.shift >= kHalf) {
      // The bin of the bound, from its least key to its greatest; what is above goes to the highest bin, which none of them needs. Of
      // equal keys only positions are left.
      const Key from = Words<E>::key(bound.word);
      if (has) {
        Key low = ~Key{0}, high = 0;
#pragma unroll
        for (int e = 0; e < kPerVec; ++e) {
          const Key key = keys[e];
          if (key < from || (key - from) >> (bins.shift - kHalf) != 0) continue;
          low = ::min(low, key);
          high = ::max(high, key);
        }
        s.widen(low, high);
      }
      __syncwarp(full_mask);
      Team::sync();
      const Key span = s.highest - s.lowest;
      bins.base = Words<E>::lowest(s.lowest);
      if (span == 0 && keys_suffice(s.lowest)) {
        Team::sync();
        if (Team::thread() == 0) {  // as they were, for whoever widens them next
          s.lowest = ~Key{0};
          s.highest = 0;
        }
        __syncwarp(full_mask);
        return {bins.base, false};
      }
      bins.shift = Bins::shift_of(span);
      bins.shift += span >> bins.shift == kBoundBins<Team> - 1 ? kHalf + 1 : kHalf;
      if (span == 0) bins.shift = kHalf - Bins::kBinsLog;
    } else {
      bins.base = bound.word;
      bins.shift = ::max(bins.shift - Bins::kBinsLog, 0);
    }
    reinterpret_cast<uint4*>(counts)[Team::thread()] = make_uint4(0, 0, 0, 0);
    Team::sync();
    if (Team::thread() == 0) {
      s.lowest = ~Key{0};
      s.highest = 0;
    }
    __syncwarp(full_mask);
    if (has) {
#pragma unroll
      for (int e = 0; e < kPerVec; ++e) {
        const Word w = words.word(keys[e], position + e);
        if (w < bins.base) continue;
        const Word bin = (w - bins.base) >> bins.shift;
        atomicAdd(&counts[bin < kBoundBins<Team> ? static_cast<std::uint32_t>(bin) : kBoundBins<Team> - 1U], 1U);
      }
    }
    __syncwarp(full_mask);
    Team::sync();
  }
}

}  // namespace topkit::cuda
