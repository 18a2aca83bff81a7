// Order value whatever the data: the winners between two cuts are gathered by ascending index and put into order by digits of 8 bits from
// the lowest on. Every pass is stable, so equal keys stay by index.
#pragma once

#include "select_sort_shape.hpp"
#include "select_write.cuh"

namespace topkit::cuda {

inline constexpr int kSelectDigitBits = 8, kSelectDigits = kSelectSortDigits;
static_assert(kSelectDigits == 1 << kSelectDigitBits);
inline constexpr int kSelectSortItems = static_cast<int>(kMostSelectSorted) / kMostSelectThreads;  // of a thread

// Winners of a block: key and position apart.
struct SelectPairs {
  Key* keys;
  std::uint32_t* positions;
};

struct SelectSortState {
  std::uint32_t warps[kMostSelectWarps];
  Key any, all;  // bits that any key has, and that all have
};

// Which elements of a warp's words reach a cut, word after word.
template <class S>
struct SelectTaker {
  using Key = typename S::Key;
  SelectCut<Key> cut;
  std::uint32_t left;  // of the warp's elements with the cut's key, that win
  std::uint32_t rank;  // of the next of them
  bool counts;         // some of them win, not all
  bool none;

  __device__ SelectTaker(const SelectCut<Key>& c, const SelectCounts& before, const SelectCounts& own)
      : cut(c), rank(0) {
    left = ::min(c.tied - ::min(before.equal, c.tied), own.equal);
    counts = left != 0 && left != own.equal;
    none = own.reach - own.equal + left == 0;
    if (left == 0 && own.equal != 0 && !none) ++cut.key;
  }
  __device__ SelectTaker() : cut{}, left(0), rank(0), counts(false), none(true) {}
  // Of the warps before this one.
  __device__ static std::uint32_t before(const SelectCut<Key>& cut, const SelectCounts& counts) {
    return counts.reach - counts.equal + ::min(counts.equal, cut.tied);
  }
  // All lanes of the warp.
  __device__ unsigned take(const S& element, typename S::Word word, unsigned has) {
    if (none) return 0;
    unsigned wins = element.reach(word, cut.key) & has;
    if (!counts) return wins;
    std::uint32_t at = rank;
    unsigned equal = 0;
#pragma unroll
    for (int e = 0; e < S::kPerWord; ++e) {
      const bool is = (wins >> e & 1U) != 0 && element.key(word, e) == cut.key;
      equal |= (is ? 1U : 0U) << e;
      const unsigned same = __ballot_sync(full_mask, is);
      at += static_cast<std::uint32_t>(__popc(same & ((1U << lane()) - 1)));
      rank += static_cast<std::uint32_t>(__popc(same));
    }
#pragma unroll
    for (int e = 0; e < S::kPerWord; ++e)
      if ((equal >> e & 1U) != 0 && at++ >= left) wins &= ~(1U << e);
    return wins;
  }
};

// The warp's winners that are not `better` go to the pairs from `place` on.
template <class S>
__device__ void gather_winners(const S& element, const SelectShare<S>& share, SelectTaker<S> all, SelectTaker<S> better,
                               std::uint32_t place, const SelectPairs& to) {
  write_words(
      share, place,
      [&](typename S::Word word, unsigned has) {
        const unsigned wins = all.take(element, word, has);
        return wins & ~better.take(element, word, has);
      },
      [&](std::uint32_t at, typename S::Raw raw, std::uint32_t position) {
        to.keys[at] = element.key(static_cast<typename S::Word>(raw), 0);
        to.positions[at] = position;
      });
}

// The lanes whose digit is this lane's, among those of `has`.
__device__ inline unsigned same_digit(unsigned has, std::uint32_t digit) {
  unsigned same = has;
#pragma unroll
  for (int bit = 0; bit < kSelectDigitBits; ++bit) {
    const bool set = (digit >> bit & 1U) != 0;
    const unsigned lanes = __ballot_sync(full_mask, set);
    same &= set ? lanes : ~lanes;
  }
  return same;
}

// A pass by the digit at `shift`, the largest first. counters: kSelectDigits of each warp, zero, and zero again behind it.
// All threads, behind a barrier; ends with one.
__device__ inline void sort_digit(SelectSortState& s, std::uint32_t* counters, const SelectPairs& from,
                                  const SelectPairs& to, std::uint32_t count, int shift) {
  std::uint32_t* const own = counters + warp() * kSelectDigits;
  const std::uint32_t first = warp() * kSelectSortItems * kWarp + lane();
  const auto digit_of = [&](Key key) { return ~key >> shift & (kSelectDigits - 1); };
  std::uint32_t ranks[kSelectSortItems];  // among the warp's with this digit
#pragma unroll
  for (int j = 0; j < kSelectSortItems; ++j) {
    const std::uint32_t i = first + j * kWarp;
    const bool has = i < count;
    const std::uint32_t digit = digit_of(has ? from.keys[i] : 0);
    const unsigned same = same_digit(__ballot_sync(full_mask, has), digit);
    const auto ahead = static_cast<std::uint32_t>(__popc(same & ((1U << lane()) - 1)));
    const std::uint32_t earlier = own[digit];
    __syncwarp(full_mask);
    if (has && ahead == 0) own[digit] = earlier + static_cast<std::uint32_t>(__popc(same));
    __syncwarp(full_mask);
    ranks[j] = earlier + ahead;
  }
  __syncthreads();
  // Counts become places: a thread has a digit of kOf warps.
  constexpr std::uint32_t kOf = kSelectDigits / kWarp;
  const std::uint32_t parts = blockDim.x / kSelectDigits;
  std::uint32_t* const mine = counters + threadIdx.x % parts * kOf * kSelectDigits + threadIdx.x / parts;
  std::uint32_t sum = 0;
#pragma unroll
  for (std::uint32_t w = 0; w < kOf; ++w) sum += mine[w * kSelectDigits];
  const std::uint32_t through = sum_through(sum);
  if (lane() == kWarp - 1) s.warps[warp()] = through;
  __syncthreads();
  std::uint32_t place = __reduce_add_sync(full_mask, lane() < warp() ? s.warps[lane()] : 0) + through - sum;
#pragma unroll
  for (std::uint32_t w = 0; w < kOf; ++w) {
    const std::uint32_t of_warp = mine[w * kSelectDigits];
    mine[w * kSelectDigits] = place;
    place += of_warp;
  }
  __syncthreads();
#pragma unroll
  for (int j = 0; j < kSelectSortItems; ++j) {
    const std::uint32_t i = first + j * kWarp;
    if (i >= count) continue;
    const Key key = from.keys[i];
    const std::uint32_t at = own[digit_of(key)] + ranks[j];
    to.keys[at] = key;
    to.positions[at] = from.positions[i];
  }
  __syncwarp(full_mask);
#pragma unroll
  for (int i = 0; i < kSelectDigits / static_cast<int>(kWarp); ++i) own[i * kWarp + lane()] = 0;
  __syncthreads();
}

// The block's pairs in order, best first; returns where they are: here or there. All threads, behind a barrier; ends with one.
__device__ inline SelectPairs sort_winners(SelectSortState& s, std::uint32_t* counters, SelectPairs here,
                                           SelectPairs there, std::uint32_t count) {
  if (threadIdx.x == 0) {
    s.any = 0;
    s.all = ~Key{0};
  }
#pragma unroll 1
  for (std::uint32_t i = threadIdx.x; i < blockDim.x / kWarp * kSelectDigits; i += blockDim.x) counters[i] = 0;
  __syncthreads();
  Key any = 0, all = ~Key{0};
#pragma unroll 1
  for (std::uint32_t i = threadIdx.x; i < count; i += blockDim.x) {
    any |= here.keys[i];
    all &= here.keys[i];
  }
  any = __reduce_or_sync(full_mask, any);
  all = __reduce_and_sync(full_mask, all);
  if (lane() == 0) {
    atomicOr(&s.any, any);
    atomicAnd(&s.all, all);
  }
  __syncthreads();
  const Key differ = s.any & ~s.all;
#pragma unroll 1
  for (int shift = 0; shift < 32; shift += kSelectDigitBits) {
    if ((differ >> shift & (kSelectDigits - 1)) == 0) continue;
    sort_digit(s, counters, here, there, count, shift);
    const SelectPairs other = here;
    here = there;
    there = other;
  }
  return here;
}

}  // namespace topkit::cuda
