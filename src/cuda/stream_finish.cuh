// The end of a stream: some hundreds or thousands of candidates in shared memory, the k best of them put into order by one
// block: they are thrown into bins by their key and ranked within their bin. The code is small, a block runs it once.
#pragma once

#include "finish.cuh"
#include "stream_list.cuh"

namespace topkit::cuda {

inline constexpr int kFinishBins = 2048;
inline constexpr int kFullBin = 128;  // more in one bin are sorted instead
// Candidates of fewer keys than this are thrown by their position too, in so many bits.
inline constexpr Key kFewKeys = 2048;
inline constexpr int kPositionBits = 12;

struct BinState {
  alignas(16) std::uint32_t bins[kFinishBins];
  std::uint32_t totals[32];
  Key low, high;
  std::uint32_t low_rest, high_rest;  // of the candidates' other half
};

// The k best of list[0..count), in order of value, to list[0..k). `best` has room for k + kFullBin. False, and
// nothing changed, when a bin that begins before the k-th place is too full. All threads, after a barrier; ends with one.
template <int kThreads>
[[gnu::noinline]] __device__ bool sort_by_bins(Candidate* list, int count, int k, Candidate* best, BinState& s) {
  constexpr int kOwn = kFinishBins / kThreads;
  const int id = static_cast<int>(threadIdx.x);
  Key low = ~Key{0}, high = 0;
#pragma unroll 1
  for (int at = id; at < count; at += kThreads) {
    low = ::min(low, key_of(list[at]));
    high = ::max(high, key_of(list[at]));
  }
  low = __reduce_min_sync(full_mask, low);
  high = __reduce_max_sync(full_mask, high);
  if (id == 0) {
    s.low = ~Key{0};
    s.high = s.high_rest = 0;
    s.low_rest = ~0U;
  }
#pragma unroll
  for (int i = 0; i < kOwn; ++i) s.bins[i * kThreads + id] = 0;
  __syncthreads();
  if (lane() == 0) {
    atomicMin(&s.low, low);
    atomicMax(&s.high, high);
  }
  __syncthreads();
  low = s.low;
  high = s.high;
  const bool few = high - low < kFewKeys;
  int shift = 0;
  std::uint32_t top = high - low, high_rest = 0;
  if (few) {
    std::uint32_t low_rest = ~0U;
#pragma unroll 1
    for (int at = id; at < count; at += kThreads) {
      low_rest = ::min(low_rest, static_cast<std::uint32_t>(list[at]));
      high_rest = ::max(high_rest, static_cast<std::uint32_t>(list[at]));
    }
    low_rest = __reduce_min_sync(full_mask, low_rest);
    high_rest = __reduce_max_sync(full_mask, high_rest);
    if (lane() == 0) {
      atomicMin(&s.low_rest, low_rest);
      atomicMax(&s.high_rest, high_rest);
    }
    __syncthreads();
    high_rest = s.high_rest;
    shift = ::max(32 - kPositionBits - __clz(static_cast<int>(high_rest - s.low_rest)), 0);
    top = (top + 1) << kPositionBits;
  }
  // The best first. Rounding keeps the order, which is all that counts here.
  const float scale = static_cast<float>(kFinishBins - 1) / ::max(static_cast<float>(top), 1.0F);
  const auto bin = [&](Candidate c) {
    std::uint32_t place = high - key_of(c);
    if (few) place = place << kPositionBits | (high_rest - static_cast<std::uint32_t>(c)) >> shift;
    return ::min(static_cast<std::uint32_t>(static_cast<float>(place) * scale), kFinishBins - 1U);
  };
#pragma unroll 1
  for (int at = id; at < count; at += kThreads) atomicAdd(&s.bins[bin(list[at])], 1U);
  __syncthreads();
  struct alignas(4 * kOwn) Own {
    std::uint32_t bins[kOwn];
  };
  Own own = reinterpret_cast<const Own*>(s.bins)[id];
  std::uint32_t sum = 0;
#pragma unroll
  for (int i = 0; i < kOwn; ++i) sum += own.bins[i];
  std::uint32_t before = sum;
#pragma unroll
  for (int d = 1; d < kWarp; d *= 2) {
    const std::uint32_t other = __shfl_up_sync(full_mask, before, d);
    if (static_cast<int>(lane()) >= d) before += other;
  }
  if (lane() == kWarp - 1) s.totals[warp()] = before;
  __syncthreads();
  before += __reduce_add_sync(full_mask, lane() < warp() ? s.totals[lane()] : 0) - sum;
  bool full = false;
#pragma unroll
  for (int i = 0; i < kOwn; ++i) {
    const std::uint32_t here = own.bins[i];
    full = full || (here > kFullBin && before < static_cast<unsigned>(k));
    own.bins[i] = before;
    before += here;
  }
  reinterpret_cast<Own*>(s.bins)[id] = own;
  if (__syncthreads_or(full ? 1 : 0) != 0) return false;
  // Bins that begin behind the k-th place are not needed.
  const auto room = static_cast<std::uint32_t>(k + kFullBin);
#pragma unroll 1
  for (int at = id; at < count; at += kThreads) {
    const Candidate c = list[at];
    std::uint32_t* const end = &s.bins[bin(c)];
    if (*static_cast<volatile std::uint32_t*>(end) >= room) continue;
    const std::uint32_t place = atomicAdd(end, 1U);
    if (place < room) best[place] = c;
  }
  __syncthreads();
  // A bin now holds where it ends, which is where the next begins.
#pragma unroll 1
  for (std::uint32_t at = threadIdx.x; at < room && at < static_cast<unsigned>(count); at += kThreads) {
    const Candidate c = best[at];
    const std::uint32_t b = bin(c);
    const std::uint32_t begin = b == 0 ? 0 : s.bins[b - 1];
    if (begin >= static_cast<unsigned>(k)) continue;
    const std::uint32_t end = s.bins[b];
    std::uint32_t rank = begin;
#pragma unroll 2
    for (std::uint32_t i = begin; i < end; ++i) rank += best[i] > c ? 1 : 0;
    if (rank < static_cast<unsigned>(k)) list[rank] = c;
  }
  __syncthreads();
  return true;
}

// The k best of list[0..count) in the wanted order to list[0..k); the list has room for a power of two, `best` for
// k + kFullBin. All threads, after a barrier; ends with one.
template <int kThreads>
[[gnu::noinline]] __device__ void sort_list(Candidate* list, int count, int k, Order wanted, Candidate* best,
                                            CompactState& compact, BinState& bins) {
  if (wanted == Order::any && count == k) return;
  if (wanted != Order::index && sort_by_bins<kThreads>(list, count, k, best, bins)) return;
  if (count > k) {
    __syncthreads();
    cut_list<kThreads>(list, count, k, k, compact);
  }
  if (wanted == Order::any) return;
  // The lower index is the better one when it is the key.
  const auto turned = [&](Candidate c) { return wanted == Order::index ? c << 32 | c >> 32 : c; };
  const int size = round_up_power_of_two(k);
  for (int i = static_cast<int>(threadIdx.x); i < size; i += kThreads) list[i] = i < k ? turned(list[i]) : 0;
  __syncthreads();
  sort_bitonic<kThreads>(list, size);
  for (int i = static_cast<int>(threadIdx.x); i < k; i += kThreads) list[i] = turned(list[i]);
  __syncthreads();
}

}  // namespace topkit::cuda
