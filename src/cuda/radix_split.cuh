// What a sample says about a row: how far down its best k reach, and where in between to cut, so that each block of a
// cluster gets an equal part of them. Every block finds the same from the same sample; nothing is exchanged.
//
// Cuts are between bins, and bins are even parts of a range of candidates, that is of key and position together: equal keys
// are cut by position, and a row of one key is divided like any other. Where a bin holds more than a block's part, cuts are at
// even ranks of the sample itself. The range begins as what the sample's warps vouch for
// and is narrowed to where the last winner is expected until the bin in which it lies holds few.
// Idea: sample sort (Frazer and McKellar, 1970); ties split by position, as in Axtmann et al., "In-place parallel super
// scalar samplesort" (2017).
#pragma once

#include <type_traits>

#include "radix_order.cuh"
#include "radix_share.cuh"

namespace topkit::cuda {

inline constexpr int kSplitBinsLog = 11;
inline constexpr int kSplitBins = 1 << kSplitBinsLog;
inline constexpr int kSplitOwn = kSplitBins / kOrderThreads;

// Even bins over a range of candidates; monotone. The positions of a row take `left` bits less than 32.
struct RangeBins {
  Candidate base;
  int shift, left;

  // A candidate whose position fills its low half.
  __device__ Candidate dense(Candidate c) const {
    return (c & 0xffffffff00000000ULL) | (static_cast<std::uint32_t>(c) << left);
  }
  // The least candidate that is not below a dense one.
  __device__ Candidate undense(Candidate d) const {
    return (d & 0xffffffff00000000ULL) | ~(~0U >> left) | static_cast<std::uint32_t>(d) >> left;
  }
  // As many first positions, of those that its key has, are not below a dense candidate.
  __device__ std::uint32_t in_front(Candidate d) const {
    return static_cast<std::uint32_t>((0x100000000ULL - static_cast<std::uint32_t>(d)) >> left);
  }
  // Of base..top, the topmost eighth left empty for what is a little higher.
  __device__ void set(Candidate from, Candidate top) {
    base = from;
    const Candidate span = (top - from) | 7;
    const int bits = 64 - __clzll(static_cast<long long>(span));
    const int room = (span >> (bits - 3)) == 7 ? 1 : 0;
    shift = ::max(bits + room - kSplitBinsLog, 0);
  }
  // Of the keys from..top, whole keys a bin.
  __device__ void set_keys(Key from, Key top) {
    base = static_cast<Candidate>(from) << 32;
    const Key span = (top - from) | 7;
    const int bits = 32 - __clz(static_cast<int>(span));
    const int room = (span >> (bits - 3)) == 7 ? 1 : 0;
    shift = 32 + ::max(bits + room - kSplitBinsLog, 0);
  }
  // d >= base, as dense() gives it; what is beyond the range is in the highest bin.
  __device__ std::uint32_t bin(Candidate d) const {
    const Candidate v = (d - base) >> shift;
    return v < kSplitBins ? static_cast<std::uint32_t>(v) : kSplitBins - 1U;
  }
  // The same of what the range holds.
  __device__ std::uint32_t bin_within(Candidate d) const { return static_cast<std::uint32_t>((d - base) >> shift); }
};

struct SplitState {
  Key floor, high;      // zero when the sample is looked at: a key that a large part of it reaches, and its best
  Key lowest, highest;  // ~0 and zero when the sample is looked at: of the keys in the first bin that holds too many
  FoundBin found;
  std::uint32_t reached;  // of the sample
  std::uint32_t
      heavy;  // zero when the sample is looked at: the last round in which a bin held more than a block may order; of one
              // block, whether the bound lies below the likely keys
  std::uint32_t picked;                         // sampled elements of which cuts were made; 0: bins part the blocks
  alignas(8) Candidate cuts[kMostRadixBlocks];  // dense, descending: the lowest of a block, where bins say too little

  __device__ bool by_cuts() const { return picked != 0; }

  // Widens lowest and highest by what a warp's lanes found, ~0 and zero of none. All lanes.
  __device__ __forceinline__ void widen(Key low, Key high) {
    low = __reduce_min_sync(full_mask, low);
    high = __reduce_max_sync(full_mask, high);
    if (lane() == 0 && high != 0) {
      atomicMin(&lowest, low);
      atomicMax(&highest, high);
    }
  }

  // From the best key of each lane's granule, of a sample of which `reach` among `size` granules shall pass. Whole warps; a barrier
  // is owed. The least of a warp's 32 granules' bests, and of all warps the highest: about 45 % of the sample reach it.
  // With more than 1.3 winners a granule it might be above the bound.
  __device__ void raise(Key best, std::uint32_t reach, std::uint32_t size) {
    const bool vouched = 10 * reach < 13 * size;
    const Key least = vouched ? __reduce_min_sync(full_mask, best) : 0;
    const Key most = __reduce_max_sync(full_mask, best);
    if (lane() == 0 && most != 0) {
      if (least != 0) atomicMax(&floor, least);
      atomicMax(&high, most);
    }
  }
};

// bins[bin] is the number of sampled elements in higher bins; what it is below `reach` for passes.
struct Split {
  RangeBins bins;
  Candidate bound;  // dense; the lowest that passes
  std::uint32_t reach;
  std::uint32_t share;  // 2^16 * blocks / the part of the sample that is divided evenly among them
  bool uneven;          // a bin holds more than a block may order

  // Of 0..blocks - 1, the block that orders what has `before` sampled elements above it.
  __device__ std::uint32_t owner(std::uint32_t before, std::uint32_t blocks) const {
    return ::min(before * share >> 16, blocks - 1);
  }
};

// The block that orders a dense candidate, where cuts part them: as many cuts are above it.
__device__ inline std::uint32_t owner_by_cuts(const SplitState& s, Candidate d, std::uint32_t blocks) {
  std::uint32_t owner = 0;
#pragma unroll 1
  for (std::uint32_t step = blocks / 2; step > 0; step /= 2) owner += s.cuts[owner + step - 1] > d ? step : 0;
  return owner;
}

// The lowest bin whose number of higher sampled elements has a property that those of higher bins have too, or kSplitBins;
// by each warp for itself.
template <class Has>
__device__ std::uint32_t lowest_bin(const std::uint32_t* before, Has has) {
  constexpr std::uint32_t kStep = kSplitBins / kWarp;
  const auto first_of = [](unsigned lanes) { return static_cast<std::uint32_t>(__ffs(static_cast<int>(lanes))) - 1; };
  const unsigned ends = __ballot_sync(full_mask, has(before[lane() * kStep + kStep - 1]));
  if (ends == 0) return kSplitBins;
  std::uint32_t first = first_of(ends) * kStep;
  unsigned here = __ballot_sync(full_mask, has(before[first + lane()]));
  if (here == 0) {
    first += kWarp;
    here = __ballot_sync(full_mask, has(before[first + lane()]));
  }
  return first + first_of(here);
}

// A span of keys in which floating-point winners usually lie: four octaves.
template <class E>
inline constexpr Key kLikelySpan = std::is_same_v<E, F32>    ? 4U << 23
                                   : std::is_same_v<E, Bf16> ? 4U << 7
                                   : std::is_same_v<E, F16>  ? 4U << 10
                                                             : ~0U;

// Keys of a float.
template <class E>
struct FloatKeys {
  static constexpr bool kNarrow = sizeof(typename E::Raw) == 2;
  static constexpr Key kZero = kNarrow ? 0x8000 : 0x80000000;
  static constexpr Key kInfinity = std::is_same_v<E, F32> ? 0xff800000 : std::is_same_v<E, Bf16> ? 0xff80 : 0xfc00;
  static constexpr Key kMinusInfinity = 2 * kZero - 1 - kInfinity;
};

// Where the bins of a sample begin whose best key is `top` and of which the floor is vouched for: the bound is likely to lie above it. What
// infinities, or zeros that are most of a row, tell of other keys is nothing.
template <class E>
__device__ Key likely_low(Key floor, Key top) {
  if constexpr (E::kOctave != 0) {
    if (top >= FloatKeys<E>::kInfinity || floor == FloatKeys<E>::kZero) return floor;
  }
  return ::max(floor, top > kLikelySpan<E> ? top - kLikelySpan<E> : 0);
}

// A thread's part of the sample: `size` threads have a granule, whose first element is at `position`. counts
// (kSplitBins) and s are zero, behind a barrier. reach: as many of the sample shall pass; share: Split's, 0: of all that pass. Ends with a
// barrier.
template <class E>
__device__ Split split_sample(std::uint32_t* counts, SplitState& s, DigitState& digits, const E& element, const Vec& v,
                              std::uint32_t size, std::uint32_t position, int left, std::uint32_t reach,
                              std::uint32_t share, int blocks_log) {
  constexpr int kPerVec = RadixShare<E>::kPerVec;
  const bool has = threadIdx.x < size;
  Pack packs[E::kPacksPerVec];
  element.unpack(v, packs);
  Key keys[kPerVec];
  Key best = 0;
#pragma unroll
  for (int e = 0; e < kPerVec; ++e) {
    keys[e] = has ? element.key(packs[e / E::kPerPack], e % E::kPerPack) : 0;
    best = ::max(best, keys[e]);
  }
  s.raise(best, reach, size);
  __syncthreads();
  const Key floor = s.floor, top = s.high;
  Candidate ceiling = static_cast<Candidate>(top) << 32 | 0xffffffffU;
  const Key low_key = likely_low<E>(floor, top);
  Split split;
  split.reach = reach;
  split.bins.left = left;
  const bool tied = floor == top;  // keys tell nothing apart
  if (tied) {
    split.bins.set(static_cast<Candidate>(top) << 32, ceiling);
  } else {
    split.bins.set_keys(low_key, top);
  }
  const std::uint32_t slack = reach / 8 + 2;
  constexpr std::uint32_t kUneven = 12;  // sampled elements that a block may order beyond its part
  const std::uint32_t most = (reach >> blocks_log) + kUneven;
#pragma unroll 1
  for (int round = 0;; ++round) {
    if (round == 0 && !tied) [[likely]] {
#pragma unroll
      for (int e = 0; e < kPerVec; ++e) {
        const Key bin = (keys[e] - low_key) >> (split.bins.shift - 32);
        if (has && keys[e] >= low_key) atomicAdd(&counts[bin], 1U);
      }
    } else {
#pragma unroll
      for (int e = 0; e < kPerVec; ++e) {
        const Candidate d = split.bins.dense(candidate(keys[e], position + e));
        if (has && d >= split.bins.base) atomicAdd(&counts[split.bins.bin(d)], 1U);
      }
    }
    std::uint32_t heaviest = 0;  // of this thread's bins
    bool reaches = false;
    __syncthreads();
    scan_down<kSplitOwn, true>(counts, digits, [&](std::uint32_t bin, std::uint32_t before, std::uint32_t own) {
      if (before < reach && reach <= before + own) s.found = {bin, before, own};
      if (bin == 0) s.reached = before + own;
      heaviest = ::max(heaviest, own);
      if (bin % kSplitOwn == kSplitOwn - 1) reaches = before < reach;  // the highest
    });
    if (reaches && heaviest > most) s.heavy = static_cast<std::uint32_t>(round) + 1;
    __syncthreads();
    const FoundBin found = s.found;
    const bool all = s.reached >= reach;
    split.bound = split.bins.base + (static_cast<Candidate>(found.bin) << split.bins.shift);
    const bool suffices = found.within <= slack || found.above + found.within <= reach + reach / 32 + 2;
    if (all && (suffices || split.bins.shift == 0)) {
      split.uneven = blocks_log != 0 && s.heavy == static_cast<std::uint32_t>(round) + 1;
      break;
    }
    const int shift = split.bins.shift;
    if (!all) {
      split.bins.set(round == 0 && low_key > floor ? static_cast<Candidate>(floor) << 32 : 0, ceiling);
    } else {
      // Down to the bin of the bound. The few best are left to the highest bin; when more are far above, these too.
      const std::uint32_t few = reach / 16 + 2;
      const std::uint32_t upper = lowest_bin(counts, [few](std::uint32_t before) { return before < few; });
      if (upper < kSplitBins - 1) ceiling = split.bins.base + (static_cast<Candidate>(upper + 1) << shift) - 1;
      split.bins.set(split.bound, ceiling);
      if (split.bins.shift >= shift || round > 3) split.bins.shift = ::max(shift - kSplitBinsLog, 0);
      Key low = ~Key{0}, high = 0;
#pragma unroll
      for (int e = 0; e < kPerVec; ++e) {
        const Candidate d = split.bins.dense(candidate(keys[e], position + e));
        if (!has || d < split.bound || (d - split.bound) >> shift != 0) continue;
        low = ::min(low, keys[e]);
        high = ::max(high, keys[e]);
      }
      s.widen(low, high);
    }
    __syncthreads();
    // Equal keys need no search for how close they are.
    if (all && s.lowest == s.highest && shift > 32) {
      const Candidate from = static_cast<Candidate>(s.lowest) << 32;
      split.bins.set(from, from | 0xffffffffU);
    }
    reinterpret_cast<uint4*>(counts)[threadIdx.x] = make_uint4(0, 0, 0, 0);
    __syncthreads();
  }
  split.share = share != 0
                    ? share
                    : static_cast<std::uint32_t>(static_cast<float>(65536U << blocks_log) / static_cast<float>(reach));
  return split;
}

}  // namespace topkit::cuda
