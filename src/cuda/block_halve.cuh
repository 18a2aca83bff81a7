// What is tried first when a row's bound lets too many elements pass: the range of the k-th key is halved by counts, a few
// instructions an element each, until few enough pass, or the bound is known to be the k-th key.
#pragma once

#include "block_raise.cuh"

namespace topkit::cuda {

struct Halved {
  int count;      // of elements at or above low, at least k; their columns are listed if State::kSlots hold them
  Key low, high;  // the k-th best key is neither below nor above
  int above;      // elements above high, less than k
};

// All threads of the team call, behind a barrier; count > State::kSlots elements are at or above `low`, none above `high`.
template <class Team, class E, class State>
__device__ Halved block_halve(Team team, const E& element, const typename E::Raw* x, int elements, int k, Key low,
                              Key high, int count, State& state) {
  constexpr int kTries = 12, slots = State::kSlots;
  static_assert(kTries <= kBoundBins);
  const BlockAgain<Team, E> row(team, element, x, elements);
  Team::sync();  // all have read what passed
  for (int i = Team::at(); i < kTries; i += team.threads()) state.bins[i] = 0;
  if (Team::at() == 0) state.passed = 0;
  Team::sync();

  // Few are put into order sooner; so much effort is not worth twice the winners.
  const int few = ::min(2 * k, slots);
  const Key zero = element.key(element.pack(0), 0);
  int above = 0;
#pragma unroll 1
  for (int i = 0; i < kTries && low < high && count > (i < kTries / 2 ? few : slots); ++i) {
    // Keys of floats are nearly logarithms, and most of them are next to zero: by turns half of the keys, and half of the
    // value that is farther from zero.
    Key middle = low + (high - low) / 2 + 1;
    if (E::kOctave != 0 && i % 2 == 0) {
      const bool upper = low >= zero || (high >= zero && high - zero >= zero - low);
      const Key half = upper ? high - E::kOctave : low + E::kOctave;
      if (low < half && half <= high) middle = half;
    }
    // Many ties of the bound itself, as zeros are, end it at once.
    if (i == 1 && above > 0) middle = low + 1;
    const Pack threshold = element.threshold(middle);
    if (element.key(threshold, 0) != middle) break;  // more pass than are at or above it
    const std::uint32_t ours = __reduce_add_sync(full_mask, row.passing(threshold));
    if (lane() == 0) atomicAdd(&state.bins[i], ours);
    Team::sync();
    const auto reach = static_cast<int>(state.bins[i]);
    if (reach < k) {
      high = middle - 1;
      above = reach;
    } else {
      low = middle;
      count = reach;
    }
  }
  if (count > slots) return {count, low, high, above};
  row.list(element.threshold(low), state);
  Team::sync();
  return {count, low, high, above};
}

// Of count > State::kSlots survivors at or above `low` so many that state.columns holds them.
template <class Team, class E, class State>
[[gnu::noinline]] __device__ Raised block_cut(Team team, const E element, const typename E::Raw* x, int elements, int k,
                                              Key low, Key high, int count, State& state) {
  Halved halved{count, low, high, 0};
  // Of a crowd of one value there is nothing to halve.
  if (low < high) halved = block_halve(team, element, x, elements, k, low, high, count, state);
  if (halved.count <= State::kSlots) return {halved.count, halved.low, false};
  return block_raise(team, element, x, elements, k, halved.low, halved.high, halved.above, state);
}

}  // namespace topkit::cuda
