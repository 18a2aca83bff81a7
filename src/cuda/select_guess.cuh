// Order value: a winner's place among all is guessed from the histogram of the row's keys, by where its key lies in its bin. Each place
// has a cell that counts who guesses it; the counts of the cells before tell exactly where a cell's winners lie, and within a cell, where
// hardly ever more than a few are, each counts the better ones. A cell of more than kMostOfCell: the guess tells too little.
#pragma once

#include "select_cut.cuh"
#include "select_share.cuh"
#include "select_sort_shape.hpp"
#include "sums.cuh"

namespace topkit::cuda {

inline constexpr std::uint32_t kMostTied = 32;
inline constexpr Key kNoKey = 1;  // a crowd of this key is told from no other

struct SelectGuessState {
  std::uint32_t warps[kMostSelectWarps];
  std::uint32_t crowded;
  std::uint32_t unlike;  // elements of a tied bin do not all have its key
  Key tied[kMostTied];   // by bin: keys of crowded cells, kNoKey where there is none
};

// The winners of places begin .. end - 1 are a block's.
struct SelectRange {
  std::uint32_t begin, end;
};

template <class S>
struct SelectCells {
  static constexpr int kShift = S::kBits - kSelectBinsLog;
  static constexpr bool kTies = S::kBits == 32;  // are told apart by their positions if a bin has nothing else
  static constexpr std::uint32_t kPlaces = kTies ? 0x7fff : 0xffff, kTied = 0x8000;

  std::uint32_t* bins;    // behind place_bins(): the place of the bin's last, kTied, and above these the bin's elements
  std::uint32_t* counts;  // a byte of each cell: how many, and above that how many have gone to their places
  std::uint16_t* before;  // winners of the cells before each four
  std::uint32_t limit;    // cells
  std::uint32_t scale;    // positions are fractions of 2^32 by it

  // At `limit` or behind: no winner. Keys of 16 bits are shared by many, who are told apart by their positions.
  __device__ std::uint32_t guess(Key key, std::uint32_t position) const {
    const std::uint32_t bin = bins[key >> kShift];
    std::uint32_t fraction = key << (32 - kShift);
    if constexpr (kTies) {
      if ((bin & kTied) != 0) fraction = ~(position * scale);
    } else {
      fraction |= ~(position * scale) >> kShift;
    }
    return (bin & kPlaces) - __umulhi(fraction, bin >> 16);
  }

  // The winners of the cells before `cell`; of_word: the counts of the cell and of its three neighbours.
  __device__ std::uint32_t place(std::uint32_t cell, std::uint32_t of_word) const {
    return before[cell / 4] + ((((of_word & 0x0f0f0f0f) * 0x01010101) << 8) >> (cell % 4 * 8) & 0xff);
  }
  __device__ static std::uint32_t count(std::uint32_t cell, std::uint32_t of_word) {
    return of_word >> (cell % 4 * 8) & 15;
  }
  __device__ static std::uint32_t sum(std::uint32_t of_word) { return ((of_word & 0x0f0f0f0f) * 0x01010101) >> 24; }
};

// Counts become places. All threads, behind a barrier; one more follows before guess().
template <class S>
__device__ void place_bins(SelectGuessState& s, const SelectCells<S>& cells) {
  const std::uint32_t each = (kSelectBins + blockDim.x - 1) / blockDim.x;
  const std::uint32_t begin = ::min(threadIdx.x * each, static_cast<std::uint32_t>(kSelectBins));
  const std::uint32_t end = ::min(begin + each, static_cast<std::uint32_t>(kSelectBins));
  std::uint32_t own = 0, total;
#pragma unroll 1
  for (std::uint32_t i = begin; i < end; ++i) own += cells.bins[kSelectBins - 1 - i];
  std::uint32_t place = sum_before(own, s.warps, blockDim.x / kWarp, total);
#pragma unroll 1
  for (std::uint32_t i = begin; i < end; ++i) {
    std::uint32_t& bin = cells.bins[kSelectBins - 1 - i];
    const std::uint32_t count = bin;
    bin = place >= cells.limit || count == 0 ? SelectCells<S>::kPlaces : count << 16 | (place + count - 1);
    place += count;
  }
}

// Calls f(key, position) for each element of the share, with as many lanes as have one.
template <class S, class F>
__device__ void each_element(const S& element, const SelectShare<S>& share, F f) {
  share.template each<false>([&](const Vec* at, const unsigned(&masks)[kSelectVecs<S>]) {
    const auto granule = share.first + static_cast<std::uint32_t>(at - share.granules);
#pragma unroll
    for (int j = 0; j < kSelectVecs<S>; ++j) {
      Key keys[S::kPerVec];
      element.keys(at[j * kWarp], keys);
      const std::uint32_t position = share.row.position(granule + j * kWarp, 0);
#pragma unroll
      for (int e = 0; e < S::kPerVec; ++e)
        if ((masks[j] >> e & 1U) != 0) f(keys[e], position + e);
    }
  });
}

// What a thread met that may be the only key of its bin: in a crowded cell, or of the cut's bin behind all cells.
struct SelectSuspects {
  Key crowded, beyond;
  bool has_crowded, has_beyond;
};

// Bins of one key: their elements guess by their positions from now on. keys: room for one of each bin. False: a bin has others too. All
// threads, behind a barrier; ends with one, and the cells are clear.
template <class S>
__device__ bool spread_tied(SelectGuessState& s, const SelectCells<S>& cells, const S& element,
                            const SelectShare<S>& share, const SelectSuspects& suspects, Key* keys) {
  const bool crowded = s.crowded != 0;
  const Key own = crowded ? suspects.crowded : suspects.beyond;
  const std::uint32_t own_bin = own >> cells.kShift;
  // Bins behind the cut's have no elements left.
  unsigned lanes =
      __ballot_sync(full_mask, crowded ? suspects.has_crowded : suspects.has_beyond && cells.bins[own_bin] >> 16 != 0);
#pragma unroll 1
  while (lanes != 0) {
    const int first = __ffs(static_cast<int>(lanes)) - 1;
    const Key key = __shfl_sync(full_mask, own, first);
    const bool same = (lanes >> lane() & 1U) != 0 && own_bin == key >> cells.kShift;
    const unsigned unlike = __ballot_sync(full_mask, same && own != key);
    if (static_cast<int>(lane()) == first) {
      const Key there = atomicCAS(&s.tied[own_bin % kMostTied], kNoKey, key);
      if (unlike != 0 || (there != kNoKey && there != key)) atomicOr(&s.unlike, 1U);
    }
    lanes &= ~__ballot_sync(full_mask, same);
  }
  __syncthreads();
  if (s.unlike != 0) return false;
#pragma unroll 1
  for (std::uint32_t i = threadIdx.x; i < (cells.limit + 3) / 4; i += blockDim.x) cells.counts[i] = 0;
  if (threadIdx.x < kMostTied && s.tied[threadIdx.x] != kNoKey) {
    const Key key = s.tied[threadIdx.x];
    cells.bins[key >> cells.kShift] |= cells.kTied;
    keys[key >> cells.kShift] = key;
    s.tied[threadIdx.x] = kNoKey;
  }
  if (threadIdx.x == 0) s.crowded = 0;
  __syncthreads();
  bool unlike = false;
  each_element(element, share, [&](Key key, std::uint32_t) {
    const std::uint32_t bin = key >> cells.kShift;
    if ((cells.bins[bin] & cells.kTied) != 0) unlike |= keys[bin] != key;
  });
  if (unlike) atomicOr(&s.unlike, 1U);
  __syncthreads();
  return s.unlike == 0;
}

// Counts the cells, total winners; whether these are at least k and no cell has too many. All threads, behind a barrier; ends with
// one. The counts are clear, s.crowded is 0.
template <class S>
__device__ bool count_cells(SelectGuessState& s, const SelectCells<S>& cells, const S& element,
                            const SelectShare<S>& share, std::uint32_t k, std::uint32_t& total,
                            SelectSuspects& suspects) {
  bool crowded = false;
  suspects = {};
  each_element(element, share, [&](Key key, std::uint32_t position) {
    const std::uint32_t cell = cells.guess(key, position);
    if (cell >= cells.limit) {
      suspects.beyond = key;
      suspects.has_beyond = true;
      return;
    }
    const std::uint32_t old = atomicAdd(&cells.counts[cell / 4], 1U << (cell % 4 * 8));
    const std::uint32_t others = old >> (cell % 4 * 8) & 0xff;
    crowded |= others >= kMostOfCell;
    if (others == kMostOfCell) {
      suspects.crowded = key;
      suspects.has_crowded = true;
    }
  });
  if (crowded) atomicOr(&s.crowded, 1U);
  __syncthreads();
  if (s.crowded != 0) return false;
  const std::uint32_t words = (cells.limit + 3) / 4, each = (words + blockDim.x - 1) / blockDim.x;
  const std::uint32_t begin = ::min(threadIdx.x * each, words), end = ::min(begin + each, words);
  std::uint32_t own = 0;
#pragma unroll 1
  for (std::uint32_t i = begin; i < end; ++i) own += cells.sum(cells.counts[i]);
  std::uint32_t place = sum_before(own, s.warps, blockDim.x / kWarp, total);
#pragma unroll 1
  for (std::uint32_t i = begin; i < end; ++i) {
    cells.before[i] = static_cast<std::uint16_t>(place);
    place += cells.sum(cells.counts[i]);
  }
  __syncthreads();
  return total >= k;
}

// Winners of the range to their cells' places, kMostOfCell before the range and behind it too: at[0] is place begin - kMostOfCell.
template <class S>
__device__ void fill_cells(const SelectCells<S>& cells, const S& element, const SelectShare<S>& share,
                           const SelectRange& range, Candidate* at) {
  const std::uint32_t room = range.end - range.begin + 2 * kMostOfCell;
  constexpr std::uint32_t kMostBefore = 4 * kMostOfCell;
  each_element(element, share, [&](Key key, std::uint32_t position) {
    const std::uint32_t cell = cells.guess(key, position);
    if (cell >= cells.limit) return;
    const std::uint32_t near = cells.before[cell / 4];
    if (near >= range.end + kMostOfCell || near + kMostBefore + kMostOfCell < range.begin) return;
    const std::uint32_t old = atomicAdd(&cells.counts[cell / 4], 16U << (cell % 4 * 8));
    const std::uint32_t place = cells.place(cell, old) + (old >> (cell % 4 * 8 + 4) & 15);
    const std::uint32_t i = place + kMostOfCell - range.begin;
    if (i < room) at[i] = candidate(key, position);
  });
}

// The range's winners in order. All threads, behind a barrier.
template <class S>
__device__ void rank_cells(const SelectCells<S>& cells, const SelectRange& range, std::uint32_t total,
                           const Candidate* at, Candidate* to) {
  const std::uint32_t room = range.end - range.begin + 2 * kMostOfCell;
#pragma unroll 1
  for (std::uint32_t i = threadIdx.x; i < room; i += blockDim.x) {
    const std::uint32_t own = range.begin + i;  // kMostOfCell behind its place
    if (own < kMostOfCell || own >= total + kMostOfCell) continue;
    const Candidate c = at[i];
    const std::uint32_t cell = cells.guess(key_of(c), index_of(c)), word = cells.counts[cell / 4];
    std::uint32_t place = cells.place(cell, word);
    const std::uint32_t many = cells.count(cell, word);
    if (place >= range.end || place + many <= range.begin) continue;
    if (many > 1) {
      const Candidate* const others = at + (place + kMostOfCell - range.begin);
#pragma unroll 1
      for (std::uint32_t j = 0; j < many; ++j) place += others[j] > c ? 1 : 0;
    }
    if (place >= range.begin && place < range.end) to[place - range.begin] = c;
  }
}

}  // namespace topkit::cuda
