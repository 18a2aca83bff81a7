// The exact continuation of a row whose bound lets too many elements pass: the row is read again, from the caches, and
// the bound raised until few enough pass. Of those equal to it, the first by column are listed.
#pragma once

#include "bins.hpp"
#include "block_state.cuh"
#include "block_team.cuh"

namespace topkit::cuda {

struct Raised {
  int count;     // how many are listed: at least k
  Key low;       // no listed element is below it
  bool ordered;  // those equal to it are listed by column, behind all others
};

// All threads of the team call, behind a barrier, with low <= the k-th best key <= high, k <= slots <= State::kSlots.
template <class Team, class E, class State>
[[gnu::noinline]] __device__ Raised block_raise(const E element, const typename E::Raw* x, int count, int k, Key low,
                                                Key high, int slots, State& state) {
  const int threads = Team::threads(), at = Team::at();
  const auto for_each = [&](auto visit) {
    for (int column = at; column < count; column += threads) visit(element.key(element.pack(x[column]), 0), column);
  };
  const auto list = [&](int column) {
    state.columns[atomicAdd(&state.passed, 1U)] = static_cast<std::uint16_t>(column);
  };

  // Most often few are better than the bound and many equal to it.
  Team::sync();
  if (at == 0) state.passed = 0;
  Team::sync();
  std::uint32_t better = 0;
  if (low < high) for_each([&](Key key, int) { better += key > low ? 1 : 0; });
  better = __reduce_add_sync(full_mask, better);
  if (lane() == 0 && better != 0) atomicAdd(&state.passed, better);
  Team::sync();
  int above = static_cast<int>(state.passed), within = 0;
  if (above >= k) {
    // Bins over the keys, narrowed around the k-th.
    ++low;
    within = above;
    above = 0;
    while (low < high && above + within > slots) {
      const Key width = high - low;
      const int shift = width < kBoundBins ? 0 : 26 - __clz(static_cast<int>(width));
      for (int i = at; i < kBoundBins; i += threads) state.bins[i] = 0;
      Team::sync();
      for_each([&](Key key, int) {
        if (key >= low && key <= high) atomicAdd(&state.bins[(key - low) >> shift], 1U);
      });
      Team::sync();
      const Bin bin = bin_of_kth(state.bins, k - above);
      low += static_cast<Key>(bin.at) << shift;
      high = bin_top(low, shift, high);
      above += bin.above;
      within = bin.within;
      Team::sync();
    }
  }
  Team::sync();
  if (at == 0) state.passed = 0;
  Team::sync();
  if (above + within >= k && above + within <= slots) {
    for_each([&](Key key, int column) {
      if (key >= low) list(column);
    });
    Team::sync();
    return {above + within, low, false};
  }
  if (above > 0) {
    for_each([&](Key key, int column) {
      if (key > low) list(column);
    });
  }
  // One element a thread at a time, in the order of columns.
  int listed = above;
  for (int from = 0; listed < k; from += threads) {
    const int column = from + at;
    const bool equal = column < count && element.key(element.pack(x[column]), 0) == low;
    const std::uint32_t equals = __ballot_sync(full_mask, equal);
    if (lane() == 0) state.low[Team::warp_at()] = static_cast<Key>(__popc(equals));
    Team::sync();
    int place = listed;
    for (int w = 0; w < Team::warps(); ++w) {
      const int theirs = static_cast<int>(state.low[w]);
      if (w < Team::warp_at()) place += theirs;
      listed += theirs;
    }
    place += __popc(equals & ((1U << lane()) - 1));
    if (equal && place < k) state.columns[place] = static_cast<std::uint16_t>(column);
    Team::sync();
  }
  return {k, low, true};
}

}  // namespace topkit::cuda
