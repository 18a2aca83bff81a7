// The end of a row: its survivors are put into order, 32 * kRegs a warp, and the parts merged.
//
// Words of 32 bits are sorted. A 16-bit key carries its column, so words are unique. A 32-bit key gives what it has above
// the bound, less low bits if that is too long, and the survivor's slot; if neighbours among the winners agree in all but
// the slot, block_tied.cuh puts them into order.
#pragma once

#include "block_out.cuh"
#include "block_row.cuh"
#include "block_state.cuh"
#include "block_tied.cuh"
#include "places.cuh"
#include "warp_network.cuh"
#include "warp_network_loops.cuh"

namespace topkit::cuda {

// Survivors of a row, listed in shared memory.
struct Survivors {
  int count;
  int k;
  Key low, high;  // no winner is below low, none above high
  bool columns;   // they are listed as columns, not by their names (BlockRow)
  bool ordered;   // those equal to low are listed by column, behind all others
};

// By one warp: the columns of the winners, ascending.
template <int kRegs, class State>
[[gnu::noinline]] __device__ void by_column(int k, State& state) {
  std::uint32_t words[kRegs];
#pragma unroll
  for (int i = 0; i < kRegs; ++i) {
    const int place = i * kWarp + static_cast<int>(lane());
    words[i] = place < k ? ~state.words[place] : 0;
  }
  __syncwarp(full_mask);
  sort_places_rarely(words);
#pragma unroll
  for (int i = 0; i < kRegs; ++i) state.words[static_cast<int>(lane()) * kRegs + i] = ~words[i];
  __syncwarp(full_mask);
}

// Where the winners of a plain row go.
struct PlainOut {
  const Args& args;
  std::int64_t row;
  int together;
};

// Of a part of a row, which may have fewer winners than places.
struct PartOut : PlainOut {
  int first;  // the column of its first granule
};

// By all warps that have a part, `turn` being 0 for the one that merges them. Out = Order: there, state.words[place] becomes
// the column of the winner at place and the result is true, others return false. Out = PlainOut, PartOut: the winners are written;
// kListed: by their names, in no order.
template <int kRegs, int kSlots_, bool kListed = false, class Team, int kMasks, RowKind kKind, class E, class State,
          class Out>
__device__ bool finish_row(const Survivors& s, const E& element, const BlockRow<E, Team, kMasks, kKind>& row, int turn,
                           const Out& out, State& state) {
  constexpr bool kWide = sizeof(typename E::Raw) == 4;
  constexpr int kWords = kPartWords<kRegs>;
  constexpr std::uint32_t kSlots = kSlots_;
  static_assert(kSlots_ <= State::kSlots && kWords <= State::kWords);
  const int warps = row.team.warps();
  constexpr int kKeyBits = 31 - __builtin_ctz(kSlots);
  const int id = static_cast<int>(lane());
  const int bits = 32 - __clz(static_cast<int>(s.high - s.low));
  const int shift = bits > kKeyBits ? bits - kKeyBits : 0;

  // Listed survivors from `from` on, as many as words has room for, as words in order, best first; 0 where there is none.
  const auto words_in_order = [&]<int kCount>(int from, std::uint32_t(&words)[kCount]) {
    unsigned column[kCount];
    Key key[kCount];
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      const int slot = ::min(from + i * kWarp + id, s.count - 1);
      column[i] = state.columns[slot];
      if (kListed || !s.columns) column[i] = row.column(column[i]);
    }
#pragma unroll
    for (int i = 0; i < kCount; ++i) key[i] = element.key(element.pack(row.x[column[i]]), 0);
    __syncwarp(full_mask);
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      const int slot = from + i * kWarp + id;
      if constexpr (kWide) {
        const Key beyond = key[i] - s.low;
        Key part = key[i] >= s.low ? (beyond >> shift) + 1 : 0;
        // Those equal to the bound have a word's least key for themselves.
        if (!kListed && beyond != 0 && part != 0) ++part;
        words[i] = slot < s.count ? part * kSlots | (kSlots - 1 - slot) : 0;
        if (slot < s.count) state.columns[slot] = static_cast<std::uint16_t>(column[i]);
      } else {
        words[i] = slot < s.count ? key[i] << 16 | (0xffffU & ~column[i]) : 0;
      }
    }
    sort_places<kWarp>(words);
  };
  const int first = turn * kWords;
  // Half of a part, where a word is a whole winner (else, and before 9.0, registers spill).
  bool half = false;
  if constexpr (!kWide && (kArch == 0 || kArch >= 900)) {
    half = turn != 0 && s.count - first <= kWords / 2;
    if (half) {
      std::uint32_t words[kRegs / 2];
      words_in_order(first, words);
#pragma unroll
      for (int i = 0; i < kRegs / 2; ++i) {
        state.words[first + id * (kRegs / 2) + i] = words[i];
        state.words[first + kWords / 2 + i * kWarp + id] = 0;
      }
    }
  }
  std::uint32_t best[kRegs], lost = 0;
#pragma unroll 1
  for (int from = first; !half && from < s.count; from += warps * kWords) {
    std::uint32_t words[kRegs];
    words_in_order(from, words);
    if (from == first) {
#pragma unroll
      for (int i = 0; i < kRegs; ++i) best[i] = words[i];
    } else {
      const std::uint32_t less = keep_better<kWarp>(best, words);
      lost = less > lost ? less : lost;
    }
  }
  if (row.team.warps() > 1 && s.count > kWords) {
    if (turn != 0 && !half) {
#pragma unroll
      for (int i = 0; i < kRegs; ++i) state.words[first + id * kRegs + i] = best[i];
      if (kWide) state.lost[turn] = __reduce_max_sync(full_mask, lost);
    }
    Team::sync();
    if (turn != 0) return false;
#pragma unroll 1
    for (int part = 1; part < warps && part * kWords < s.count; ++part) {
      std::uint32_t words[kRegs];
#pragma unroll
      for (int i = 0; i < kRegs; ++i) words[i] = state.words[part * kWords + id * kRegs + i];
      std::uint32_t less = keep_better<kWarp>(best, words);
      if constexpr (kWide) less = less > state.lost[part] ? less : state.lost[part];
      lost = less > lost ? less : lost;
    }
  }

  __syncwarp(full_mask);
  bool settled = false;
  if constexpr (kWide) {
    // Neighbours that agree in all but their slots. Words below `certain` are in order.
    const std::uint32_t certain = !kListed && s.ordered ? 2 * kSlots : 0;
    const std::uint32_t beyond = __shfl_down_sync(full_mask, best[0], 1);
    const int last = ::min(s.k, s.count - 1);
    bool same = false;
#pragma unroll
    for (int i = 0; i < kRegs; ++i) {
      std::uint32_t next = i + 1 < kRegs ? best[(i + 1) % kRegs] : beyond;
      if (id * kRegs + i == kWords - 1) next = lost;
      same = same || (id * kRegs + i < last && (best[i] ^ next) < kSlots && (kListed || best[i] >= certain));
    }
    // The last place meets the best of what any lane lost.
    if (s.count > kWords && s.k == kWords) {
      const std::uint32_t end = __shfl_sync(full_mask, best[kRegs - 1], kWarp - 1);
      same = same || ((end ^ lost) < kSlots && (kListed || end >= certain));
    }
    settled = __any_sync(full_mask, same) != 0;
    if (settled) {
      if constexpr (kKeepsWords<kRegs>) {
#pragma unroll
        for (int i = 0; i < kRegs; ++i) state.words[id * kRegs + i] = best[i];
        lost = __reduce_max_sync(full_mask, lost);
        if (id == 0) state.lost[0] = lost;
        __syncwarp(full_mask);
      }
      order_tied<kRegs, kSlots_>(element, row.x, s.k, s.count, certain, state);
    }
  }
  if constexpr (!std::is_same_v<Out, Order>) {
    constexpr bool kPart = std::is_same_v<Out, PartOut>;
    std::conditional_t<kPart, int, unsigned> columns[kRegs];
    typename E::Raw values[kRegs];
#pragma unroll
    for (int i = 0; i < kRegs; ++i) {
      const int place = id * kRegs + i;
      columns[i] = kPart ? -1 : 0;
      values[i] = kPart ? static_cast<typename E::Raw>(out.args.fill) : 0;
      if (place >= s.k) continue;
      if constexpr (kWide) {
        columns[i] = settled ? state.words[place] : state.columns[kSlots - 1 - (best[i] & (kSlots - 1))];
        values[i] = row.x[columns[i]];
      } else {
        columns[i] = 0xffffU & ~best[i];
        const Key key = best[i] >> 16;
        values[i] = element.lossy(key) ? row.x[columns[i]] : element.raw(key);
      }
      if constexpr (kPart) columns[i] += out.first;
    }
    const int places = kPart ? static_cast<int>(out.args.problem.k) : s.k;
    write_winners(out.args, out.row, id * kRegs, places, columns, values, out.together);
    if constexpr (kPart) {
      const Places<typename E::Raw> all(out.args, out.row);
#pragma unroll 1
      for (int place = kWords + id; place < places; place += kWarp) all.pad(place);
    }
    return false;
  } else {
    if (!settled) {
#pragma unroll
      for (int i = 0; i < kRegs; ++i) {
        const std::uint32_t word = best[i];
        const int place = id * kRegs + i;
        if constexpr (kWide) {
          if (place < s.k) state.words[place] = state.columns[kSlots - 1 - (word & (kSlots - 1))];
        } else {
          state.words[place] = 0xffffU & ~word;
        }
      }
      __syncwarp(full_mask);
    }
    if (out == Order::index) by_column<kRegs>(s.k, state);
    return true;
  }
}

}  // namespace topkit::cuda
