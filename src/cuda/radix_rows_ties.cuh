// Where equal keys lie at the end of a row's winners: those that are needed are found where they lie, the first of them in front, and are
// never in a list that has to be put into order. The row is read again as far as that takes.
#pragma once

#include "radix_stable.cuh"

namespace topkit::cuda {

// Of 16-bit types: more words than this above a key of which a part wins are likely to be of few keys too, and soonest in order by
// radix_stable.cuh.
inline constexpr std::uint32_t kMostAboveTies = 512;

// Whether what is above the key that was found is likely to be less than `most`; else its position is asked for.
template <class E>
__device__ bool are_few_above(const FoundBin& found, const RadixShare<E>& share, const RadixSample& sample,
                              std::uint32_t most) {
  return found.above * share.row.count < most * RadixShare<E>::kPerVec * sample.size();
}

// Behind the `passed` elements of the team's row that are above the key split.floor, which TieThresholds can tell, writes those that have
// it, as far as there are winners. False where they are too few, or what is above fills more than the list. The team calls; of two rows
// the room behind the list is used, of one too. Begins and ends behind a barrier.
template <class Team, class E>
__device__ __forceinline__ bool write_ties(const RadixArgs<E>& a) {
  using Place = TeamRow<Team, E>;
  constexpr int kVecs = 4, kPerVec = RadixShare<E>::kPerVec, kWarps = static_cast<int>(Team::kWarps);
  using Stage = RowStage<E, Team, kVecs* static_cast<int>(Team::kThreads) * kPerVec>;
  static_assert(E::kRawPacks && kVecs == Stage::kVecs);
  auto& row = Place::state();
  auto* const positions = reinterpret_cast<std::uint16_t*>(Place::behind_list());
  auto* const sums = reinterpret_cast<std::uint32_t*>(positions + kMostRadixK);
  std::uint32_t* const at_ends =
      sums + kVecs * kWarps;  // ties in front of the first whole granule, and behind the last
  const RadixShare<E>& share = row.share;
  const std::uint32_t k = row.out.k, end = share.whole_end, written = row.passed;
  if (written >= k) return written <= Team::kListed;
  const std::uint32_t wanted = k - written;
  const TieThresholds<E> ties(a.element, row.split.floor, share);
  const auto passing_ties = [&](Pack p) { return passing<E>(p, ties.through) & ~passing<E>(p, ties.above); };
  const std::uint32_t edge = Team::warp_at() == 0 ? share.edge_of_lane() : ~0U;
  bool has_end = false;
  if (edge != ~0U) has_end = (passing_ties(a.element.pack(share.row.x[edge])) & 1U) != 0;
  const unsigned ends = __ballot_sync(full_mask, has_end);
  const unsigned in_front = share.whole_begin == 0 ? 0 : (1U << (kPerVec - share.row.shift)) - 1;
  if (Team::thread() == 0) {
    at_ends[0] = static_cast<std::uint32_t>(__popc(ends & in_front));
    at_ends[1] = static_cast<std::uint32_t>(__popc(ends & ~in_front));
  }
  __syncwarp(full_mask);
  std::uint32_t found = 0;
#pragma unroll 1
  for (std::uint32_t from = 0;;) {
    std::uint32_t bits = 0;  // a byte for each of a thread's granules, a bit for each of its elements
    {
      Stage stage;
      stage.template load<0, kVecs, true>(share, from);
      if (from < share.whole_begin || from + Stage::kGranules > end) stage.blank(share, from);
#pragma unroll
      for (int j = 0; j < kVecs; ++j) {
        Pack packs[E::kPacksPerVec];
        a.element.unpack(stage.vecs[j], packs);
        std::uint32_t marks = 0;
#pragma unroll
        for (int i = 0; i < E::kPacksPerVec; ++i) {
          if constexpr (E::kPerPack == 2) {
            marks |= passing_ties(packs[i]) & (0x00020001U << (2 * i));  // the high one's 15 bits further up
          } else {
            marks |= (passing_ties(packs[i]) & 1U) << i;
          }
        }
        bits |= ((marks | marks >> 16) & 0xff) << (j * 8);
      }
    }
    // Of a granule there are eight at most, of a warp's 256: 16 bits for each of a thread's granules.
    const std::uint32_t own[2] = {
        static_cast<std::uint32_t>(__popc(bits & 0xff)) | static_cast<std::uint32_t>(__popc(bits & 0xff00)) << 16,
        static_cast<std::uint32_t>(__popc(bits & 0xff0000)) | static_cast<std::uint32_t>(__popc(bits >> 24)) << 16};
    const std::uint32_t through[2] = {sum_through(own[0]), sum_through(own[1])};
    const std::uint32_t of_warp[2] = {__shfl_sync(full_mask, through[0], kWarp - 1),
                                      __shfl_sync(full_mask, through[1], kWarp - 1)};
    if (lane() < kVecs)
      sums[lane() * kWarps + Team::warp_at()] = (lane() < 2 ? of_warp[0] : of_warp[1]) >> (lane() % 2 * 16) & 0xffff;
    Team::sync();
    if (from == 0) found = at_ends[0];
    // Granules of all warps follow one another, then the next of each warp.
    constexpr int kPerLane = kVecs * kWarps / static_cast<int>(kWarp);
    static_assert(kPerLane == 1 || kPerLane == 2);
    const std::uint32_t first_sum = sums[lane() * kPerLane],
                        second_sum = kPerLane == 2 ? sums[lane() * kPerLane + 1] : 0;
    const std::uint32_t to_second = sum_through(first_sum + second_sum) - second_sum;
    const std::uint32_t mine = kPerLane == 2 && Team::warp_at() % 2 == 1 ? to_second : to_second - first_sum;
    const std::uint32_t first = share.row.position(from + Team::thread(), 0);
#pragma unroll
    for (int j = 0; j < kVecs; ++j) {
      const auto owner = static_cast<std::uint32_t>(j * kWarps) + Team::warp_at();
      const std::uint32_t begin = found + __shfl_sync(full_mask, mine, static_cast<int>(owner / kPerLane));
      if (begin >= wanted) break;
      std::uint32_t to = begin + ((through[j / 2] - own[j / 2]) >> (j % 2 * 16) & 0xffff);
#pragma unroll
      for (int e = 0; e < kPerVec; ++e) {
        if ((bits >> (j * 8 + e) & 1U) == 0) continue;
        if (to < wanted) positions[to] = static_cast<std::uint16_t>(first + j * Team::kThreads * kPerVec + e);
        ++to;
      }
      __syncwarp(full_mask);
    }
    found += __shfl_sync(full_mask, to_second + second_sum, kWarp - 1);
    from += Stage::kGranules;
    if (from >= end || found >= wanted) break;
    Team::sync();
  }
  if (has_end) {
    const unsigned earlier = (1U << lane()) - 1;
    const std::uint32_t to = (in_front >> lane() & 1U) != 0
                                 ? static_cast<std::uint32_t>(__popc(ends & earlier))
                                 : found + static_cast<std::uint32_t>(__popc(ends & ~in_front & earlier));
    if (to < wanted) positions[to] = static_cast<std::uint16_t>(edge);
  }
  __syncwarp(full_mask);
  if (found + at_ends[1] < wanted) return false;
  Team::sync();
  const RowOut<E> out = row.out;
#pragma unroll 1
  for (std::uint32_t i = Team::thread(); i < wanted; i += Team::kThreads) {
    const std::uint32_t position = positions[i];
    out.write(a.args, written + i, out.x[position], position);
  }
  return true;
}

// Keys that share their low bits, and of which there can be no more than this beside these.
inline constexpr Key kFewKeys = 64;
inline constexpr std::uint32_t kAlikeKeys = 2;  // SplitState::heavy, where a row has no others above its ties

// The same of a block's row, where no registers are to spare. state.split.lowest becomes the lowest key above, which is listed, and
// state.out.k as many winners as are still to be written, of the list; of types of 32 bits state.split.heavy says whether their keys are
// alike, and state.pulled how many low bits these share. A barrier is owed.
template <class E>
[[gnu::noinline]] __device__ bool order_ties(const RadixArgs<E>& a) {
  RadixResidentState<E>& state = shared<RadixResidentState<E>>();
  const auto* const list = dynamic_shared<typename Words<E>::Word>();
  Key low = ~Key{0}, high = 0, any = 0, all = ~Key{0};
#pragma unroll 1
  for (std::uint32_t i = threadIdx.x; i < ::min(state.passed, kCapacity); i += kOrderThreads) {
    const Key key = a.element.key(static_cast<Pack>(list[i] >> Words<E>::kHalf), 0);
    low = ::min(low, key);
    high = ::max(high, key);
    any |= key;
    all &= key;
  }
  low = __reduce_min_sync(full_mask, low);
  if (lane() == 0) atomicMin(&state.split.lowest, low);
  if constexpr (sizeof(typename E::Raw) == 4) {
    high = __reduce_max_sync(full_mask, high);
    any = __reduce_or_sync(full_mask, any);
    all = __reduce_and_sync(full_mask, all);
    if (lane() == 0) {
      state.warps[warp()] = any;
      state.others[warp()] = all;
      atomicMax(&state.split.highest, high);
    }
  }
  const bool done = write_ties<BlockTeam>(a);
  __syncthreads();
  if (sizeof(typename E::Raw) == 4 && warp() == 0) {
    static_assert(kOrderWarps <= kWarp && kOrderWarps <= kMostRadixBlocks);
    const bool has = lane() < kOrderWarps;
    any = __reduce_or_sync(full_mask, has ? state.warps[lane()] : 0);
    all = __reduce_and_sync(full_mask, has ? state.others[lane()] : ~Key{0});
    const Key differ = any & ~all;
    const int alike = ::max(__ffs(static_cast<int>(differ)) - 1, 0);
    if (lane() == 0 && (state.split.highest - state.split.lowest) >> alike < kFewKeys) {
      state.pulled = static_cast<std::uint32_t>(alike);
      state.split.heavy = kAlikeKeys;
    }
  }
  __syncwarp(full_mask);
  if (done && threadIdx.x == 0) state.out.k = ::min(state.out.k, state.passed);
  __syncwarp(full_mask);
  return done;
}

// Of half a block's row.
template <class E>
[[gnu::noinline]] __device__ void order_ties_of_pair(const RadixArgs<E>& a) {
  const bool done = write_ties<PairTeam>(a);
  if (PairTeam::thread() == 0) TeamRow<PairTeam, E>::state().end = done ? RowEnd::written : RowEnd::unknown;
}

}  // namespace topkit::cuda
