// Winners whose words agree in all but their slots are put into order by key and column: where they lie if they are few, by
// a second sort of all that is listed if they are many. By one warp; state.columns are columns.
#pragma once

#include "block_state.cuh"
#include "warp_network.cuh"
#include "warp_network_loops.cuh"
#include "warp_sort.cuh"

namespace topkit::cuda {

template <int kRegs>
inline constexpr int kPartWords = kWarp* kRegs;

// state.words are the best words, descending, of which k win; the column of the winner at each place takes its place. False,
// and nothing is done, if more than kMostRun words in a row agree that are not below `certain`, or winners agree with state.lost[0], the best word that is not there.
template <int kRegs, int kSlots, class E, class State>
__device__ bool order_short_runs(const E& element, const typename E::Raw* x, int k, std::uint32_t certain,
                                 State& state) {
  constexpr int kMostRun = 8;
  static_assert(kRegs >= 2 && kRegs % 2 == 0);
  const int first = static_cast<int>(lane()) * kRegs;
  std::uint32_t words[kRegs];
  bool tied = state.lost[0] / kSlots == state.words[k - 1] / kSlots;
#pragma unroll
  for (int i = 0; i < kRegs; ++i) {
    words[i] = state.words[first + i];
    const int far = first + i + kMostRun;
    tied = tied || (first + i < k && far < kPartWords<kRegs> && words[i] >= certain &&
                    words[i] / kSlots == state.words[far] / kSlots);
  }
  __syncwarp(full_mask);  // all have read the words
  if (__any_sync(full_mask, tied)) return false;
  Candidate best[kRegs];
#pragma unroll
  for (int i = 0; i < kRegs; ++i) {
    const std::uint32_t column = state.columns[kSlots - 1 - words[i] % kSlots];
    best[i] = words[i] == 0 ? 0 : candidate(element.key(element.pack(x[column]), 0), column);
  }
  // Neighbours change places: a run is in order after as many rounds as it is long, two of which are one here.
#pragma unroll 1
  for (int i = 0; i < kMostRun / 2; ++i) {
    bool moved = false;
    const auto in_order = [&](Candidate& upper, Candidate& lower) {
      moved = moved || upper < lower;
      put_in_order(upper, lower);
    };
#pragma unroll
    for (int r = 0; r + 1 < kRegs; r += 2) in_order(best[r], best[r + 1]);
#pragma unroll
    for (int r = 1; r + 1 < kRegs; r += 2) in_order(best[r], best[r + 1]);
    Candidate below = __shfl_down_sync(full_mask, best[0], 1), above = __shfl_up_sync(full_mask, best[kRegs - 1], 1);
    if (lane() < kWarp - 1) in_order(best[kRegs - 1], below);
    if (lane() > 0) in_order(above, best[0]);
    if (!__any_sync(full_mask, moved)) break;
  }
#pragma unroll
  for (int i = 0; i < kRegs; ++i) state.words[first + i] = index_of(best[i]);
  __syncwarp(full_mask);
  return true;
}

// word(column): descending by it is the order wanted; 0 is none.
template <class W, int kRegs, class State, class Word>
__device__ void order_by(int count, const Word& word, State& state) {
  W best[kRegs] = {};
#pragma unroll 1
  for (int from = 0; from < count; from += kPartWords<kRegs>) {
    W words[kRegs];
#pragma unroll
    for (int i = 0; i < kRegs; ++i) {
      const int slot = from + i * kWarp + static_cast<int>(lane());
      words[i] = slot < count ? word(state.columns[slot]) : 0;
    }
    __syncwarp(full_mask);
    sort_places_rarely(words);
    if (from == 0) {
#pragma unroll
      for (int i = 0; i < kRegs; ++i) best[i] = words[i];
    } else {
      keep_better<kWarp>(best, words);
    }
  }
#pragma unroll
  for (int i = 0; i < kRegs; ++i)
    state.words[static_cast<int>(lane()) * kRegs + i] = static_cast<std::uint16_t>(~best[i]);
  __syncwarp(full_mask);
}

// Exactly whatever the keys are: state.words[place] becomes the column of the winner at place.
template <int kRegs, class E, class State>
__device__ void order_anew(const E& element, const typename E::Raw* x, int count, State& state) {
  const auto key = [&](std::uint32_t column) { return element.key(element.pack(x[column]), 0); };
  Key low = ~Key{0}, bits = 0;
#pragma unroll 1
  for (int slot = static_cast<int>(lane()); slot < count; slot += kWarp) low = smaller(low, key(state.columns[slot]));
  low = __reduce_min_sync(full_mask, low);
#pragma unroll 1
  for (int slot = static_cast<int>(lane()); slot < count; slot += kWarp) bits |= key(state.columns[slot]) - low;
  bits = __reduce_or_sync(full_mask, bits);
  // Floats that were 16-bit ones, or whole numbers, differ in 16 bits at most: those and the column are a word of 32.
  const int shift = ::max(__ffs(static_cast<int>(bits)) - 1, 0);
  if (bits >> shift <= 0xffff) {
    order_by<std::uint32_t, kRegs>(
        count, [&](std::uint32_t column) { return (key(column) - low) >> shift << 16 | (0xffffU & ~column); }, state);
  } else {
    order_by<Candidate, kRegs>(
        count, [&](std::uint32_t column) { return candidate(key(column), column); }, state);
  }
}

// Winners' words are kept for order_short_runs; of 256 winners there are too many registers for it.
template <int kRegs>
inline constexpr bool kKeepsWords = kRegs <= 4;

// The winners' columns take their places in state.words, where kKeepsWords are the best words of `count`, descending.
template <int kRegs, int kSlots, class E, class State>
[[gnu::noinline]] __device__ void order_tied(const E element, const typename E::Raw* x, int k, int count,
                                             std::uint32_t certain, State& state) {
  if constexpr (kKeepsWords<kRegs>) {
    if (order_short_runs<kRegs, kSlots>(element, x, k, certain, state)) return;
  }
  order_anew<kRegs>(element, x, count, state);
}

}  // namespace topkit::cuda
