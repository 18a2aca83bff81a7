// Order value: a winner's place among all is guessed from the histogram of the row's keys, by where its key lies in its bin. Each place
// has a cell that counts who guesses it; the counts of the cells before tell exactly where a cell's winners lie, and within a cell, where
// hardly ever more than a few are, each counts the better ones. Where more than kMostOfCell are in one, cells of two places take up to
// kMostOfPair; of still more, the guess tells too little.
#pragma once

#include "select_cut.cuh"
#include "select_share.cuh"
#include "select_sort_shape.hpp"
#include "sums.cuh"

namespace topkit::cuda {

inline constexpr std::uint32_t kMostTied = 32;
inline constexpr Key kNoKey = 1, kManyKeys = 2;  // crowds of these keys are told from no other

struct SelectGuessState {
  std::uint32_t warps[kMostSelectWarps];
  std::uint32_t crowded;                  // bit 1: too much for a cell of two places too
  std::uint32_t unlike;                   // a bin that was said to have one key has others
  Key tied[2][kMostTied];                 // by bin: keys of crowded cells, and of those behind all cells
  std::uint32_t marks[kSelectBins / 32];  // bins of one key
};

// The winners of places begin .. end - 1 are a block's.
struct SelectRange {
  std::uint32_t begin, end;
};

template <class S, int kPlacesOfCell = 1>
struct SelectCells {
  static constexpr int kShift = S::kBits - kSelectBinsLog;
  static constexpr std::uint32_t kPlaces = 0xffff;

  // A word has the cells of four places; of each, how many, and above that how many have gone to their places.
  static constexpr std::uint32_t kMost = kPlacesOfCell == 1 ? kMostOfCell : kMostOfPair;
  static constexpr std::uint32_t kCellBits = 8 * kPlacesOfCell, kCountBits = kCellBits / 2;
  static constexpr std::uint32_t kCount = (1U << kCountBits) - 1, kOfWord = 4 / kPlacesOfCell;
  static_assert(kPlacesOfCell <= 2 && kMost <= kCount);

  std::uint32_t* bins;    // behind place_bins(): the place of the bin's last, and above it the bin's elements
  std::uint32_t* counts;  // words of cells
  std::uint16_t* before;  // winners of the cells before each word
  std::uint32_t limit;    // places
  std::uint32_t scale;    // positions are fractions of 2^32 by it
  // Of bins that have one key, which is told apart by its positions, where cells have two places.
  const std::uint32_t* marks;

  __device__ bool is_marked(std::uint32_t bin) const {
    return kPlacesOfCell > 1 && (marks[bin / 32] >> bin % 32 & 1U) != 0;
  }
  // At `limit` or behind: no winner. Keys of 16 bits are shared by many, who are told apart by their positions.
  __device__ std::uint32_t guess(Key key, std::uint32_t position) const {
    const std::uint32_t bin = bins[key >> kShift];
    std::uint32_t fraction = key << (32 - kShift);
    if constexpr (S::kBits == 16) fraction |= ~(position * scale) >> kShift;
    if (is_marked(key >> kShift)) fraction = ~(position * scale);
    return (bin & kPlaces) - __umulhi(fraction, bin >> 16);
  }

  // Of a guess: where its cell is in its word.
  __device__ static std::uint32_t at(std::uint32_t guess) { return guess % 4 / kPlacesOfCell * kCellBits; }
  // The winners of the cells before that of the guess; of_word: the counts of it and of its neighbours.
  __device__ std::uint32_t place(std::uint32_t guess, std::uint32_t of_word) const {
    if constexpr (kPlacesOfCell == 1)
      return before[guess / 4] + ((((of_word & 0x0f0f0f0f) * 0x01010101) << 8) >> at(guess) & 0xff);
    return before[guess / 4] + (at(guess) != 0 ? of_word & kCount : 0);
  }
  __device__ static std::uint32_t count(std::uint32_t guess, std::uint32_t of_word) {
    return of_word >> at(guess) & kCount;
  }
  __device__ static std::uint32_t gone(std::uint32_t guess, std::uint32_t of_word) {
    return of_word >> (at(guess) + kCountBits) & kCount;
  }
  __device__ static std::uint32_t sum(std::uint32_t of_word) {
    if constexpr (kPlacesOfCell == 1) return ((of_word & 0x0f0f0f0f) * 0x01010101) >> 24;
    return (of_word & kCount) + (of_word >> kCellBits & kCount);
  }
};

// Counts become places; whether a bin of this thread holds more than a seventh of the row. All threads, behind a barrier; one more follows
// before guess().
template <class S>
__device__ bool place_bins(SelectGuessState& s, const SelectCells<S>& cells) {
  const std::uint32_t each = (kSelectBins + blockDim.x - 1) / blockDim.x;
  const std::uint32_t begin = ::min(threadIdx.x * each, static_cast<std::uint32_t>(kSelectBins));
  const std::uint32_t end = ::min(begin + each, static_cast<std::uint32_t>(kSelectBins));
  std::uint32_t own = 0, total;
#pragma unroll 1
  for (std::uint32_t i = begin; i < end; ++i) own += cells.bins[kSelectBins - 1 - i];
  std::uint32_t place = sum_before(own, s.warps, blockDim.x / kWarp, total), most = 0;
#pragma unroll 1
  for (std::uint32_t i = begin; i < end; ++i) {
    std::uint32_t& bin = cells.bins[kSelectBins - 1 - i];
    const std::uint32_t count = bin;
    bin = place >= cells.limit || count == 0 ? SelectCells<S>::kPlaces : count << 16 | (place + count - 1);
    place += count;
    most = ::max(most, count);
  }
  return most > total / 7;
}

// Whether some keys are so many that cells would crowd, and others of their bin are too, which leaves it to digits: as one element a
// thread says. All threads, behind a barrier; ends with one.
template <class S>
__device__ bool crowds_are_mixed(const SelectCells<S>& cells, const S& element, const SelectShare<S>& share) {
  constexpr int kMany = 3;  // of a warp's
  bool mixed = false;
  if (share.vecs != 0 && share.whole) {
    Key keys[S::kPerVec];
    element.keys(share.granules[lane()], keys);
    const std::uint32_t bin = keys[0] >> cells.kShift;
    const int same = __popc(__match_any_sync(full_mask, keys[0]));
    const int beside = __popc(__match_any_sync(full_mask, bin)) - same;
    mixed = same >= kMany && beside >= kMany && (cells.bins[bin] & cells.kPlaces) < cells.limit;
  }
  return __syncthreads_count(mixed ? 1 : 0) > static_cast<int>(blockDim.x / kWarp);
}

// What is done with some elements of a warp.
enum class Taken : std::uint8_t { usually, rarely, not_at_all };

// Calls f(key, position) for each element of the share, with as many lanes as have one; g in its place, or nothing, as taken() says each
// time.
template <class S, class HowTaken, class F, class G>
__device__ void each_element(const S& element, const SelectShare<S>& share, HowTaken taken, F f, G g) {
  share.template each<false>([&](const Vec* at, const unsigned(&masks)[kSelectVecs<S>]) {
    const auto granule = share.first + static_cast<std::uint32_t>(at - share.granules);
    const auto each = [&](const auto& call) {
#pragma unroll
      for (int j = 0; j < kSelectVecs<S>; ++j) {
        Key keys[S::kPerVec];
        element.keys(at[j * kWarp], keys);
        const std::uint32_t position = share.row.position(granule + j * kWarp, 0);
#pragma unroll
        for (int e = 0; e < S::kPerVec; ++e)
          if ((masks[j] >> e & 1U) != 0) call(keys[e], position + e);
      }
    };
    const Taken now = taken();
    if (now == Taken::usually) [[likely]] {
      each(f);
    } else if (now == Taken::rarely) {
      each(g);
    }
  });
}
template <class S, class F>
__device__ void each_element(const S& element, const SelectShare<S>& share, F f) {
  each_element(
      element, share, [] { return Taken::usually; }, f, f);
}

// What a thread met that may be the only key of its bin: in a crowded cell, or of the cut's bin behind all cells.
struct SelectSuspects {
  Key crowded, beyond;
  bool has_crowded, has_beyond;
};

// Before they are counted once more. All threads; ends with a barrier.
template <class S>
__device__ void clear_cells(SelectGuessState& s, const SelectCells<S>& cells) {
  __syncthreads();  // all have seen what the count said
#pragma unroll 1
  for (std::uint32_t i = threadIdx.x; i < (cells.limit + 3) / 4; i += blockDim.x) cells.counts[i] = 0;
  if (threadIdx.x == 0) s.crowded = s.unlike = 0;
  __syncthreads();
}

enum class Spread : std::uint8_t { some, none, hopeless };

// Where all crowds have a bin for themselves, and for what is behind all cells: bins of one key, as far as is known. Their elements
// guess by their positions from now on. Whether there are any; or crowds that nothing helps. keys: room for one of each bin. All threads,
// behind a barrier; ends with one.
template <class S>
__device__ Spread spread_tied(SelectGuessState& s, const SelectCells<S>& cells, const SelectSuspects& suspects,
                              Key* keys) {
  const std::uint32_t crowded = s.crowded;
#pragma unroll 1
  for (int beyond = 0; beyond < 2; ++beyond) {
    const Key own = beyond != 0 ? suspects.beyond : suspects.crowded;
    const std::uint32_t own_bin = own >> cells.kShift;
    // Bins behind the cut's have no elements left.
    unsigned lanes = __ballot_sync(
        full_mask, beyond != 0 ? suspects.has_beyond && cells.bins[own_bin] >> 16 != 0 : suspects.has_crowded);
#pragma unroll 1
    while (lanes != 0) {
      const int first = __ffs(static_cast<int>(lanes)) - 1;
      const Key key = __shfl_sync(full_mask, own, first);
      const unsigned same = __ballot_sync(full_mask, (lanes >> lane() & 1U) != 0 && own_bin == key >> cells.kShift);
      const unsigned unlike = __ballot_sync(full_mask, (same >> lane() & 1U) != 0 && own != key);
      if (static_cast<int>(lane()) == first) {
        Key* const to = &s.tied[beyond][own_bin % kMostTied];
        // Beside a crowd a few behind all cells are not many.
        const bool many = unlike != 0 || (beyond != 0 && crowded != 0 && __popc(same) < 2);
        const Key there = many ? kManyKeys : atomicCAS(to, kNoKey, key);
        if (there != kNoKey && there != key) atomicExch(to, kManyKeys);
      }
      lanes &= ~same;
    }
  }
  __syncthreads();
  const bool mixed = __syncthreads_or(threadIdx.x < kMostTied && s.tied[0][threadIdx.x] == kManyKeys ? 1 : 0) != 0;
  bool spreads = false;
  if (threadIdx.x < kMostTied) {
#pragma unroll 1
    for (int beyond = 0; beyond < 2; ++beyond) {
      const Key key = s.tied[beyond][threadIdx.x];
      s.tied[beyond][threadIdx.x] = kNoKey;
      if (mixed || key == kNoKey || key == kManyKeys) continue;
      const std::uint32_t bin = key >> cells.kShift;
      atomicOr(&s.marks[bin / 32], 1U << bin % 32);
      keys[bin] = key;
      spreads = true;
    }
  }
  if (mixed) return (crowded & 2U) != 0 ? Spread::hopeless : Spread::none;
  return __syncthreads_or(spreads ? 1 : 0) != 0 ? Spread::some : Spread::none;
}

// Counts the cells, total winners; whether these are at least k and no cell has too many. keys: of the marked bins, each of which must
// have one key only, else it is no longer marked, and s.unlike. All threads, behind a barrier; ends with one. The counts are clear, s.crowded and s.unlike are 0.
template <class S, int kPlacesOfCell>
__device__ bool count_cells(SelectGuessState& s, const SelectCells<S, kPlacesOfCell>& cells, const S& element,
                            const SelectShare<S>& share, std::uint32_t k, const Key* keys, std::uint32_t& total,
                            SelectSuspects& suspects) {
  unsigned crowded = 0;
  bool unlike = false;
  suspects = {};
  // Crowded cells, by their low bits: more of them need not be counted. Elements of one more turn tell who crowds, which digits need not
  // know.
  std::uint32_t met = 0;
  Taken next = S::kBits == 16 ? Taken::not_at_all : Taken::rarely;
  const auto count = [&](Key key, std::uint32_t position, bool has_met) {
    if constexpr (kPlacesOfCell > 1) {
      const std::uint32_t bin = key >> cells.kShift;
      if (cells.is_marked(bin) && keys[bin] != key) {
        unlike = true;
        atomicAnd(&s.marks[bin / 32], ~(1U << bin % 32));
      }
    }
    const std::uint32_t cell = cells.guess(key, position);
    if (cell >= cells.limit) {
      suspects.beyond = key;
      suspects.has_beyond = true;
      return;
    }
    if (has_met && (met >> cell % 32 & 1U) != 0) return;
    const std::uint32_t old = atomicAdd(&cells.counts[cell / 4], 1U << cells.at(cell));
    const std::uint32_t others = old >> cells.at(cell) & ((1U << cells.kCellBits) - 1);
    crowded |= others >= cells.kMost ? 1U : 0U;
    if constexpr (S::kBits == 32) crowded |= others >= kMostOfPair ? 2U : 0U;
    if (others == cells.kMost) {
      suspects.crowded = key;
      suspects.has_crowded = true;
    }
    if (has_met && others >= cells.kMost) met |= 1U << cell % 32;
  };
  each_element(
      element, share,
      [&] {
        if (__any_sync(full_mask, crowded != 0) == 0) return Taken::usually;
        const Taken now = next;
        next = Taken::not_at_all;
        return now;
      },
      [&](Key key, std::uint32_t position) { count(key, position, false); },
      [&](Key key, std::uint32_t position) { count(key, position, true); });
  if (unlike) atomicOr(&s.unlike, 1U);
  if (crowded != 0) atomicOr(&s.crowded, crowded);
  __syncthreads();
  if ((s.crowded | s.unlike) != 0) return false;
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

// Winners of the range to their cells' places, cells.kMost before the range and behind it too: at[0] is place begin - cells.kMost.
template <class S, int kPlacesOfCell>
__device__ void fill_cells(const SelectCells<S, kPlacesOfCell>& cells, const S& element, const SelectShare<S>& share,
                           const SelectRange& range, Candidate* at) {
  using Cells = SelectCells<S, kPlacesOfCell>;
  constexpr std::uint32_t kMost = Cells::kMost, kMostBefore = Cells::kOfWord * kMost;
  const std::uint32_t room = range.end - range.begin + 2 * kMost;
  each_element(element, share, [&](Key key, std::uint32_t position) {
    const std::uint32_t cell = cells.guess(key, position);
    if (cell >= cells.limit) return;
    const std::uint32_t near = cells.before[cell / 4];
    if (near >= range.end + kMost || near + kMostBefore + kMost < range.begin) return;
    const std::uint32_t old = atomicAdd(&cells.counts[cell / 4], 1U << (cells.at(cell) + cells.kCountBits));
    const std::uint32_t place = cells.place(cell, old) + cells.gone(cell, old);
    const std::uint32_t i = place + kMost - range.begin;
    if (i < room) at[i] = candidate(key, position);
  });
}

// The range's winners in order. All threads, behind a barrier.
template <class S, int kPlacesOfCell>
__device__ void rank_cells(const SelectCells<S, kPlacesOfCell>& cells, const SelectRange& range, std::uint32_t total,
                           const Candidate* at, Candidate* to) {
  constexpr std::uint32_t kMost = SelectCells<S, kPlacesOfCell>::kMost;
  const std::uint32_t room = range.end - range.begin + 2 * kMost;
#pragma unroll 1
  for (std::uint32_t i = threadIdx.x; i < room; i += blockDim.x) {
    const std::uint32_t own = range.begin + i;  // kMost behind its place
    if (own < kMost || own >= total + kMost) continue;
    const Candidate c = at[i];
    const std::uint32_t cell = cells.guess(key_of(c), index_of(c)), word = cells.counts[cell / 4];
    std::uint32_t place = cells.place(cell, word);
    const std::uint32_t many = cells.count(cell, word);
    if (place >= range.end || place + many <= range.begin) continue;
    if (many > 1) {
      const Candidate* const others = at + (place + kMost - range.begin);
#pragma unroll 1
      for (std::uint32_t j = 0; j < many; ++j) place += others[j] > c ? 1 : 0;
    }
    if (place >= range.begin && place < range.end) to[place - range.begin] = c;
  }
}

}  // namespace topkit::cuda
