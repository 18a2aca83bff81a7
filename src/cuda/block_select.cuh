// One row from its load to its winners: every warp bounds its own elements, the least bound is the row's, what reaches it is
// listed in shared memory, put into order and written.
#pragma once

#include <cstdint>
#include <type_traits>

#include "block_bound.cuh"
#include "block_finish.cuh"
#include "block_halve.cuh"
#include "block_row.cuh"
#include "block_shape.hpp"
#include "block_tries.cuh"
#include "places.cuh"

namespace topkit::cuda {

// The maxima of slices of a lane's elements. Each slice has a part of every granule, so that none is empty where a
// lane has one, and none is a stretch of the row.
template <class E, int kMasks, int kPacks, int kSlices>
__device__ void slice_maxima(const Pack (&packs)[kMasks][kPacks], Pack (&maxima)[kSlices]) {
#pragma unroll
  for (int i = 0; i < kMasks * kPacks; ++i) {
    const Pack pack = packs[i / kPacks][i % kPacks];
    maxima[i % kSlices] = i < kSlices ? pack : E::max(maxima[i % kSlices], pack);
  }
}

// A warp's bound of the maxima of its lanes, as shape says; *high becomes the warp's largest key. votes: else it has no say.
template <int kVotes, class E, int kSlices>
__device__ Key warp_bound(const E& element, const Pack (&maxima)[kSlices], const BlockShape& shape, bool votes,
                          Key* high) {
  static_assert(kSlices == 2 * kVotes);
  constexpr bool kCountsMaxima = kArch == 0 || kArch >= 900;  // before, registers spill
  if constexpr (E::kPerPack == 2) {
    constexpr int kFew = 24;
    Pack of[kVotes];
#pragma unroll
    for (int v = 0; v < kVotes; ++v) of[v] = E::max(maxima[v], maxima[v + kVotes]);
    const Pack all = kVotes > 1 ? E::max(of[0], of[kVotes - 1]) : of[0];
    const Key a = element.key(all, 0), b = element.key(all, 1);
    *high = __reduce_max_sync(full_mask, larger(a, b));
    if (!votes) return ~Key{0};
    if (shape.share > kWarp) return 0;
    const int share = shape.share * shape.votes;
    if (kCountsMaxima && share > kFew) {
      // Both of a lane's are not below the lesser one.
      const Key lesser = smaller(a, b);
      const Key low = __reduce_min_sync(full_mask, share > kWarp ? lesser : larger(a, b));
      return counted_bound(element, maxima, share, low, __reduce_max_sync(full_mask, lesser));
    }
    if (kVotes == 1 || shape.votes == 1) return share_bound(a, b, share);
    return smaller(share_bound(element.key(of[0], 0), element.key(of[0], 1), shape.share),
                   share_bound(element.key(of[kVotes - 1], 0), element.key(of[kVotes - 1], 1), shape.share));
  } else {
    Key a[kVotes], b[kVotes];
#pragma unroll
    for (int v = 0; v < kVotes; ++v) {
      a[v] = element.key(maxima[2 * v], 0);
      b[v] = element.key(maxima[2 * v + 1], 0);
    }
    Key best = larger(a[0], b[0]);
    if constexpr (kVotes > 1) best = larger(best, larger(a[1], b[1]));
    *high = __reduce_max_sync(full_mask, best);
    if (!votes) return ~Key{0};
    if (shape.share > kWarp) return 0;
    if (kVotes > 1 && shape.votes == 1) {
      a[0] = larger(a[0], a[kVotes - 1]);
      b[0] = larger(b[0], b[kVotes - 1]);
    }
    const Key low = share_bound(a[0], b[0], shape.share);
    if (kVotes == 1 || shape.votes == 1) return low;
    return smaller(low, share_bound(a[kVotes - 1], b[kVotes - 1], shape.share));
  }
}

// Apart, so that what it needs of registers is not the kernel's.
template <class Team, int kMasks, RowKind kKind, class E, class State>
[[gnu::noinline]] __device__ bool finish_many(const Survivors survivors, const E element,
                                              const BlockRow<E, Team, kMasks, kKind> row, int turn, Order order,
                                              State& state) {
  return finish_row<8, State::kSlots>(survivors, element, row, turn, order, state);
}

// The part of `count` survivors that a warp puts into order, `words` a lane; 0 merges all, -1 is none.
template <class Team>
__device__ int turn_of(Team team, int count, int words) {
  const int warps = team.warps();
  if (warps == 1) return 0;
  // Which warp ends the row differs from block to block, so that the multiprocessor's schedulers share that work.
  const int last = static_cast<int>(__umulhi(blockIdx.x * 0x9E3779B9U, static_cast<unsigned>(warps)));
  int turn = Team::warp_at() - last;
  turn = uniform(turn < 0 ? turn + warps : turn);
  return turn > 0 && turn * kWarp * words >= count ? -1 : turn;
}

// The winners of a row of any kind of which `above` are listed by their names: by their columns, and of those whose key is `low` the first.
template <class Team, int kMasks, class E, class State>
[[gnu::noinline]] __device__ void list_rest(const E element, const BlockRow<E, Team, kMasks, RowKind::any> row,
                                            int above, int k, Key low, State& state) {
#pragma unroll 1
  for (int slot = Team::at(); slot < above; slot += row.team.threads())
    state.columns[slot] = static_cast<std::uint16_t>(row.column(state.columns[slot]));
  list_equal(row.team, element, row.x, row.count, k, low, above, state);
}

// The end of any row, from too many survivors too: survivors.low is at or below the k-th key, survivors.high none is above.
// span: the row's, of args.
template <int kMost, class Team, int kMasks, RowKind kKind, class E, class State>
__device__ void finish_any(const Args& args, std::int64_t index, const Args::Span& span, const E& element,
                           const BlockRow<E, Team, kMasks, kKind>& row, Survivors survivors, State& state) {
  using Raw = typename E::Raw;
  constexpr int kFewSlots = State::kSlots < 256 ? State::kSlots : 256;
  const int k = survivors.k, id = static_cast<int>(lane());
  if (survivors.count > State::kSlots) {
    Raised raised;
    if constexpr (Team::kIsAlone) {  // a warp has too few registers to halve first
      raised = block_raise(row.team, element, row.x, row.count, k, survivors.low, survivors.high, 0, state);
    } else {
      raised = block_cut(row.team, element, row.x, row.count, k, survivors.low, survivors.high, survivors.count, state);
    }
    survivors.count = uniform(raised.count);
    survivors.low = raised.low;
    survivors.columns = true;
    survivors.ordered = raised.ordered;
  } else if constexpr (kKind == RowKind::any) {
    // Wide ones that are all equal need no sort either.
    const bool alike = sizeof(Raw) == 4 && survivors.low == survivors.high && survivors.count > k;
    if (survivors.ordered || alike) [[unlikely]] {
      list_rest(element, row, survivors.ordered ? survivors.count : 0, k, survivors.low, state);
      survivors.count = k;
      survivors.columns = survivors.ordered = true;
    }
  }
  // Words a lane that hold the winners.
  const bool two = kMost <= 64 || (args.problem.k <= 64 && survivors.count <= kFewSlots);
  const int words = two ? 2 : kMost <= 128 || args.problem.k <= 128 ? 4 : 8;
  const int turn = turn_of(row.team, survivors.count, words);
  if (turn < 0) return;
  bool ends = false;
  if (two) {
    ends = finish_row<2, kFewSlots>(survivors, element, row, turn, args.problem.order, state);
  } else if constexpr (kMost > 64) {
    if (kMost <= 128 || words == 4) {
      ends = finish_row<4, State::kSlots>(survivors, element, row, turn, args.problem.order, state);
    } else {
      ends = finish_many(survivors, element, row, turn, args.problem.order, state);
    }
  }
  if (!ends) return;
  const Places<Raw> places(args, index);
  // Of a part found again sooner than kept.
  const std::int64_t begin =
      kKind == RowKind::part ? row.x - static_cast<const Raw*>(args.x) - args.problem.layout.row(index) : span.begin;
#pragma unroll 1
  for (int place = id; place < k; place += kWarp) {
    const int column = static_cast<int>(state.words[place]);
    places.write(place, begin + column, row.x[column]);
  }
#pragma unroll 1
  for (int place = k + id; place < args.problem.k; place += kWarp) places.pad(place);
}

// Of plain rows those that are not as others.
template <int kMost, int kMasks, class Team, class E, class State>
[[gnu::noinline]] __device__ void finish_plain_apart(Team team, const Args& args, std::int64_t index, const E element,
                                                     const typename E::Raw* x, const Survivors survivors,
                                                     State& state) {
  const Args::Span span{0, args.problem.cols, args.problem.k};
  const BlockRow<E, Team, kMasks, RowKind::plain> row(x, static_cast<int>(args.problem.cols), team);
  finish_any<kMost>(args, index, span, element, row, survivors, state);
}

// Of parts of rows those that are not as others. All is found again: the kernel has no registers to keep it in.
template <int kMost, int kMasks, class Team, class E, class State>
[[gnu::noinline]] __device__ void finish_part_apart(Team team, const Args& args, std::int64_t index, const E element,
                                                    const Survivors survivors, State& state) {
  using Row = BlockRow<E, Team, kMasks, RowKind::part>;
  const Args::Span all = args.span(index);
  int begin = static_cast<int>(all.begin);
  const int end = static_cast<int>(all.end);
  // Names, where they are listed, count from the first granule.
  if (survivors.count <= State::kSlots) begin -= begin % Row::kPerVec;
  const Args::Span span{begin, end, survivors.k};
  const auto* const x = static_cast<const typename E::Raw*>(args.x) + args.problem.layout.row(index) + begin;
  const Row row(x, end - begin, team);
  finish_any<kMost>(args, index, span, element, row, survivors, state);
}

// By all threads of the team. shape: of rows of args.problem.cols elements with args.problem.k winners. kMost: winners a row
// may have. kKind: plain_rows(args) says so, and `together`.
template <class Team, int kMasks, int kMost, RowKind kKind, class E, class State>
__device__ void select_row(const Args& args, const E& element, std::int64_t index, BlockShape shape, int together,
                           State& state) {
  using Raw = typename E::Raw;
  using Row = BlockRow<E, Team, kMasks, kKind>;
  constexpr bool kPlain = kKind == RowKind::plain, kPart = kKind == RowKind::part;
  Team team;
  const int at = Team::at(), id = static_cast<int>(lane());
  Args::Span span = kPlain ? Args::Span{0, args.problem.cols, args.problem.k} : args.span(index);
  if constexpr (kPart) {  // its shape is the warp's too, and needs no registers of a lane
    span = {uniform(static_cast<int>(span.begin)), uniform(static_cast<int>(span.end)),
            uniform(static_cast<int>(span.count))};
  }
  const int k = static_cast<int>(span.count);
  if (!kPlain && k == 0) {
    const Places<Raw> places(args, index);
    for (int place = at; place < args.problem.k; place += team.threads()) places.pad(place);
    return;
  }
  if (at < kMostTries) state.bins[at] = 0;
  const int skip = kPart ? static_cast<int>(span.begin % Row::kPerVec) : 0;
  const Raw* const x = static_cast<const Raw*>(args.x) + args.problem.layout.row(index) + span.begin;
  const int count = static_cast<int>(span.end - span.begin);
  if constexpr (kPart) {
    shape = part_shape((skip + count + Row::kPerVec - 1) / Row::kPerVec, kMasks * Row::kVecs, k, shape.warps);
    if constexpr (!Team::kIsAlone) {
      team.count = shape.warps;
      if (Team::warp_at() >= team.count) return;
    }
  }
  const int warps = team.warps();
  const Row row(x - skip, skip + count, team);
  Pack packs[kMasks][Row::kPacks];
  std::uint32_t pending[kMasks] = {};
  row.load(element, packs, pending);
  if constexpr (kPart) row.trim(skip, packs, pending);

  constexpr int kVotes = kPart && kMost > kWarp ? 2 : kMasks;
  constexpr int kSlices = 2 * kVotes;
  Pack maxima[kSlices];
  slice_maxima<E>(packs, maxima);
  // Warps without elements of their own have no say.
  bool votes = true;
  if (kKind == RowKind::any && (span.end - span.begin != args.problem.cols || k != args.problem.k)) {
    const int log = 31 - __clz(::min(warps, ::max(1, row.granules / kWarp)));
    shape.votes = kVotes;
    shape.share = uniform((k + (kVotes << log) - 1) / kVotes >> log);
    shape.spared = 0;
    votes = warps == 1 || __any_sync(full_mask, Team::warp_at() >> log == 0);
  }
  Key high = 0;
  Key low = warp_bound<kVotes>(element, maxima, shape, votes, &high);
  const int peer = ::min(id, warps - 1);
  if (warps > 1) {
    if (id == 0) {
      state.low[Team::warp_at()] = low;
      state.high[Team::warp_at()] = high;
    }
    Team::sync();
    Key theirs = id < warps ? state.low[peer] : ~Key{0};
    low = __reduce_min_sync(full_mask, theirs);
#pragma unroll 1
    for (int i = 0; i < shape.spared; ++i) {
      const std::uint32_t owners = __ballot_sync(full_mask, theirs == low);
      if (id == __ffs(static_cast<int>(owners)) - 1) theirs = ~Key{0};
      low = __reduce_min_sync(full_mask, theirs);
    }
  } else {
    Team::sync();
  }

  constexpr bool kAgain = kArch == 0 || kArch >= 900;  // before, registers spill
  constexpr bool kWide = sizeof(Raw) == 4;
  const int passed = list_from(element, row, packs, pending, low, 0, state);
  if (warps > 1) high = __reduce_max_sync(full_mask, state.high[peer]);
  Survivors survivors{passed, k, low, high, false, false};
  if constexpr (kAgain) {
    // A block's wide ones that are all equal need no sort either.
    constexpr bool kTakesEqual = kWide && !Team::kIsAlone && kKind != RowKind::any;
    if (passed > State::kSlots || (kTakesEqual && low == high && passed > k && is_told(element, low))) [[unlikely]]
      list_fewer(element, row, packs, pending, survivors, state);
  }
  if constexpr (kKind != RowKind::any) {
    constexpr int kFewSlots = State::kSlots < 256 ? State::kSlots : 256;
    const bool two = kMost <= 64 || (k <= 64 && survivors.count <= kFewSlots);
    if (survivors.count > State::kSlots || (kWide && survivors.ordered) || (kMost > 128 && k > 128)) {
      if constexpr (kPlain) {
        return finish_plain_apart<kMost, kMasks>(team, args, index, element, row.x, survivors, state);
      } else {
        return finish_part_apart<kMost, kMasks>(team, args, index, element, survivors, state);
      }
    }
    const int turn = turn_of(team, survivors.count, two ? 2 : 4);
    if (turn < 0) return;
    const auto finish = [&](const Row& ended, const auto& out) {
      if (two) {
        finish_row<2, kFewSlots, true>(survivors, element, ended, turn, out, state);
      } else if constexpr (kMost > 64) {
        finish_row<4, State::kSlots, true>(survivors, element, ended, turn, out, state);
      }
    };
    const PlainOut plain_out{args, index, together};
    if constexpr (kPart) {  // where it begins, again, rather than kept in registers of all lanes
      const int first = uniform(static_cast<int>(span.begin) - skip);
      const Raw* const again = static_cast<const Raw*>(args.x) + args.problem.layout.row(index) + first;
      finish(Row(again, 0, team), PartOut{plain_out, first});
    } else {
      finish(row, plain_out);
    }
  } else {
    finish_any<kMost>(args, index, span, element, row, survivors, state);
  }
}

}  // namespace topkit::cuda
