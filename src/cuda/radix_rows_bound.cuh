// A bound for the best of a row from a sample of it, of which each thread of the first warps has a granule.
//
// As radix_split.cuh, which divides a row among blocks and so needs to know how many are above each bin; here one bin is
// looked for, by the one warp in whose bins it lies.
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

// `size` threads, whole warps, have a granule `v`, whose first element is at `position`. counts (kSplitBins) and s are zero, s.lowest
// is ~0, behind a barrier. About `reach` of the sample reach the bound; where it divides the elements of a key that keys_suffice(key)
// names, it is any of them. A block calls. Ends with a barrier.
template <class E, class KeysSuffice>
__device__ RowBound<E> row_bound(std::uint32_t* counts, SplitState& s, DigitState& digits, const E& element,
                                 const Words<E>& words, const Vec& v, std::uint32_t size, std::uint32_t position,
                                 std::uint32_t reach, KeysSuffice keys_suffice) {
  using Word = typename Words<E>::Word;
  constexpr int kPerVec = RadixShare<E>::kPerVec, kHalf = Words<E>::kHalf;
  constexpr int kWordBits = 2 * kHalf;
  const bool has = threadIdx.x < size;
  Key keys[kPerVec];
  if (has) {
    Pack packs[E::kPacksPerVec];
    element.unpack(v, packs);
    Key best = 0;
#pragma unroll
    for (int e = 0; e < kPerVec; ++e) {
      keys[e] = element.key(packs[e / E::kPerPack], e % E::kPerPack);
      best = ::max(best, keys[e]);
    }
    s.raise(best, reach, size);
  }
  __syncthreads();
  const Key floor = s.floor, top = s.high;
  const Key likely = top > kLikelySpan<E> ? top - kLikelySpan<E> : 0;
  const std::uint32_t slack = reach / 8 + 2;
  // Bins are of the words from `base`, 1 << shift a bin, so many that the highest is within kSplitBins.
  const auto shift_of = [](auto span, int bits) {
    const int over = bits - kSplitBinsLog -
                     (sizeof(span) == 8 ? __clzll(static_cast<long long>(span)) : __clz(static_cast<int>(span)));
    return over > 0 ? over : 0;
  };
  Key low_key = ::max(floor, likely);
  int shift = shift_of(top - low_key, 32) + kHalf;
  Word base = Words<E>::lowest(low_key);
  if (has) {
#pragma unroll
    for (int e = 0; e < kPerVec; ++e)
      if (keys[e] >= low_key) atomicAdd(&counts[(keys[e] - low_key) >> (shift - kHalf)], 1U);
  }
#pragma unroll 1
  for (int round = 0;; ++round) {
    __syncthreads();
    const bool all = find_by_one<BlockTeam>(counts, digits.warps, reach, s.found) >= reach;
    const FoundBin found = s.found;
    const Word bound = base + (static_cast<Word>(found.bin) << shift);
    if (all && (found.within <= slack || shift == 0)) return {bound, shift >= kHalf};
    if (!all) {
      base = round == 0 && likely > floor ? Words<E>::lowest(floor) : 0;
      const Word ceiling = Words<E>::lowest(top) | ((Word{1} << kHalf) - 1);
      shift = shift_of(static_cast<Word>(ceiling - base), kWordBits);
    } else if (shift >= kHalf) {
      // The bin of the bound, from its least key to its greatest; what is above goes to the highest bin, which none of them needs. Of
      // equal keys only positions are left.
      const Key from = Words<E>::key(bound);
      Key low = ~Key{0}, high = 0;
      if (has) {
#pragma unroll
        for (int e = 0; e < kPerVec; ++e) {
          if (keys[e] < from || (keys[e] - from) >> (shift - kHalf) != 0) continue;
          low = ::min(low, keys[e]);
          high = ::max(high, keys[e]);
        }
        s.widen(low, high);
      }
      __syncthreads();
      low = s.lowest;
      const Key span = s.highest - low;
      base = Words<E>::lowest(low);
      if (span == 0 && keys_suffice(low)) return {base, false};
      shift = shift_of(span, 32);
      shift += span >> shift == kSplitBins - 1 ? kHalf + 1 : kHalf;
      if (span == 0) shift = kHalf - kSplitBinsLog;
    } else {
      base = bound;
      shift = ::max(shift - kSplitBinsLog, 0);
    }
    reinterpret_cast<uint4*>(counts)[threadIdx.x] = make_uint4(0, 0, 0, 0);
    __syncthreads();
    if (threadIdx.x == 0) {
      s.lowest = ~Key{0};
      s.highest = 0;
    }
    __syncwarp(full_mask);
    if (has) {
#pragma unroll
      for (int e = 0; e < kPerVec; ++e) {
        const Word w = words.word(keys[e], position + e);
        if (w < base) continue;
        const Word bin = (w - base) >> shift;
        atomicAdd(&counts[bin < kSplitBins ? static_cast<std::uint32_t>(bin) : kSplitBins - 1U], 1U);
      }
    }
  }
}

}  // namespace topkit::cuda
