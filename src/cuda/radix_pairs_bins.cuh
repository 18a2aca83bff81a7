// Spreads what half a block has listed of its row over bins that lie behind one another, the best in front. What is held in registers
// between these steps is where in its bin each word arrived.
#pragma once

#include "radix_even_bins.cuh"
#include "radix_rows_team.cuh"
#include "warp_network.cuh"

namespace topkit::cuda {

inline constexpr std::uint32_t kMendedBin = 9;    // what radix_pairs_mend.cuh puts right
inline constexpr std::uint32_t kCountedBin = 48;  // of which each word counts what is above it
inline constexpr std::uint32_t kSortedBin = 256;  // what a warp puts into order

// Even bins, and where each lies.
struct PairBins : EvenBins {
  using EvenBins::EvenBins;

  // A thread reads sixteen bins, by fours: of eight neighbours these lie in different banks.
  __device__ static std::uint32_t slot(std::uint32_t bin) { return bin ^ (bin >> 3 & 12U); }
  // Where the bin that lies in `slot` ends, once bins are where they begin: where the one below it does.
  __device__ static std::uint32_t end_of(const std::uint32_t* bins, std::uint32_t at, std::uint32_t last) {
    const std::uint32_t bin = slot(at);
    return bin == 0 ? last : bins[slot(bin - 1)];
  }
};

// Where a gap parts the words: three bins of four for those up to `near`, an eighth of them for numbers from far on, others for what is
// above these.
template <class E>
struct PartedBins {
  std::uint32_t near;
  EvenBins low, high;

  __device__ PartedBins(std::uint32_t base, std::uint32_t most_near, std::uint32_t far, std::uint32_t most)
      : near(most_near), low(base, most_near), high(far, ::min(most, Words<E>::lowest(FloatKeys<E>::kInfinity) - 1)) {}
  __device__ std::uint32_t operator()(std::uint32_t word) const {
    if (TopBins<E>::hold(word)) return TopBins<E>::bin(word);
    if (word > near) return kOrderBins / 4 * 3 + high(word) / 8;
    return low(word) - low(word) / 4;
  }
};

// By one warp: `count` words, no more than it has places, descending where they lie.
template <int kRegs>
__device__ void sort_by_warp(std::uint32_t* at, std::uint32_t count) {
  std::uint32_t item[kRegs];
#pragma unroll
  for (int r = 0; r < kRegs; ++r) item[r] = r * kWarp + lane() < count ? at[r * kWarp + lane()] : 0;
  sort_places<static_cast<int>(kWarp)>(item);
  __syncwarp(full_mask);
#pragma unroll
  for (int r = 0; r < kRegs; ++r)
    if (lane() * kRegs + r < count) at[lane() * kRegs + r] = item[r];
}
// count <= kSortedBin.
__device__ inline void sort_bin(std::uint32_t* at, std::uint32_t count) {
  if (count <= 2 * kWarp) {
    sort_by_warp<2>(at, count);
  } else {
    sort_by_warp<kSortedBin / kWarp>(at, count);
  }
}

// Puts into order what lies in each bin of more than kCountedBin, a warp a bin. A bin's number is where it begins and the one below it
// ends. The team calls, behind a barrier; ends with one.
__device__ inline void sort_heavy_bins(const std::uint32_t* bins, std::uint32_t* list, std::uint32_t last) {
#pragma unroll 1
  for (std::uint32_t from = PairTeam::warp_at() * kWarp; from < kOrderBins; from += PairTeam::kThreads) {
    const std::uint32_t begin = bins[PairBins::slot(from + lane())];
    const std::uint32_t end = PairBins::end_of(bins, PairBins::slot(from + lane()), last);
#pragma unroll 1
    for (unsigned left = __ballot_sync(full_mask, begin < last && end - begin > kCountedBin); left != 0;
         left &= left - 1) {
      const int owner = __ffs(static_cast<int>(left)) - 1;
      const std::uint32_t at = __shfl_sync(full_mask, begin, owner), count = __shfl_sync(full_mask, end - begin, owner);
      sort_bin(list + at, count);
    }
  }
  PairTeam::sync();
}

// Each bin becomes the number of words in higher ones; row.last, where the bin of the k-th ends, and row.crowd. The
// team calls, behind a barrier; ends with one.
template <class E>
__device__ __forceinline__ void scan_bins(std::uint32_t* bins, RowState<E>& row, std::uint32_t k) {
  constexpr int kFours = kOrderBins / static_cast<int>(PairTeam::kThreads) / 4;
  static_assert(kFours == 4);
  // A thread's bins, the highest first; those of the first thread are the highest.
  const std::uint32_t sixteen = PairTeam::kThreads - 1 - PairTeam::thread();
  const auto four_at = [&](int j) {
    return reinterpret_cast<uint4*>(bins + PairBins::slot(sixteen * 4 * kFours + static_cast<std::uint32_t>(4 * j)));
  };
  std::uint32_t sum = 0, most = 0;
#pragma unroll
  for (int j = 0; j < kFours; ++j) {
    const uint4 own = *four_at(j);
    sum += own.x + own.y + own.z + own.w;
    most = ::max(::max(most, ::max(own.x, own.y)), ::max(own.z, own.w));
  }
  const std::uint32_t through = sum_through(sum);
  if (lane() == kWarp - 1) row.warps[PairTeam::warp_at()] = through;
  if (most > kMendedBin) atomicMax(&row.crowd, most);
  PairTeam::sync();
  const std::uint32_t earlier = lane() < PairTeam::warp_at() ? row.warps[lane()] : 0;
  const std::uint32_t start = __reduce_add_sync(full_mask, earlier) + through - sum;
  const bool holds_last = start < k && k <= start + sum;
  std::uint32_t before = start, last = start + sum;
  const auto begins = [&](std::uint32_t& own) {  // a bin
    const std::uint32_t end = before + own;
    if (holds_last && before < k && k <= end) last = end;
    own = before;
    before = end;
  };
#pragma unroll
  for (int j = kFours - 1; j >= 0; --j) {  // read again rather than kept
    uint4 own = *four_at(j);
    begins(own.w);
    begins(own.z);
    begins(own.y);
    begins(own.x);
    *four_at(j) = own;
  }
  if (holds_last) row.last = last;
  PairTeam::sync();
}

// Brings the row's `count` entries, none of a word below `bound`, to their bins in `placed`: words, bin behind bin, the first row.last of
// them up to the end of the bin of the last winner, and 8 zeros behind. The list becomes one of words, where they were. bins:
// kOrderBins zeros, behind a barrier. Ends with one.
template <class E>
__device__ __forceinline__ void place_in_bins(const E& element, RowState<E>& row, std::uint32_t* bins,
                                              std::uint32_t* list, std::uint32_t* placed, std::uint32_t bound,
                                              std::uint32_t count) {
  constexpr std::uint32_t kThreads = PairTeam::kThreads;
  constexpr int kHeld = PairTeam::kListed / kThreads;
  std::uint32_t arrived[kHeld];  // where its bin's number lies, and before it in the bin: 16 bits each
  {
    std::uint32_t held[kHeld];
    std::uint32_t high = 0;
    const Words<E> words(row.share.row.count);
#pragma unroll
    for (int h = 0; h < kHeld; ++h) {
      if (h * kThreads >= count) break;
      const std::uint32_t i = h * kThreads + PairTeam::thread();
      held[h] = words.word_of(element, list[i]);  // there is room for all of a round
      list[i] = held[h];
      if (i < count) high = ::max(high, held[h]);
    }
    high = __reduce_max_sync(full_mask, high);
    if (lane() == 0) atomicMax(&row.high, high);
    PairTeam::sync();
    const auto arrive = [&](const auto& bin_of) {
#pragma unroll
      for (int h = 0; h < kHeld; ++h) {
        if (h * kThreads >= count) break;
        if (h * kThreads + PairTeam::thread() >= count) continue;
        const std::uint32_t slot = PairBins::slot(bin_of(held[h]));
        arrived[h] = atomicAdd(&bins[slot], 1U) << 16 | slot;
      }
    };
    std::uint32_t top = row.high;
    bool parted = false;
    constexpr std::uint32_t kNear = kLikelySpan<E> << Words<E>::kHalf;
    if (top - bound > kNear || TopBins<E>::hold(top)) [[unlikely]] {
      // Words that are far above the others would leave these one bin.
      std::uint32_t far = 0, near = 0, least = ~0U;
#pragma unroll
      for (int h = 0; h < kHeld; ++h) {
        if (h * kThreads >= count) break;
        if (h * kThreads + PairTeam::thread() >= count) continue;
        if (held[h] - bound > kNear || TopBins<E>::hold(held[h])) {
          ++far;
          least = ::min(least, held[h]);
        } else {
          near = ::max(near, held[h]);
        }
      }
      far = __reduce_add_sync(full_mask, far);
      near = __reduce_max_sync(full_mask, near);
      least = __reduce_min_sync(full_mask, least);
      if (lane() == 0) {
        atomicAdd(&row.split.reached, far);
        atomicMax(&row.split.highest, near);
        atomicMin(&row.split.lowest, least);
      }
      PairTeam::sync();
      near = row.split.highest;
      least = row.split.lowest;
      if (near == 0) {
        bound = least;
      } else if (TopBins<E>::hold(top) || 3 * row.split.reached <= count || least - near > top - least) {
        arrive(PartedBins<E>(bound, near, least, top));
        parted = true;
      }
    }
    if (!parted) [[likely]]
      arrive(PairBins(bound, top));
  }
  PairTeam::sync();
  scan_bins(bins, row, ::min(count, row.out.k));
  const std::uint32_t last = row.last;
  if (PairTeam::thread() < 8) placed[last + PairTeam::thread()] = 0;
#pragma unroll
  for (int h = 0; h < kHeld; ++h) {
    const std::uint32_t i = h * kThreads + PairTeam::thread();
    if (h * kThreads >= count) break;
    if (i >= count) continue;
    const std::uint32_t at = bins[arrived[h] & 0xffff] + (arrived[h] >> 16);
    if (at < last) placed[at] = list[i];
  }
  PairTeam::sync();
  const std::uint32_t crowd = row.crowd;
  if (crowd <= kMendedBin || crowd > kSortedBin) [[likely]]
    return;
  constexpr std::uint32_t kStep = 4;  // read together, so that one's loads hide the others'
#pragma unroll
  for (int h = 0; h < kHeld; ++h) {
    const std::uint32_t i = h * kThreads + PairTeam::thread();
    if (h * kThreads >= count) break;
    const std::uint32_t slot = arrived[h] & 0xffff;
    arrived[h] = ~0U;
    if (i >= count) continue;
    const std::uint32_t begin = bins[slot], end = PairBins::end_of(bins, slot, last);
    if (begin >= last || end - begin <= kMendedBin || end - begin > kCountedBin) continue;
    const std::uint32_t word = list[i];
    std::uint32_t rank = begin;
#pragma unroll 1
    for (std::uint32_t j = begin; j < end; j += kStep) {
#pragma unroll
      for (std::uint32_t q = 0; q < kStep; ++q) count_if(placed[j + q] > word, rank);
    }
    arrived[h] = rank;
  }
  PairTeam::sync();
#pragma unroll
  for (int h = 0; h < kHeld; ++h) {
    if (h * kThreads >= count) break;
    if (arrived[h] != ~0U) placed[arrived[h]] = list[h * kThreads + PairTeam::thread()];
  }
  PairTeam::sync();
}

}  // namespace topkit::cuda
