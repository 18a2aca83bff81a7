// Puts what a block has listed of a row, in ascending order of positions, into order by key: stable counting by digits of eight bits, the
// lower first, so that no position is ever compared. Of a range of less than 256 keys one pass is all.
//
// A warp takes a run of the list and counts its digits for itself; lanes with the same digit find one another by one instruction.
// Idea: Knuth, "Sorting and Searching", 5.2.5; warps' matching as in Adinets and Merrill, "Onesweep" (2022).
#pragma once

#include "radix_state.cuh"

namespace topkit::cuda {

inline constexpr std::uint32_t kLastPeer = 0x8000;  // of a warp's with the same digit
inline constexpr std::uint32_t kStableDigits = 256;
static_assert(kStableDigits * kOrderWarps <= static_cast<std::uint32_t>(kOrderBins));

// counts[warp][digit], all warps', become the places of the first of each. All threads call, behind a barrier; ends with one.
template <class Team>
__device__ __forceinline__ void places_of_digits(std::uint32_t* counts, std::uint32_t* sums) {
  static_assert(kStableDigits <= Team::kThreads);
  constexpr unsigned kTaking = kStableDigits / kWarp;
  constexpr int kWarps = static_cast<int>(Team::kWarps);
  std::uint32_t own[kWarps];
  std::uint32_t sum = 0, through = 0;
  const bool takes = Team::warp_at() < kTaking;
  if (takes) {
#pragma unroll
    for (int w = 0; w < kWarps; ++w) {
      own[w] = sum;
      sum += counts[static_cast<std::uint32_t>(w) * kStableDigits + Team::thread()];
    }
    through = sum_through(sum);
    if (lane() == kWarp - 1) sums[Team::warp_at()] = through;
  }
  Team::sync();
  if (takes) {
    const std::uint32_t before =
        __reduce_add_sync(full_mask, lane() < Team::warp_at() ? sums[lane()] : 0) + through - sum;
#pragma unroll
    for (int w = 0; w < kWarps; ++w)
      counts[static_cast<std::uint32_t>(w) * kStableDigits + Team::thread()] = before + own[w];
  }
  Team::sync();
}

// Leaves in sorted[0 .. k - 1] the best of `count` listed elements, each as its bits above its position. No key is below `least`.
// row.high is zero, behind a barrier. Ends with a barrier.
template <class Team, class E, class State>
__device__ __forceinline__ void sort_stably(const E& element, State& row, std::uint32_t* counts, std::uint32_t* sums,
                                            const std::uint16_t* list, std::uint32_t* sorted, std::uint32_t count,
                                            std::uint32_t k, Key least) {
  constexpr int kHeld = static_cast<int>(Team::kListed / Team::kThreads);
  std::uint32_t* const own_counts = counts + Team::warp_at() * kStableDigits;
  const auto clear = [&] {
    static_assert(kStableDigits == 8 * kWarp);
    reinterpret_cast<uint4*>(own_counts)[lane()] = make_uint4(0, 0, 0, 0);
    reinterpret_cast<uint4*>(own_counts)[kWarp + lane()] = make_uint4(0, 0, 0, 0);
    __syncwarp(full_mask);
  };
  clear();
  const std::uint32_t runs = (count + Team::kThreads - 1) / Team::kThreads;  // of 32, a warp's
  const std::uint32_t first = Team::warp_at() * runs * kWarp + lane();
  std::uint32_t word[kHeld], ranks[(kHeld + 1) / 2];
  Key high = 0;
  const auto digit_of = [&](std::uint32_t w, int shift) {
    return ~((element.key(w, 1) - least) >> shift) & (kStableDigits - 1);
  };
#pragma unroll
  for (int h = 0; h < kHeld; ++h) {
    if (static_cast<std::uint32_t>(h) >= runs) break;
    const std::uint32_t i = first + static_cast<std::uint32_t>(h) * kWarp;
    if (i >= count) continue;
    const std::uint32_t position = list[i];
    word[h] = static_cast<std::uint32_t>(row.share.row.x[position]) << 16 | position;
  }
#pragma unroll 1
  for (int shift = 0;; shift += 8) {
#pragma unroll
    for (int h = 0; h < kHeld; ++h) {
      if (static_cast<std::uint32_t>(h) >= runs) break;
      const bool has = first + static_cast<std::uint32_t>(h) * kWarp < count;
      std::uint32_t digit = kStableDigits;
      if (has) {
        high = ::max(high, element.key(word[h], 1));
        digit = digit_of(word[h], shift);
      }
      const unsigned peers = __match_any_sync(full_mask, digit);
      const std::uint32_t earlier = __popc(peers & ((1U << lane()) - 1)) | (peers >> lane() == 1 ? kLastPeer : 0);
      ranks[h / 2] = h % 2 == 0 ? earlier : ranks[h / 2] | earlier << 16;
    }
#pragma unroll
    for (int h = 0; h < kHeld; ++h) {
      if (static_cast<std::uint32_t>(h) >= runs) break;
      const bool has = first + static_cast<std::uint32_t>(h) * kWarp < count;
      std::uint32_t* const counted = own_counts + (has ? digit_of(word[h], shift) : 0);
      const std::uint32_t earlier = ranks[h / 2] >> (h % 2 * 16) & 0xffff;
      const std::uint32_t rank = *counted + (earlier & ~kLastPeer);
      __syncwarp(full_mask);
      if (has && (earlier & kLastPeer) != 0) *counted = rank + 1;
      __syncwarp(full_mask);
      ranks[h / 2] = h % 2 == 0 ? (ranks[h / 2] & 0xffff0000U) | rank : (ranks[h / 2] & 0xffff) | rank << 16;
    }
    if (shift == 0) {
      high = __reduce_max_sync(full_mask, high);
      if (lane() == 0) atomicMax(&row.high, high);
    }
    Team::sync();
    places_of_digits<Team>(counts, sums);
    const bool last = shift != 0 || row.high - least < kStableDigits;
    const std::uint32_t wanted = last ? k : count;
#pragma unroll
    for (int h = 0; h < kHeld; ++h) {
      if (static_cast<std::uint32_t>(h) >= runs) break;
      if (first + static_cast<std::uint32_t>(h) * kWarp >= count) continue;
      const std::uint32_t at = own_counts[digit_of(word[h], shift)] + (ranks[h / 2] >> (h % 2 * 16) & 0xffff);
      if (at < wanted) sorted[at] = word[h];
    }
    Team::sync();
    if (last) return;
    clear();
#pragma unroll
    for (int h = 0; h < kHeld; ++h) {
      if (static_cast<std::uint32_t>(h) >= runs) break;
      const std::uint32_t i = first + static_cast<std::uint32_t>(h) * kWarp;
      if (i < count) word[h] = sorted[i];
    }
    // No barrier: who writes `sorted` next is behind those of the counts.
  }
}

}  // namespace topkit::cuda
