// A row, or the part of it that a team's registers hold after the other: what reaches the bound is listed.
#pragma once

#include "radix_rows_bound.cuh"
#include "simt_pairs.hpp"

namespace topkit::cuda {

// A stage is 16384 elements or as many as are said, longer rows take several.
template <class E, class Team, int kElements = 16384>
struct RowStage {
  static_assert(E::kRawPacks);
  static constexpr std::uint32_t kThreads = Team::kThreads;
  static constexpr int kVecs = kElements / static_cast<int>(kThreads) / RadixShare<E>::kPerVec;
  static constexpr std::uint32_t kGranules = kVecs * kThreads;
  Vec vecs[kVecs];

  // Whether granules from..from + kGranules / 2 - 1 are all that is left.
  __device__ static bool is_half(std::uint32_t from, std::uint32_t end) { return from + kGranules / 2 >= end; }

  // The row's granules from..from + kGranules - 1, those of them that lie inside it; of a thread's kFrom..kTo - 1. kAgain: they shall
  // stay in L1.
  template <int kFrom = 0, int kTo = kVecs, bool kAgain = false>
  __device__ void load(const RadixShare<E>& share, std::uint32_t from) {
    const std::uint32_t first = from + Team::thread(), begin = share.whole_begin, end = share.whole_end;
    const Vec* const granules = share.row.vectors() + first;
    const bool half = is_half(from, end);
#pragma unroll
    for (int j = kFrom; j < kTo; ++j) {
      if (j >= kVecs / 2 && half) break;
      const std::uint32_t g = first + j * kThreads;
      if (g >= begin && g < end) vecs[j] = kAgain ? granules[j * kThreads] : load_once(granules + j * kThreads);
    }
  }
  // Elements of granules that do not lie inside the row become kPad.
  __device__ void blank(const RadixShare<E>& share, std::uint32_t from) {
    const std::uint32_t first = from + Team::thread(), begin = share.whole_begin, end = share.whole_end;
#pragma unroll
    for (int j = 0; j < kVecs; ++j)
      if (first + j * kThreads < begin || first + j * kThreads >= end) vecs[j] = {E::kPad, E::kPad, E::kPad, E::kPad};
  }
  // Calls f(pack, position, j) for all packs of this thread, whose first element is at `first`; j: of its granules.
  template <class F>
  __device__ void each_pack(const E& element, bool half, std::uint32_t first, F f) const {
    constexpr int kPerVec = RadixShare<E>::kPerVec;
#pragma unroll
    for (int j = 0; j < kVecs; ++j) {
      if (j == kVecs / 2 && half) break;
      Pack packs[E::kPacksPerVec];
      element.unpack(vecs[j], packs);
#pragma unroll
      for (int i = 0; i < E::kPacksPerVec; ++i) f(packs[i], first + j * kThreads * kPerVec + i * E::kPerPack, j);
    }
  }
};

// Which elements of a pack are not below the threshold: of one, 1 or 0; of two, 0xffff or 0 in its half.
template <class E>
__device__ std::uint32_t passing(Pack pack, Pack threshold) {
  if constexpr (std::is_same_v<E, Bf16>) {
    return not_less_bf16x2(pack, threshold);
  } else if constexpr (std::is_same_v<E, F16>) {
    return not_less_f16x2(pack, threshold);
  } else {
    return E::passes(pack, threshold);
  }
}
// Writes the entries of those, of a pack whose first element is at `position`.
template <class E>
__device__ __forceinline__ void push_passing(Pack pack, Pack threshold, SharedEnd<typename Words<E>::Word>& end,
                                             std::uint32_t position) {
  const auto low = Words<E>::entry(pack, 0, position);
  if constexpr (std::is_same_v<E, Bf16>) {
    push_not_less_bf16x2(pack, threshold, end, low, Words<E>::entry(pack, 1, position + 1));
  } else if constexpr (std::is_same_v<E, F16>) {
    push_not_less_f16x2(pack, threshold, end, low, Words<E>::entry(pack, 1, position + 1));
  } else {
    push_if(E::passes(pack, threshold) != 0, end, low);
  }
}

// Of a bound: what packs are compared with. It says all where the bound is the lowest word of a key that is no NaN's, whose
// threshold +inf passes too, and above kPad, which stands for elements that are not there.
template <class E>
struct RowThreshold {
  Pack pack;
  bool says_all;

  __device__ RowThreshold(const E& element, const RowBound<E>& bound) {
    const Key key = Words<E>::key(bound.word);
    pack = element.threshold(key);
    says_all = bound.by_key && element.key(pack, 0) >= key && E::passes(E::kPad, pack) == 0;
  }
};

// Of a key whose elements a bound divides: what these reach, and what is above them. They say nothing of NaN, nor of -inf where elements
// that are not there are kPad, nor of what nothing but NaN is above.
template <class E>
struct TieThresholds {
  Pack through, above;
  bool say_all;

  __device__ TieThresholds(const E& element, Key key, const RadixShare<E>& share) {
    through = element.threshold(key);
    above = element.threshold(key + 1);
    constexpr std::uint32_t kWhole = RowStage<E, BlockTeam>::kGranules / 2;
    say_all = element.key(through, 0) == key && element.key(above, 0) == key + 1 &&
              (E::passes(E::kPad, through) == 0 ||
               (share.whole_begin == 0 && share.row.granules() == share.whole_end && share.whole_end % kWhole == 0));
  }
};

// Appends what is not below `threshold` to the list as far as that has room, and counts all. A thread's first
// element is at `first`; half: its later granules are not there.
template <class Team, class E, class Stage>
__device__ __forceinline__ void append(const E& element, std::uint32_t& passed, const Stage& stage, bool half,
                                       std::uint32_t first, typename Words<E>::Word* list, Pack threshold) {
  std::uint32_t own = 0;
  stage.each_pack(element, half, first, [&](Pack pack, std::uint32_t, int) {
    if constexpr (E::kPerPack == 2) {
      own += passing<E>(pack, threshold);
    } else {
      count_if(passing<E>(pack, threshold) != 0, own);
    }
  });
  if constexpr (E::kPerPack == 2) {
    // The sum of l low and h high halves is (l - h) << 16 less l.
    const std::uint32_t low = -own & 0xffffU;
    own = (2 * low - ((own + low) >> 16)) & 0xffffU;
  }
  const std::uint32_t through = sum_through(own);
  std::uint32_t base = 0;
  if (lane() == kWarp - 1 && through != 0) {
    base = atomicAdd(&passed, through);
    if (base + through > Team::kListed) base = ~0U;
  }
  base = __shfl_sync(full_mask, base, kWarp - 1);
  if (base == ~0U) return;
  SharedEnd<typename Words<E>::Word> end(list + (base + through - own));
  // Another register for the same, so that the compiler compares again and keeps no results.
  const Pack again = __shfl_sync(full_mask, threshold, 0);
  stage.each_pack(element, half, first,
                  [&](Pack pack, std::uint32_t position, int) { push_passing<E>(pack, again, end, position); });
}

// Lists what is not below `threshold`, of the row whose first granules are in `stage`.
template <class Team, class E, class Stage>
__device__ __forceinline__ void filter_row(const E& element, std::uint32_t& passed, const RadixShare<E>& share,
                                           Stage& stage, typename Words<E>::Word* list, Pack threshold) {
  const std::uint32_t edge = Team::warp_at() == 0 ? share.edge_of_lane() : ~0U;  // in granules that are not whole
  if (edge != ~0U) {
    const Pack pack = element.pack(share.row.x[edge]);
    if ((E::passes(pack, threshold) & 1U) != 0) {
      const std::uint32_t slot = atomicAdd(&passed, 1U);
      if (slot < Team::kListed) list[slot] = Words<E>::entry(pack, 0, edge);
    }
  }
  __syncwarp(full_mask);
#pragma unroll 1
  for (std::uint32_t from = 0;;) {
    const std::uint32_t end = share.whole_end;
    constexpr std::uint32_t kGranules = Stage::kGranules;
    if (from < share.whole_begin || (from + kGranules > end && from + kGranules / 2 != end)) stage.blank(share, from);
    append<Team>(element, passed, stage, Stage::is_half(from, end), share.row.position(from + Team::thread(), 0), list,
                 threshold);
    from += kGranules;
    if (from >= end) break;
    stage.load(share, from);
  }
}

// The same where no threshold says it all: the row is read again.
template <class E>
__device__ void filter_again(const E& element, std::uint32_t& passed, const RadixShare<E>& share,
                             typename Words<E>::Word* list, const Words<E>& words, typename Words<E>::Word bound) {
  share.read(element, Words<E>::key(bound), [&](Key key, std::uint32_t position) {
    if (words.word(key, position) < bound) return;
    const std::uint32_t slot = atomicAdd(&passed, 1U);
    if (slot < kCapacity)
      list[slot] = Words<E>::entry(element.pack(element.raw(key)), 0, position);  // of the same word
  });
}

}  // namespace topkit::cuda
