// Radix selection by one block: the exact k-th key of any keys, digit by digit from the top, and the winners in index order.
//
// The idea is Alabi et al.'s (2012) radix select; histograms are of the ordered key itself, so nothing can overflow. A
// digit of 11 bits needs three rounds for 32-bit keys (as in AIR Top-K, SC'23).
#pragma once

#include <cstdint>

#include "simt.hpp"

namespace topkit::cuda {

inline constexpr int kRadixThreads = 512;
inline constexpr int kRadixWarps = kRadixThreads / kWarp;
inline constexpr int kRadixBins = 2048;

// Of the sum over the block's threads before this one; total is everybody's. Begins and ends with no barrier owed by the
// caller but one between two calls.
struct BlockScan {
  std::uint32_t warps[kRadixWarps];

  __device__ std::uint32_t exclusive(std::uint32_t mine, std::uint32_t& total) {
    std::uint32_t sum = mine;
    for (unsigned d = 1; d < kWarp; d *= 2) {
      const std::uint32_t other = __shfl_up_sync(full_mask, sum, d);
      if (lane() >= d) sum += other;
    }
    if (lane() == kWarp - 1) warps[warp()] = sum;
    __syncthreads();
    std::uint32_t before = 0;
    total = 0;
    for (unsigned w = 0; w < kRadixWarps; ++w) {
      if (w < warp()) before += warps[w];
      total += warps[w];
    }
    return before + sum - mine;
  }
};

// What separates the winners: keys whose bits above `shift` exceed those of `prefix` win, those whose bits equal it are ties,
// of which the first `quota` by index win.
template <class U>
struct Cut {
  U prefix;
  int shift;
  std::uint32_t quota;

  __device__ bool above(U key) const { return static_cast<U>(key >> shift) > static_cast<U>(prefix >> shift); }
  __device__ bool level(U key) const { return static_cast<U>(key >> shift) == static_cast<U>(prefix >> shift); }
};

struct SelectShared {
  std::uint32_t bins[kRadixBins];
  BlockScan scan;
  std::uint32_t bin, above, inside;
};

// The cut for the k best of the keys key_at(0..n); 1 <= k <= n. All threads of the block call.
template <class U, class KeyAt>
__device__ Cut<U> radix_cut(SelectShared& s, std::uint32_t n, std::uint32_t k, const KeyAt& key_at) {
  constexpr int kBits = sizeof(U) <= 2 ? 8 : 11;
  constexpr int kWidth = static_cast<int>(sizeof(U)) * 8;
  Cut<U> cut{0, kWidth, k};
  while (cut.shift > 0) {
    const int top = cut.shift;
    const int bits = top < kBits ? top : kBits;
    const int shift = top - bits;
    const std::uint32_t bins = 1U << bits;
    for (std::uint32_t i = threadIdx.x; i < bins; i += kRadixThreads) s.bins[i] = 0;
    __syncthreads();
    for (std::uint32_t base = 0; base < n; base += kRadixThreads) {
      const std::uint32_t i = base + threadIdx.x;
      const U key = i < n ? key_at(i) : U{0};
      const bool counts = i < n && (top == kWidth || static_cast<U>(key >> (top % kWidth)) ==
                                                         static_cast<U>(cut.prefix >> (top % kWidth)));
      const std::uint32_t digit = counts ? static_cast<std::uint32_t>(key >> shift) & (bins - 1) : bins;
      // Rows of one value would serialise the atomics: a warp of one digit adds once.
      if (__all_sync(full_mask, digit == __shfl_sync(full_mask, digit, 0))) {
        if (lane() == 0 && counts) atomicAdd(&s.bins[digit], static_cast<std::uint32_t>(kWarp));
      } else if (counts) {
        atomicAdd(&s.bins[digit], 1U);
      }
    }
    __syncthreads();
    // Thread t owns the t-th highest run of bins.
    const std::uint32_t per_thread = bins < kRadixThreads ? 1 : bins / kRadixThreads;
    const bool owner = threadIdx.x * per_thread < bins;
    const std::uint32_t high = bins - 1 - threadIdx.x * per_thread;
    std::uint32_t sum = 0;
    for (std::uint32_t i = 0; owner && i < per_thread; ++i) sum += s.bins[high - i];
    std::uint32_t total;
    std::uint32_t above = s.scan.exclusive(sum, total);
    if (above < cut.quota && cut.quota <= above + sum) {
      std::uint32_t bin = high;
      while (above + s.bins[bin] < cut.quota) above += s.bins[bin--];
      s.bin = bin;
      s.above = above;
      s.inside = s.bins[bin];
    }
    __syncthreads();
    cut.prefix = static_cast<U>(cut.prefix | static_cast<U>(static_cast<U>(s.bin) << shift));
    cut.shift = shift;
    cut.quota -= s.above;
    if (s.inside == cut.quota) break;  // the whole bin wins
  }
  __syncthreads();
  return cut;
}

// Calls emit(place, i, key) for each winner, places in index order from 0. All threads of the block call.
template <class U, class KeyAt, class Emit>
__device__ void emit_winners(SelectShared& s, std::uint32_t n, const Cut<U>& cut, const KeyAt& key_at,
                             const Emit& emit) {
  constexpr int kItems = 4;
  constexpr std::uint32_t kWarpTile = kWarp * kItems, kTile = kWarpTile * kRadixWarps;
  std::uint32_t place = 0, level_before = 0;  // of all tiles before
  for (std::uint32_t base = 0; base < n; base += kTile) {
    const std::uint32_t first = base + warp() * kWarpTile + lane();
    U keys[kItems];
    unsigned above_ballot[kItems], level_ballot[kItems];
    std::uint32_t above = 0, level = 0;
#pragma unroll
    for (int j = 0; j < kItems; ++j) {
      const std::uint32_t i = first + static_cast<std::uint32_t>(j) * kWarp;
      keys[j] = i < n ? key_at(i) : U{0};
      above_ballot[j] = __ballot_sync(full_mask, i < n && cut.above(keys[j]));
      level_ballot[j] = __ballot_sync(full_mask, i < n && cut.level(keys[j]));
      above += static_cast<std::uint32_t>(__popc(above_ballot[j]));
      level += static_cast<std::uint32_t>(__popc(level_ballot[j]));
    }
    // Both counts of a tile fit 16 bits. Lane 0 brings its warp's.
    std::uint32_t total;
    const std::uint32_t mine = lane() == 0 ? above << 16 | level : 0;
    const std::uint32_t before = __shfl_sync(full_mask, s.scan.exclusive(mine, total), 0);
    std::uint32_t above_at = before >> 16, level_at = level_before + (before & 0xffff);
    const unsigned lower = (1U << lane()) - 1;
#pragma unroll
    for (int j = 0; j < kItems; ++j) {
      const std::uint32_t ahead = level_at + static_cast<std::uint32_t>(__popc(level_ballot[j] & lower));
      const bool wins_level = (level_ballot[j] >> lane() & 1U) != 0 && ahead < cut.quota;
      if ((above_ballot[j] >> lane() & 1U) != 0 || wins_level) {
        const std::uint32_t levels =
            (ahead < cut.quota ? ahead : cut.quota) - (level_before < cut.quota ? level_before : cut.quota);
        emit(place + above_at + static_cast<std::uint32_t>(__popc(above_ballot[j] & lower)) + levels,
             first + static_cast<std::uint32_t>(j) * kWarp, keys[j]);
      }
      above_at += static_cast<std::uint32_t>(__popc(above_ballot[j]));
      level_at += static_cast<std::uint32_t>(__popc(level_ballot[j]));
    }
    const std::uint32_t level_after = level_before + (total & 0xffff);
    place += (total >> 16) + (level_after < cut.quota ? level_after : cut.quota) -
             (level_before < cut.quota ? level_before : cut.quota);
    level_before = level_after;
    __syncthreads();
  }
}

}  // namespace topkit::cuda
