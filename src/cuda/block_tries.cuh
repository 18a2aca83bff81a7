// What is tried when a row's bound lets too many elements pass, while the row is still in registers: the range of the k-th
// key is halved by counts until few enough pass, or the bound is known to be the k-th key. Of those equal to it, the first
// by column are listed then.
#pragma once

#include "block_finish.cuh"
#include "block_row.cuh"
#include "block_state.cuh"
#include "sums.cuh"

namespace topkit::cuda {

// Whether what is not below a key's threshold is not below the key either: not so of NaN, and of what is below -inf.
template <class E>
__device__ bool is_told(const E& element, Key key) {
  return element.key(element.threshold(key), 0) == key;
}

struct Tries {
  Key low, top;  // the k-th best key is neither below nor above
  Key least;     // what was tried last

  // So many passed it.
  __device__ void learn(int passed, int k) {
    if (passed >= k) {
      low = least;
    } else {
      top = least - 1;
    }
  }
  // Whether all that is left are elements equal to `low`, and those above it are listed. high: no element is above it.
  __device__ bool are_ties(Key high) const { return low == top && (top == high || least == low + 1); }

  // What comes behind `tries` tries, not are_ties(). alike: there may be many of `low`.
  template <class E>
  __device__ void next(const E& element, int tries, Key high, bool alike) {
    least = low + 1;
    // Many ties of the bound itself, as zeros are, end it at once.
    if (low == top || (alike && tries == 1) || (tries == 2 && top != high)) return;
    least += (top - low) / 2;
    if (E::kOctave == 0 || tries % 2 == 0) return;
    // Keys of floats are nearly logarithms, and most of them are next to zero: by turns half of the keys, and half of the
    // value that is farther from zero.
    const Key zero = element.key(element.pack(0), 0);
    const bool upper = low >= zero || (top >= zero && top - zero >= zero - low);
    const Key half = upper ? top - E::kOctave : low + E::kOctave;
    if (low < half && half <= top) least = half;
  }
};

// Lists what of `there` is not below the threshold of `least`, if State::kSlots hold it, and returns how many are not. there: which
// elements of the lane's are some. All threads of the team, `at` being 0 and one more each time; ends with a barrier.
template <class E, class Team, int kMasks, RowKind kKind, int kPacks, class State>
__device__ int list_from(const E& element, const BlockRow<E, Team, kMasks, kKind>&, const Pack (&packs)[kMasks][kPacks],
                         const std::uint32_t (&there)[kMasks], Key least, int at, State& state) {
  using Row = BlockRow<E, Team, kMasks, kKind>;
  std::uint32_t left[kMasks];
  int mine = 0;
#pragma unroll
  for (int m = 0; m < kMasks; ++m) {
    left[m] = there[m] & Row::Lane::filter(packs[m], element.threshold(least));
    mine += __popc(left[m]);
  }
  int slot = mine > 0 ? static_cast<int>(atomicAdd(&state.bins[at], static_cast<std::uint32_t>(mine))) : 0;
  if (!__any_sync(full_mask, slot + mine > State::kSlots)) {
#pragma unroll
    for (int m = 0; m < kMasks; ++m) {
      while (left[m] != 0) {
        const int bit = 31 - __clz(static_cast<int>(left[m]));
        left[m] ^= 1U << bit;
        state.columns[slot++] = Row::name(m, bit);
      }
    }
  }
  Team::sync();
  return uniform(static_cast<int>(state.bins[at]));
}

// Lists, behind `above` elements, the first of those whose key is `low` by column, k in all; there are as many, and is_told(low), where
// above > 0 is_told(low + 1). All threads of the team, behind a barrier; ends with one.
template <class E, class Team, int kMasks, RowKind kKind, int kPacks, class State>
__device__ void list_ties(const E& element, const BlockRow<E, Team, kMasks, kKind>& row,
                          const Pack (&packs)[kMasks][kPacks], const std::uint32_t (&there)[kMasks], Key low, int above,
                          int k, State& state) {
  using Row = BlockRow<E, Team, kMasks, kKind>;
  static_assert(Row::kGranules && kMasks <= 2);
  const int id = static_cast<int>(lane()), peer = ::min(id, row.team.warps() - 1);
  std::uint32_t equal[kMasks];
#pragma unroll
  for (int m = 0; m < kMasks; ++m) {
    equal[m] = there[m] & Row::Lane::filter(packs[m], element.threshold(low));
    if (above > 0) equal[m] &= ~Row::Lane::filter(packs[m], element.threshold(low + 1));
    equal[m] = Row::Lane::in_order(equal[m]);
  }
  int listed = above;
  // Granule after granule, as columns follow on one another.
#pragma unroll 1
  for (int i = 0; i < kMasks * Row::kVecs && listed < k; ++i) {
    std::uint32_t some = equal[0] & ((1U << Row::kPerVec) - 1);
    equal[0] = __funnelshift_r(equal[0], kMasks > 1 ? equal[kMasks - 1] : 0, Row::kPerVec);
    equal[kMasks - 1] >>= kMasks > 1 ? Row::kPerVec : 0;
    const auto own = static_cast<std::uint32_t>(__popc(some));
    const std::uint32_t through = sum_through(own);
    Key* const of_warps = i % 2 == 0 ? state.low : state.high;
    if (id == kWarp - 1) of_warps[Team::warp_at()] = through;
    Team::sync();
    const std::uint32_t theirs = id < row.team.warps() ? of_warps[peer] : 0;
    const std::uint32_t before = __reduce_add_sync(full_mask, id < Team::warp_at() ? theirs : 0) + through - own;
    for (int place = listed + static_cast<int>(before); some != 0 && place < k; some &= some - 1, ++place) {
      const int at = i * Row::kPerVec + __ffs(static_cast<int>(some)) - 1;
      const int bit = E::kPerPack == 2 ? (at & 31) >> 1 | (at & 1) << 4 : at & 31;
      state.columns[place] = Row::name(at >> 5, bit);
    }
    listed += static_cast<int>(__reduce_add_sync(full_mask, theirs));
  }
  Team::sync();
}

// Of survivors that are more than State::kSlots, or equal and is_told(s.low), as many as that holds: listed; or s.count says that they
// are more still. Of rows of any kind those equal to s.low are still to be listed, where s.ordered. All threads of the team, behind a barrier.
template <class E, class Team, int kMasks, RowKind kKind, int kPacks, class State>
__device__ void list_fewer(const E& element, const BlockRow<E, Team, kMasks, kKind>& row,
                           const Pack (&packs)[kMasks][kPacks], const std::uint32_t (&there)[kMasks], Survivors& s,
                           State& state) {
  const int id = static_cast<int>(lane()), warps = row.team.warps(), peer = ::min(id, warps - 1);
  bool alike = Team::kIsAlone;
  if constexpr (!Team::kIsAlone && kKind != RowKind::any &&
                sizeof(typename E::Raw) == 4)  // else there are no registers for it
    alike = __popc(__ballot_sync(full_mask, id < warps && state.low[peer] == s.low)) > 1;
  Tries tries{s.low, s.high, s.low};
  int passed = s.count;
#pragma unroll 1
  for (int i = 1;; ++i) {
    if (tries.are_ties(s.high)) {
      s.low = tries.low;
      if (!is_told(element, s.low)) break;
      s.ordered = true;
      s.count = passed < s.k ? passed : 0;
      if constexpr (kKind != RowKind::any) {
        list_ties(element, row, packs, there, s.low, s.count, s.k, state);
        s.count = s.k;
      }
      return;
    }
    tries.next(element, i, s.high, alike);
    if (i == kMostTries || !is_told(element, tries.least)) break;
    passed = list_from(element, row, packs, there, tries.least, i, state);
    tries.learn(passed, s.k);
    if (passed >= s.k && passed <= State::kSlots) {
      s.low = tries.low;
      s.count = passed;
      return;
    }
  }
  s.low = tries.low;
  s.count = State::kSlots + 1;
}

}  // namespace topkit::cuda
