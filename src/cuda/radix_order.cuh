// Puts a few thousand unique candidates into order by one block, or by each block of a cluster its share of the ranks.
//
// One counting pass over 4096 bins, spread evenly over the range that the candidates have, brings each candidate next to
// its few neighbours; among those it ranks itself by counting. The bins are of key and position together, so ties spread
// by their positions. A bin that still holds many is spread again, over its own range.
// Idea: bucket sort with a data-dependent range; the spread by multiplication as in Lemire, "Fast random integer
// generation in an interval" (2019).
#pragma once

#include "element.hpp"
#include "radix_digits.cuh"

namespace topkit::cuda {

inline constexpr int kOrderOwn = 8;
inline constexpr int kOrderBins = kOrderOwn * kOrderThreads;
inline constexpr int kOrderHeld = 8;  // candidates of a thread
inline constexpr int kMostOrdered = kOrderHeld * kOrderThreads;
inline constexpr std::uint32_t kHeavyBin = 128;   // more candidates than this are not ranked by counting
inline constexpr std::uint32_t kCrowdedBin = 16;  // with more than this in a bin, bins are evened out
// Each spreading narrows the range of a bin's candidates by a factor of about 4096, so that after five, of at most 63 bits,
// none is left; heavy bins of equal depth are disjoint.
inline constexpr int kMostHeavyBins = 6 * (kMostOrdered / static_cast<int>(kHeavyBin + 1) + 1);

// How candidates low..high spread over kOrderBins bins: monotone. Positions have position_bits bits.
struct CandidateBins {
  Key low;
  std::uint32_t position_low, position_mask;
  int left, right, position_right;
  std::uint32_t scale;  // 0: the value is the bin

  CandidateBins() = default;
  __device__ CandidateBins(Candidate from, Candidate to, int position_bits) {
    low = key_of(from);
    position_mask = (1U << position_bits) - 1;
    const Key keys = key_of(to) - low;
    // Of one key only, positions count from the lowest. A bound that is no candidate may lie below all positions.
    const auto rest = static_cast<std::uint32_t>(from);
    position_low = keys == 0 && (rest | position_mask) == ~0U ? rest & position_mask : 0;
    const std::uint32_t most_position =
        keys == 0 ? (static_cast<std::uint32_t>(to) & position_mask) - position_low : position_mask;
    const int bits =
        keys == 0 ? 32 - __clz(static_cast<int>(most_position)) : 32 - __clz(static_cast<int>(keys)) + position_bits;
    const int shift = bits > 32 ? bits - 32 : 0;
    left = shift < position_bits ? position_bits - shift : 0;
    right = shift > position_bits ? shift - position_bits : 0;
    position_right = shift < 31 ? shift : 31;
    if (keys == 0) left = 0;
    const std::uint32_t most = (keys << left >> right) | most_position >> position_right;
    // A little too small, so that rounding cannot reach bin kOrderBins.
    scale = most < kOrderBins ? 0
                              : static_cast<std::uint32_t>(static_cast<float>(kOrderBins) * 4294967296.0F * 0.999999F /
                                                           (static_cast<float>(most) + 1.0F));
  }
  __device__ std::uint32_t operator()(Candidate c) const { return scale == 0 ? value(c) : __umulhi(value(c), scale); }
  // How far below the top of its bin a candidate lies, of 2^32.
  __device__ std::uint32_t depth(Candidate c) const { return ~(value(c) * scale); }

 private:
  __device__ std::uint32_t value(Candidate c) const {
    const std::uint32_t position = (static_cast<std::uint32_t>(c) & position_mask) - position_low;
    return ((key_of(c) - low) << left >> right) | position >> position_right;
  }
};

struct HeavyBin {
  std::uint32_t rank, count;  // rank of its best candidate
};

struct OrderState {
  alignas(16)
      std::uint32_t bins[kOrderBins + 4];  // with the sum of all in front: bins[bin] ends where bins[bin - 1] begins
  DigitState digits;
  std::uint32_t first_bin, last_bin;  // the highest and lowest bin of this block's share of the ranks
  std::uint32_t cut_bin;              // the bin of rank k - 1
  std::uint32_t heavy_count;
  std::uint32_t crowd;                // the most candidates of a bin
  Key low_key, high_key;              // of a heavy bin
  std::uint32_t low_rest, high_rest;  // the candidates' other half
  CandidateBins bin_of;
  HeavyBin heavy[kMostHeavyBins];

  __device__ std::uint32_t* counts() { return bins + 4; }
  __device__ void clear() {
#pragma unroll 1
    for (std::uint32_t i = threadIdx.x; i < kOrderBins / 4; i += kOrderThreads)
      reinterpret_cast<uint4*>(counts())[i] = make_uint4(0, 0, 0, 0);
  }
};

// Calls emitter()(rank, candidate) for the candidates of ranks below k that fall to this block: those of bins that start in
// from..to - 1. For order value, every rank; for any, the same with places in no order; for index, only the bin of rank
// k - 1, ranked. They lie in lowest..highest. item(i) gives the candidates, each once, 0 <= i < count <= kHeldBy * kOrderThreads,
// k <= count; taken() is called when all have been given, and settle() before `sorted` is written, which has room for
// `count`. Bins are zero, behind a barrier. Ends without a barrier.
//
// evened, unless it is null, has room for kOrderBins + 1: where a bin holds many, candidates are spread once more, each bin
// over as many as it has candidates. evened[bin + 1] is then the rank of the best candidate in a bin of bin_of, and
// evened[0] is not zero; else counts()[bin] is.
template <int kHeldBy = kOrderHeld, class Item, class Taken, class Settle, class Emitter>
__device__ void order_items(OrderState& s, Candidate* sorted, std::uint32_t count, std::uint32_t k, std::uint32_t from,
                            std::uint32_t to, Candidate lowest, Candidate highest, int position_bits, Order order,
                            std::uint16_t* evened, Item item, Taken taken, Settle settle, Emitter emitter) {
  std::uint32_t* const bins = s.counts();
  Candidate held[kHeldBy];
  std::uint32_t arrived[kHeldBy / 2] = {};  // candidates of its bin before each, 16 bits
#pragma unroll
  for (int h = 0; h < kHeldBy; ++h) {
    const std::uint32_t i = static_cast<std::uint32_t>(h) * kOrderThreads + threadIdx.x;
    if (static_cast<std::uint32_t>(h) * kOrderThreads >= count) break;
    held[h] = i < count ? item(i) : 0;
  }
  if (threadIdx.x == 0) {
    s.first_bin = s.heavy_count = s.crowd = 0;
    s.last_bin = kOrderBins;
    s.bins[3] = count;
    s.bin_of = CandidateBins(lowest, highest, position_bits);
  }
  __syncthreads();
  const CandidateBins& bin_of = s.bin_of;
  taken();
  std::uint32_t offset = 0;       // rank of the best candidate at hand
  std::uint32_t share_start = 0;  // rank of sorted[0]
  for (std::uint32_t job = 0;; ++job) {
    bool even = false;
    const auto bin_at = [&](Candidate c) {
      const std::uint32_t bin = bin_of(c);
      if (!even) return bin;
      const std::uint32_t begin = evened[bin + 1], own = evened[bin] - begin;
      return kOrderBins - 1 - (begin + __umulhi(bin_of.depth(c), own));
    };
    for (;;) {
#pragma unroll
      for (int h = 0; h < kHeldBy; ++h) {
        if (static_cast<std::uint32_t>(h) * kOrderThreads >= count) break;
        if (held[h] != 0) {
          const std::uint32_t before = atomicAdd(&bins[bin_at(held[h])], 1U);
          arrived[h / 2] = h % 2 == 0 ? before : arrived[h / 2] | before << 16;
        }
      }
      if (job == 0 && !even) settle();
      __syncthreads();
      std::uint32_t upper = 0, lower = kOrderBins, crowd = 0;
      scan_down<kOrderOwn, true>(bins, s.digits, [&](std::uint32_t bin, std::uint32_t before, std::uint32_t own) {
        if (own == 0) return;
        crowd = ::max(crowd, own);
        const std::uint32_t rank = offset + before;
        if (rank >= from && rank < to) {
          upper = ::max(upper, bin);
          lower = bin;
        }
        if (rank < k && k <= rank + own) s.cut_bin = bin;
      });
      upper = __reduce_max_sync(full_mask, upper);
      lower = __reduce_min_sync(full_mask, lower);
      if (evened != nullptr) crowd = __reduce_max_sync(full_mask, crowd);
      if (lane() == 0 && lower < kOrderBins) {
        atomicMax(&s.first_bin, upper);
        atomicMin(&s.last_bin, lower);
      }
      if (evened != nullptr && lane() == 0 && crowd > kCrowdedBin) atomicMax(&s.crowd, crowd);
      __syncthreads();
      if (evened == nullptr || even || job != 0 || s.crowd == 0) break;
      for (std::uint32_t i = threadIdx.x; i < kOrderBins; i += kOrderThreads) {
        evened[i + 1] = static_cast<std::uint16_t>(bins[i]);
        bins[i] = 0;
      }
      if (threadIdx.x == 0) {
        evened[0] = static_cast<std::uint16_t>(count);
        s.first_bin = 0;
        s.last_bin = kOrderBins;
      }
      even = true;
      __syncthreads();
    }
    const std::uint32_t first_bin = s.first_bin, last_bin = s.last_bin, cut_bin = s.cut_bin;
    if (last_bin > first_bin) return;
    const auto ends = [&](std::uint32_t bin) { return s.bins[3 + bin]; };  // where the next lower bin begins
    if (job == 0) share_start = bins[first_bin];
    Candidate* const here = sorted + static_cast<int>(offset - share_start);  // of rank `offset`
#pragma unroll
    for (int h = 0; h < kHeldBy; ++h) {
      if (static_cast<std::uint32_t>(h) * kOrderThreads >= count) break;
      if (held[h] == 0) continue;
      const std::uint32_t bin = bin_at(held[h]);
      if (bin > first_bin || bin < last_bin) continue;
      const std::uint32_t at = bins[bin] + (arrived[h / 2] >> (h % 2 * 16) & 0xffff);
      if (order == Order::any && bin != cut_bin) {
        emitter()(offset + at, held[h]);
      } else if (order != Order::index || bin == cut_bin) {
        here[at] = held[h];
      }
    }
    __syncthreads();
    const bool has_cut = cut_bin <= first_bin && cut_bin >= last_bin;
    const std::uint32_t begin = order == Order::value ? bins[first_bin] : has_cut ? bins[cut_bin] : 0;
    const std::uint32_t end = order == Order::value ? ends(last_bin) : has_cut ? ends(cut_bin) : 0;
    const auto emit = emitter();  // here, where no candidates are held any more
#pragma unroll 1
    for (std::uint32_t i = begin + threadIdx.x; i < end; i += kOrderThreads) {
      const Candidate mine = here[i];
      const std::uint32_t bin = bin_at(mine);
      const std::uint32_t bin_begin = bins[bin], in_bin = ends(bin) - bin_begin;
      if (in_bin > kHeavyBin) {
        if (i == bin_begin) s.heavy[atomicAdd(&s.heavy_count, 1U)] = {offset + i, in_bin};
        continue;
      }
      const Candidate* const others = here + bin_begin;
      std::uint32_t rank = offset + bin_begin;
      constexpr std::uint32_t kRanked = 4;  // independent of each other
#pragma unroll 1
      for (std::uint32_t j = 0; j < in_bin; j += kRanked) {
#pragma unroll
        for (std::uint32_t q = 0; q < kRanked; ++q) rank += j + q < in_bin && others[j + q] > mine ? 1U : 0U;
      }
      if (rank < k) emit(rank, mine);
    }
    __syncthreads();
    if (job == s.heavy_count) return;

    // A heavy bin is taken up and spread over its own range, in place.
    offset = s.heavy[job].rank;
    count = s.heavy[job].count;
    s.clear();
    if (threadIdx.x == 0) {
      s.bins[3] = count;
      s.first_bin = s.crowd = 0;
      s.last_bin = kOrderBins;
      s.low_key = s.low_rest = ~0U;
      s.high_key = s.high_rest = 0;
    }
    __syncthreads();
    std::uint32_t low_key = ~0U, high_key = 0, low_rest = ~0U, high_rest = 0;
#pragma unroll
    for (int h = 0; h < kHeldBy; ++h) {
      const std::uint32_t i = static_cast<std::uint32_t>(h) * kOrderThreads;
      if (i >= count) break;
      const bool has = threadIdx.x < count - i;  // nothing of the thread alone, that would be kept through the loop
      held[h] = has ? sorted[offset - share_start + i + threadIdx.x] : 0;
      if (has) {
        low_key = ::min(low_key, key_of(held[h]));
        high_key = ::max(high_key, key_of(held[h]));
        low_rest = ::min(low_rest, static_cast<std::uint32_t>(held[h]));
        high_rest = ::max(high_rest, static_cast<std::uint32_t>(held[h]));
      }
    }
    low_key = __reduce_min_sync(full_mask, low_key);
    high_key = __reduce_max_sync(full_mask, high_key);
    low_rest = __reduce_min_sync(full_mask, low_rest);
    high_rest = __reduce_max_sync(full_mask, high_rest);
    if (lane() == 0) {
      atomicMin(&s.low_key, low_key);
      atomicMax(&s.high_key, high_key);
      atomicMin(&s.low_rest, low_rest);
      atomicMax(&s.high_rest, high_rest);
    }
    __syncthreads();
    if (threadIdx.x == 0)
      s.bin_of = CandidateBins(static_cast<Candidate>(s.low_key) << 32 | s.low_rest,
                               static_cast<Candidate>(s.high_key) << 32 | s.high_rest, __popc(s.bin_of.position_mask));
    __syncthreads();
    from = 0;
    to = k;
  }
}

}  // namespace topkit::cuda
