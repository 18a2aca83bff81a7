// Which elements of a row may win: a bit for each in shared memory, made two elements an instruction, and from these a list of
// positions in ascending order. Bits are dealt to threads anew, so that a short row's are few warps' work.
#pragma once

#include "radix_rows_filter.cuh"

namespace topkit::cuda {

// What packs are compared with: of a bound that divides equal keys, those that lie in a granule behind it must be above it.
template <class E>
struct TiedThreshold {
  Pack through, behind;  // of the granules up to `last`, and of those behind it
  std::uint32_t last;
  std::uint32_t kept;  // 0 where nothing behind it can be above it, else ~0
  bool nan_only;       // is above it, which passes as what is equal does
  Key least;           // no key that passes is lower

  // What has this key passes up to a position, ~0: all of it.
  __device__ TiedThreshold(const E& element, const RadixShare<E>& share, Key key, std::uint32_t position) {
    const bool all = position == ~0U;
    through = element.threshold(key);
    behind = all ? through : element.threshold(key + 1);
    last = all ? ~0U : (position + share.row.shift) / RadixShare<E>::kPerVec;
    kept = all || key < 0xffff ? ~0U : 0U;
    nan_only = !all && kept != 0 && element.key(behind, 0) <= key;
    least = element.key(through, 0);
  }
  // Bit e: element e of this granule passes.
  __device__ std::uint32_t marks(const Vec& v, std::uint32_t granule) const {
    static_assert(E::kPerPack == 2 && E::kPacksPerVec == 4);
    const bool in_front = granule <= last;
    const Pack threshold = in_front ? through : behind;
    constexpr int kPacks = E::kPacksPerVec;
    std::uint32_t marks = 0;
#pragma unroll
    for (int i = 0; i < kPacks; ++i)
      marks |= E::passing(v.word[i], threshold) & (0x00020001U << (2 * i));  // the high one's 15 bits further up
    if (!in_front && nan_only) [[unlikely]] {                                // negated they pass too
      std::uint32_t nan = 0;
#pragma unroll
      for (int i = 0; i < kPacks; ++i) nan |= E::passing(v.word[i] ^ 0x80008000U, threshold) & (0x00020001U << (2 * i));
      marks &= nan;
    }
    marks |= marks >> 16;
    return in_front ? marks : marks & kept;
  }
};

// Bits lie by granules: that of position p is bit p + shift. Behind the row's last one the word must be zero (clear_last).
struct RowMarks {
  std::uint32_t* words;

  __device__ std::uint8_t* bytes() const { return reinterpret_cast<std::uint8_t*>(words); }
  __device__ static std::uint32_t words_of(std::uint32_t granules) { return (granules + 3) / 4; }
  __device__ void clear_last(std::uint32_t granules) const { words[words_of(granules) - 1] = 0; }
};

// Marks the row whose first granules are in `stage`; a barrier is owed.
template <class Team, class E, class Stage>
__device__ __forceinline__ void mark_row(const E& element, const RadixShare<E>& share, Stage& stage,
                                         const TiedThreshold<E>& threshold, const RowMarks& marks) {
  constexpr std::uint32_t kPerVec = RadixShare<E>::kPerVec;
  const std::uint32_t begin = share.whole_begin, end = share.whole_end, shift = share.row.shift;
  // The ends, in granules that are not whole: an element a lane.
  if (Team::warp_at() == 0 && (begin != 0 || end < share.row.granules())) {
    const std::uint32_t edge = share.edge_of_lane(), granule = edge == ~0U ? 0 : (edge + shift) / kPerVec;
    const bool passes =
        edge != ~0U && (threshold.marks(Vec{{element.pack(share.row.x[edge]), 0, 0, 0}}, granule) & 1U) != 0;
    const std::uint32_t ballot = __ballot_sync(full_mask, passes);
    const std::uint32_t front = begin == 0 ? 0 : ::min(share.row.count, kPerVec - shift);
    if (lane() == 0) {
      if (begin != 0) marks.bytes()[0] = static_cast<std::uint8_t>((ballot & ((1U << front) - 1)) << shift);
      if (end >= begin && end < share.row.granules()) marks.bytes()[end] = static_cast<std::uint8_t>(ballot >> front);
    }
  }
#pragma unroll 1
  for (std::uint32_t from = 0;;) {
    const bool half = Stage::is_half(from, end);
#pragma unroll
    for (int j = 0; j < Stage::kVecs; ++j) {
      if (j == Stage::kVecs / 2 && half) break;
      const std::uint32_t g = from + Team::thread() + j * Team::kThreads;
      if (g >= begin && g < end) marks.bytes()[g] = static_cast<std::uint8_t>(threshold.marks(stage.vecs[j], g));
    }
    from += Stage::kGranules;
    if (from >= end) break;
    stage.template load<0, Stage::kVecs, true>(share, from);
  }
}

// Lists the positions of what is marked if these are least..most, and returns how many are marked. Behind a barrier; one is
// owed. `sums` has a word a warp.
template <class Team>
__device__ __forceinline__ std::uint32_t list_marked(const RowMarks& marks, std::uint32_t granules, std::uint32_t shift,
                                                     std::uint32_t per_granule, std::uint32_t* sums,
                                                     std::uint16_t* list, std::uint32_t least, std::uint32_t most) {
  const std::uint32_t words = RowMarks::words_of(granules);
  const std::uint32_t each = (words + Team::kThreads - 1) / Team::kThreads;
  const std::uint32_t first = Team::thread() * each, end = ::min(first + each, words);
  std::uint32_t own = 0;
#pragma unroll 1
  for (std::uint32_t w = first; w < end; ++w) own += __popc(marks.words[w]);
  const std::uint32_t through = sum_through(own);
  if (lane() == kWarp - 1) sums[Team::warp_at()] = through;
  Team::sync();
  const std::uint32_t other = lane() < Team::kWarps ? sums[lane()] : 0;
  const std::uint32_t count = __reduce_add_sync(full_mask, other);
  if (count < least || count > most) return count;
  std::uint16_t* at = list + (__reduce_add_sync(full_mask, lane() < Team::warp_at() ? other : 0) + through - own);
#pragma unroll 1
  for (std::uint32_t w = first; w < end; ++w) {
    const std::uint32_t position = w * (4 * per_granule) - shift;
#pragma unroll 1
    for (std::uint32_t left = marks.words[w]; left != 0; left &= left - 1)
      *at++ = static_cast<std::uint16_t>(position + static_cast<std::uint32_t>(__ffs(static_cast<int>(left)) - 1));
  }
  return count;
}

}  // namespace topkit::cuda
