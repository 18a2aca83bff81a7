// Puts what a block has listed of a row, in ascending order of positions, into order by key: stable counting by digits of eight bits, the
// lower first, so that no position is ever compared. Of a range of less than 256 keys one pass is all.
//
// A warp takes a run of the list and counts its digits for itself; lanes with the same digit find one another by one instruction.
// Idea: Knuth, "Sorting and Searching", 5.2.5; warps' matching as in Adinets and Merrill, "Onesweep" (2022).
#pragma once

#include "radix_state.cuh"

namespace topkit::cuda {

inline constexpr std::uint32_t kStableDigits = 256;
static_assert(kStableDigits * kOrderWarps <= static_cast<std::uint32_t>(kOrderBins));
inline constexpr std::uint32_t kLastPeer = 0x8000;  // of a warp's with the same digit

// counts[warp][digit], all warps', become the places of the first of each. All threads call, behind a barrier; ends with one.
__device__ __forceinline__ void places_of_digits(std::uint32_t* counts, std::uint32_t* sums) {
  static_assert(kStableDigits <= static_cast<std::uint32_t>(kOrderThreads));
  constexpr unsigned kWarps = kStableDigits / kWarp;
  std::uint32_t own[kOrderWarps];
  std::uint32_t sum = 0, through = 0;
  const bool takes = warp() < kWarps;
  if (takes) {
#pragma unroll
    for (int w = 0; w < kOrderWarps; ++w) {
      own[w] = sum;
      sum += counts[static_cast<std::uint32_t>(w) * kStableDigits + threadIdx.x];
    }
    through = sum_through(sum);
    if (lane() == kWarp - 1) sums[warp()] = through;
  }
  __syncthreads();
  if (takes) {
    const std::uint32_t before = __reduce_add_sync(full_mask, lane() < warp() ? sums[lane()] : 0) + through - sum;
#pragma unroll
    for (int w = 0; w < kOrderWarps; ++w)
      counts[static_cast<std::uint32_t>(w) * kStableDigits + threadIdx.x] = before + own[w];
  }
  __syncthreads();
}

// Leaves in sorted[0 .. k - 1] the best of `count` listed elements, each as its bits above its position. No key is below `least`.
// state.high is zero, behind a barrier. Ends with a barrier.
template <class E>
__device__ __forceinline__ void sort_stably(const E& element, RadixResidentState<E>& state, const std::uint16_t* list,
                                            std::uint32_t* sorted, std::uint32_t count, std::uint32_t k, Key least) {
  std::uint32_t* const counts = state.order.counts();
  std::uint32_t* const own_counts = counts + warp() * kStableDigits;
  const auto clear = [&] {
    static_assert(kStableDigits == 8 * kWarp);
    reinterpret_cast<uint4*>(own_counts)[lane()] = make_uint4(0, 0, 0, 0);
    reinterpret_cast<uint4*>(own_counts)[kWarp + lane()] = make_uint4(0, 0, 0, 0);
    __syncwarp(full_mask);
  };
  clear();
  const std::uint32_t runs = (count + kOrderThreads - 1) / kOrderThreads;  // of 32, a warp's
  const std::uint32_t first = warp() * runs * kWarp + lane();
  std::uint32_t word[kOrderHeld], place[kOrderHeld];
  Key high = 0;
#pragma unroll
  for (int h = 0; h < kOrderHeld; ++h) {
    if (static_cast<std::uint32_t>(h) >= runs) break;
    const std::uint32_t i = first + static_cast<std::uint32_t>(h) * kWarp;
    if (i >= count) continue;
    const std::uint32_t position = list[i];
    word[h] = static_cast<std::uint32_t>(state.share.row.x[position]) << 16 | position;
  }
#pragma unroll 1
  for (int shift = 0;; shift += 8) {
#pragma unroll
    for (int h = 0; h < kOrderHeld; ++h) {
      if (static_cast<std::uint32_t>(h) >= runs) break;
      const bool has = first + static_cast<std::uint32_t>(h) * kWarp < count;
      std::uint32_t digit = kStableDigits;
      if (has) {
        const Key key = element.key(word[h], 1);
        high = ::max(high, key);
        digit = ~((key - least) >> shift) & (kStableDigits - 1);
      }
      const unsigned peers = __match_any_sync(full_mask, digit);
      const std::uint32_t earlier = __popc(peers & ((1U << lane()) - 1));
      place[h] = earlier << 16 | (has && peers >> lane() == 1 ? kLastPeer : 0) | digit;
    }
#pragma unroll
    for (int h = 0; h < kOrderHeld; ++h) {
      if (static_cast<std::uint32_t>(h) >= runs) break;
      std::uint32_t* const counted = own_counts + (place[h] & (kStableDigits - 1));
      const std::uint32_t rank = *counted + (place[h] >> 16);
      __syncwarp(full_mask);
      if ((place[h] & kLastPeer) != 0) *counted = rank + 1;
      __syncwarp(full_mask);
      place[h] = rank << 16 | (place[h] & (kStableDigits - 1));
    }
    if (shift == 0) {
      high = __reduce_max_sync(full_mask, high);
      if (lane() == 0) atomicMax(&state.high, high);
    }
    __syncthreads();
    places_of_digits(counts, state.order.digits.warps);
    const bool last = shift != 0 || state.high - least < kStableDigits;
    const std::uint32_t wanted = last ? k : count;
#pragma unroll
    for (int h = 0; h < kOrderHeld; ++h) {
      if (static_cast<std::uint32_t>(h) >= runs) break;
      if (first + static_cast<std::uint32_t>(h) * kWarp >= count) continue;
      const std::uint32_t at = own_counts[place[h] & 0xffff] + (place[h] >> 16);
      if (at < wanted) sorted[at] = word[h];
    }
    __syncthreads();
    if (last) return;
    clear();
#pragma unroll
    for (int h = 0; h < kOrderHeld; ++h) {
      if (static_cast<std::uint32_t>(h) >= runs) break;
      const std::uint32_t i = first + static_cast<std::uint32_t>(h) * kWarp;
      if (i < count) word[h] = sorted[i];
    }
    // No barrier: who writes `sorted` next is behind those of the counts.
  }
}

}  // namespace topkit::cuda
