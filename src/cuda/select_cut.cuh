// Where the winners end: digits of the keys from the highest on, each by a histogram of the row, until a bin is wanted whole or
// the key is known.
#pragma once

#include "radix_digits.cuh"
#include "select_share.cuh"

namespace topkit::cuda {

inline constexpr int kMostSelectWarps = kMostSelectThreads / 32;

struct SelectState {
  std::uint32_t warps[kMostSelectWarps];
  FoundBin found;
};

// Elements whose key is not below `key` win; or, of those that have this one, the first `tied`.
template <class Key>
struct SelectCut {
  static constexpr std::uint32_t kAll = ~0U;
  Key key;
  std::uint32_t tied;
};

__device__ inline void clear_bins(std::uint32_t* bins) {
  for (std::uint32_t i = threadIdx.x; i < kSelectBins / 4; i += blockDim.x)
    reinterpret_cast<uint4*>(bins)[i] = make_uint4(0, 0, 0, 0);
}

// The bin of the wanted-th best in the bins of all blocks of the row. All threads of all blocks, behind a barrier of all; ends with
// one of the block.
__device__ inline FoundBin find_bin(SelectState& s, const std::uint32_t* bins, int blocks_log, std::uint32_t wanted) {
  constexpr std::uint32_t kFours = kSelectBins / 4;
  const std::uint32_t own = (kFours + blockDim.x - 1) / blockDim.x;  // 1 in a cluster
  const auto four = [&](std::uint32_t t) {                           // counted from the highest bins
    const auto* const mine = reinterpret_cast<const uint4*>(bins) + (kFours - 1 - t);
    uint4 sum = *mine;
#pragma unroll 1
    for (unsigned b = 1; b < 1U << blocks_log; ++b) {
      const uint4 theirs = cluster_load(mine, (cluster_rank() + b) & ((1U << blocks_log) - 1));
      sum = make_uint4(sum.x + theirs.x, sum.y + theirs.y, sum.z + theirs.z, sum.w + theirs.w);
    }
    return sum;
  };
  const std::uint32_t begin = threadIdx.x * own;
  uint4 last{};
  std::uint32_t sum = 0;
#pragma unroll 1
  for (std::uint32_t t = begin; t < begin + own && t < kFours; ++t) {
    last = four(t);
    sum += last.x + last.y + last.z + last.w;
  }
  const std::uint32_t through = sum_through(sum);
  if (lane() == kWarp - 1) s.warps[warp()] = through;
  __syncthreads();
  const std::uint32_t earlier = lane() < warp() ? s.warps[lane()] : 0;
  std::uint32_t above = __reduce_add_sync(full_mask, earlier) + through - sum;
  if (above < wanted && wanted <= above + sum) {
#pragma unroll 1
    for (std::uint32_t t = begin; t < begin + own && t < kFours; ++t) {
      const uint4 counts = own == 1 ? last : four(t);
      const std::uint32_t of[4] = {counts.w, counts.z, counts.y, counts.x};
#pragma unroll
      for (std::uint32_t i = 0; i < 4; ++i) {
        if (above < wanted && wanted <= above + of[i]) s.found = {kSelectBins - 1 - (4 * t + i), above, of[i]};
        above += of[i];
      }
    }
  }
  __syncthreads();
  return s.found;
}

// Counts the elements whose keys are among the 2^bits from base on.
template <bool kWaits, class S>
__device__ void count_digits(const S& element, const SelectShare<S>& share, std::uint32_t* bins, typename S::Key base,
                             int bits, int shift) {
  using Key = typename S::Key;
  const Key used = Key{1} << (bits - shift);
  share.template each<kWaits>([&](const Vec* at, const unsigned(&masks)[kSelectVecs<S>]) {
    Vec vecs[kSelectVecs<S>];
#pragma unroll
    for (int j = 0; j < kSelectVecs<S>; ++j) vecs[j] = at[j * kWarp];
#pragma unroll
    for (int j = 0; j < kSelectVecs<S>; ++j) {
      Key keys[S::kPerVec];
      element.keys(vecs[j], keys);
#pragma unroll
      for (int e = 0; e < S::kPerVec; ++e) {
        const Key digit = (kWaits ? keys[e] : keys[e] - base) >> shift;
        if ((kWaits || digit < used) && (masks[j] >> e & 1U) != 0)
          atomicAdd(&bins[static_cast<std::uint32_t>(digit)], 1U);
      }
    }
  });
}

// Of the best k of the row, 1 <= k <= its elements. `bins` are clear, behind a barrier of the block; two sets of them in a
// cluster. All threads of all blocks of the row; the share is there behind it.
template <class S>
__device__ SelectCut<typename S::Key> find_cut(SelectState& s, const S& element, const SelectShare<S>& share,
                                               std::uint32_t* bins, int blocks_log, std::uint32_t k) {
  using Key = typename S::Key;
  constexpr int kFirst = S::kBits > kSelectBinsLog ? S::kBits - kSelectBinsLog : 0;
  Key base = 0;
  int bits = S::kBits, shift = kFirst;  // the last winner's key is one of the 2^bits from base on
  std::uint32_t wanted = k;
  std::uint32_t* now = bins;
  count_digits<true>(element, share, now, Key{0}, S::kBits, kFirst);
#pragma unroll 1
  for (;;) {
    if (blocks_log > 0) {
      cluster_sync();
    } else {
      __syncthreads();
    }
    const FoundBin found = find_bin(s, now, blocks_log, wanted);
    base += static_cast<Key>(found.bin) << shift;
    wanted -= found.above;
    bits = shift;
    if (found.within == wanted) return {base, SelectCut<Key>::kAll};
    if (bits == 0) return {base, wanted};
    // The bins of a cluster's block are read until all blocks have met again.
    if (blocks_log > 0) now = now == bins ? bins + kSelectBins : bins;
    clear_bins(now);
    __syncthreads();
    shift = bits > kSelectBinsLog ? bits - kSelectBinsLog : 0;
    count_digits<false>(element, share, now, base, bits, shift);
  }
}

}  // namespace topkit::cuda
