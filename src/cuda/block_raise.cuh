// The exact continuation of a row whose bound lets too many elements pass: the row is read again, from the caches, and
// the bound raised until few enough pass. Of those equal to it, the first by column are listed.
#pragma once

#include "bins.hpp"
#include "block_again.cuh"
#include "block_state.cuh"

namespace topkit::cuda {

struct Raised {
  int count;     // how many are listed: at least k
  Key low;       // no listed element is below it
  bool ordered;  // those equal to it are listed by column, behind all others
};

// Lists, behind `above` elements, the first of those whose key is `low` by column, k in all, of which there are as many. All
// threads of the team, behind a barrier; ends with one.
template <class Team, class E, class State>
__device__ __forceinline__ void list_equal(Team team, const E& element, const typename E::Raw* x, int count, int k,
                                           Key low, int above, State& state) {
  const int threads = team.threads(), at = Team::at();
  // One element a thread at a time, in the order of columns.
  int listed = above;
  for (int first = 0; listed < k; first += threads) {
    const int column = first + at;
    const bool equal = column < count && element.key(element.pack(x[column]), 0) == low;
    const std::uint32_t equals = __ballot_sync(full_mask, equal);
    if (lane() == 0) state.low[Team::warp_at()] = static_cast<Key>(__popc(equals));
    Team::sync();
    int place = listed;
    for (int w = 0; w < team.warps(); ++w) {
      const int theirs = static_cast<int>(state.low[w]);
      if (w < Team::warp_at()) place += theirs;
      listed += theirs;
    }
    place += __popc(equals & ((1U << lane()) - 1));
    if (equal && place < k) state.columns[place] = static_cast<std::uint16_t>(column);
    Team::sync();
  }
}

// All threads of the team call, behind a barrier, with low <= the k-th best key <= high, of `above` elements above `high`,
// k <= State::kSlots.
template <class Team, class E, class State>
[[gnu::noinline]] __device__ Raised block_raise(Team team, const E element, const typename E::Raw* x, int count, int k,
                                                Key low, Key high, int above, State& state) {
  constexpr int slots = State::kSlots;
  const int threads = team.threads(), at = Team::at();
  const BlockAgain<Team, E> row(team, element, x, count);
  const auto list = [&](int column) {
    state.columns[atomicAdd(&state.passed, 1U)] = static_cast<std::uint16_t>(column);
  };

  // Bins over the keys above the bound, narrowed around the k-th. Most often too few are above it for one, and many equal.
  int within = 0;
  Key from = low + 1;
  bool open = low < high;
  while (open) {
    const Key width = high - from;
    const int shift = width < kBoundBins ? 0 : 26 - __clz(static_cast<int>(width));
    Team::sync();
    for (int i = at; i < kBoundBins; i += threads) state.bins[i] = 0;
    Team::sync();
    // Neighbours of a sorted row are in one bin: counted first, added then.
    std::uint32_t run = 0;
    Key run_bin = 0;
    row.each_key([&](Key key, int) {
      if (key < from || key > high) return;
      const Key bin = (key - from) >> shift;
      if (bin != run_bin) {
        if (run != 0) atomicAdd(&state.bins[run_bin], run);
        run = 0;
        run_bin = bin;
      }
      ++run;
    });
    if (run != 0) atomicAdd(&state.bins[run_bin], run);
    Team::sync();
    const auto all =
        static_cast<int>(__reduce_add_sync(full_mask, state.bins[2 * lane()] + state.bins[2 * lane() + 1]));
    if (above + all < k) {
      above += all;
      break;
    }
    const Bin bin = bin_of_kth(state.bins, k - above);
    from += static_cast<Key>(bin.at) << shift;
    high = bin_top(from, shift, high);
    above += bin.above;
    within = bin.within;
    low = from;
    open = from < high && above + within > slots;
  }
  Team::sync();
  if (at == 0) state.passed = 0;
  Team::sync();
  if (above + within >= k && above + within <= slots) {
    row.each_key([&](Key key, int column) {
      if (key >= low) list(column);
    });
    Team::sync();
    return {above + within, low, false};
  }
  if (above > 0) {
    const Pack threshold = element.threshold(low + 1);
    if (E::kPerPack == 2 && element.key(threshold, 0) == low + 1) {
      row.list(threshold, state);
    } else {  // one by one, or more pass than are above
      row.each_key([&](Key key, int column) {
        if (key > low) list(column);
      });
    }
  }
  list_equal(team, element, x, count, k, low, above, state);
  return {k, low, true};
}

}  // namespace topkit::cuda
