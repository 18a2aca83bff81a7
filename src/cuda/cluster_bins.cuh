// A list of up to a candidate a thread put into order by bins: where each with each would be tens of thousands of comparisons, and
// networks of 64-bit exchanges take three times as long. Bins over the range of the keys, and of few keys over their positions
// too; within a bin candidates are compared. Where one of the bins holds too many, the list is sorted as runs instead.
#pragma once

#include "compact.cuh"
#include "rank.cuh"

namespace topkit::cuda {

inline constexpr int kListBins = 2048;  // two a word

// list[0..n), n <= kThreads, best first; of these the first `wanted` count, the others are anything. `beside` has room for
// kThreads, `words` is kListBins / 2 of them, 8-byte aligned. All threads, behind a barrier; ends with one.
template <int kThreads>
__device__ __forceinline__ void sort_in_bins(Candidate* list, int n, int wanted, Candidate* beside,
                                             std::uint32_t* words, CompactState& s) {
  static_assert(kListBins == 4 * kThreads);
  constexpr std::uint32_t kMany = 128;  // in one bin
  constexpr int kAtOnce = 4;
  struct alignas(8) Two {
    std::uint32_t word[2];
  };
  const int thread = static_cast<int>(threadIdx.x);
  Two& own = reinterpret_cast<Two*>(words)[thread];
  const bool there = thread < n;
  const Candidate c = there ? list[thread] : 0;
  const Key key = key_of(c);
  const auto rest = static_cast<std::uint32_t>(c);
  if (thread == 0) {
    s.low_key = s.low_rest = ~0U;
    s.high_key = s.high_rest = 0;
  }
  own = Two{};
  __syncthreads();
  if (static_cast<int>(warp() * kWarp) < n) {
    const Key low = __reduce_min_sync(full_mask, there ? key : ~Key{0}), high = __reduce_max_sync(full_mask, key);
    const std::uint32_t low_rest = __reduce_min_sync(full_mask, there ? rest : ~0U),
                        high_rest = __reduce_max_sync(full_mask, rest);
    if (lane() == 0) {
      atomicMin(&s.low_key, low);
      atomicMax(&s.high_key, high);
      atomicMin(&s.low_rest, low_rest);
      atomicMax(&s.high_rest, high_rest);
    }
  }
  __syncthreads();
  // The best first. Rounding keeps the order, which is all that counts here.
  std::uint32_t at = s.high_key - key, top = s.high_key - s.low_key;
  const std::uint32_t positions = s.high_rest - s.low_rest + 1;
  if (__umulhi(top, positions) == 0 && top * positions < 1U << 30 && positions < 1U << 30) {
    at = at * positions + (s.high_rest - rest);
    top = (top + 1) * positions;
  }
  const float scale = static_cast<float>(kListBins - 1) / ::max(static_cast<float>(top), 1.0F);
  const std::uint32_t bin = ::min(static_cast<std::uint32_t>(static_cast<float>(at) * scale), kListBins - 1U);
  const int half = static_cast<int>(bin & 1) * 16;
  const std::uint32_t came = there ? atomicAdd(&words[bin / 2], 1U << half) >> half & 0xffff : 0;
  __syncthreads();
  const Two mine = own;
  const std::uint32_t first_two = (mine.word[0] & 0xffff) + (mine.word[0] >> 16),
                      all = first_two + (mine.word[1] & 0xffff) + (mine.word[1] >> 16);
  std::uint32_t through = all;
#pragma unroll
  for (unsigned d = 1; d < kWarp; d *= 2) add_from_below(through, d);
  if (lane() == kWarp - 1) s.bins[warp()] = through;
  const std::uint32_t most = __vmaxu2(mine.word[0], mine.word[1]);
  if (__syncthreads_or(::max(most & 0xffff, most >> 16) > kMany ? 1 : 0) != 0) {
    const Placed placed = place_among_runs<kThreads>(list, beside, n);
    if (placed.place >= 0) list[placed.place] = placed.candidate;
    __syncthreads();
    return;
  }
  // Where each bin begins.
  const std::uint32_t before = __reduce_add_sync(full_mask, lane() < warp() ? s.bins[lane()] : 0) + through - all;
  own = Two{{before | (before + (mine.word[0] & 0xffff)) << 16,
             (before + first_two) | (before + first_two + (mine.word[1] & 0xffff)) << 16}};
  __syncthreads();
  const auto begin_of = [&](std::uint32_t b) { return words[b / 2] >> (b & 1) * 16 & 0xffff; };
  const std::uint32_t first = there ? begin_of(bin) : 0;
  const bool counts = there && first < static_cast<std::uint32_t>(wanted);
  if (counts) beside[first + came] = c;
  __syncthreads();
  if (counts) {
    const std::uint32_t end = bin + 1 < kListBins ? begin_of(bin + 1) : static_cast<std::uint32_t>(n);
    std::uint32_t place = first;
#pragma unroll 1
    for (std::uint32_t j = first; j < end; j += kAtOnce) {
#pragma unroll
      for (int q = 0; q < kAtOnce; ++q) place += j + q < end && beside[j + q] > c ? 1 : 0;
    }
    list[place] = c;
  }
  __syncthreads();
}

}  // namespace topkit::cuda
