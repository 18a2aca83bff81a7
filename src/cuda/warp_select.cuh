// Selection in the registers of a group of lanes: a bound from maxima, survivors listed, sorted batch by batch.
#pragma once

#include <cstdint>
#include <iterator>
#include <type_traits>

#include "warp_network.cuh"
#include "warp_row.cuh"
#include "warp_sort.cuh"

namespace topkit::cuda {

template <class E, int kLanes_, int kVecs, int kRegs_>
struct WarpSelect {
  static constexpr int kLanes = kLanes_, kRegs = kRegs_;
  static constexpr int kBatch = kLanes * kRegs;  // most winners of a row
  static constexpr int kMostSlots = (kRegs == 1 ? 4 : 2) * kBatch;
  static constexpr bool kWide = sizeof(typename E::Raw) == 4;
  using Row = WarpRow<E, kLanes, kVecs>;
  using Word = std::conditional_t<kWide, std::uint64_t, std::uint32_t>;  // (key, ~column)
  static constexpr int kPacks = Row::kPacks;

  const E& element;
  const Row& row;
  const Pack (&packs)[kPacks];
  std::uint16_t* slots;  // kMostSlots of this group: lane << 5 | bit
  int k;

  // The least of a set of k maxima of different slices: at least k elements have its key or a better one. The set is found
  // by exchanges between two halves, which leaves it near the best.
  // high: the best of all lanes' is the row's best.
  __device__ Key bound(Key& high) const {
    Key a[kRegs], b[kRegs];
    slice_maxima(a, b);
    if constexpr (kRegs == 1) {
      Key both[2] = {a[0], b[0]};
      sort_places<kLanes>(both);
      high = both[0];
      const int last = k - 1;
      const Key even = __shfl_sync(full_mask, both[0], last / 2, kLanes);
      const Key odd = __shfl_sync(full_mask, both[1], last / 2, kLanes);
      return last % 2 == 0 ? even : odd;
    } else {
      constexpr int kDistances[] = {0, 1, 2, 4, 8, 16, 3, 5, 7};
#pragma unroll
      for (int round = 0; round < static_cast<int>(std::size(kDistances)); ++round) {
        const int distance = kDistances[round];
        if (distance >= kLanes) continue;
#pragma unroll
        for (int r = 0; r < kRegs; ++r) {
          Key& mine = a[r];
          Key& other = b[(r + round) % kRegs];
          const Key theirs = distance == 0 ? other : __shfl_xor_sync(full_mask, other, distance);
          other = smaller(mine, theirs);
          mine = larger(mine, theirs);
        }
      }
      high = a[0];
      if (__all_sync(full_mask, 2 * k <= kBatch)) {
        sort_one(a);
        return place(a, k - 1);
      }
      Key least = a[0];
#pragma unroll
      for (int r = 1; r < kRegs; ++r) least = smaller(least, a[r]);
      if constexpr (kLanes == kWarp) {
        return __reduce_min_sync(full_mask, least);
      } else {
#pragma unroll
        for (int d = 1; d < kLanes; d *= 2) least = smaller(least, __shfl_xor_sync(full_mask, least, d));
        return least;
      }
    }
  }

  // The columns of the k best, best first: column[r] of a lane is place r * kLanes + its number.
  __device__ void select(std::uint32_t there, int (&column)[kRegs]) const {
    Key high = 0;
    const Key low = bound(high);
    std::uint32_t pending = Row::filter(packs, element.threshold(low)) & there;
    if constexpr (kRegs == 1) {
      if (quick(pending, low, high, column)) return;
    } else if constexpr (kWide) {
      if (quick_batches(pending, column)) return;
    }
    exact(pending, low, column);
  }

 private:
  __device__ void slice_maxima(Key (&a)[kRegs], Key (&b)[kRegs]) const {
    if constexpr (E::kPerPack == 2) {
#pragma unroll
      for (int r = 0; r < kRegs; ++r) {
        const Pack m = slice_max<kRegs>(r);
        a[r] = element.key(m, 0);
        b[r] = element.key(m, 1);
      }
    } else {
#pragma unroll
      for (int r = 0; r < kRegs; ++r) {
        a[r] = element.key(slice_max<2 * kRegs>(2 * r), 0);
        b[r] = element.key(slice_max<2 * kRegs>(2 * r + 1), 0);
      }
    }
  }
  template <int kSlices>
  __device__ Pack slice_max(int s) const {
    static_assert(kPacks % kSlices == 0);
    Pack m = packs[s];
#pragma unroll
    for (int i = s + kSlices; i < kPacks; i += kSlices) m = E::max(m, packs[i]);
    return m;
  }

  // a becomes descending. More than one register a lane would make too much code of an unrolled network.
  template <class W>
  __device__ static void sort_one(W (&a)[kRegs]) {
    if constexpr (kRegs == 1) {
      sort_places<kLanes>(a);
    } else {
      sort_words_looped<kLanes>(a, true);
    }
  }
  // a becomes the best of both, descending, b the others.
  template <class W>
  __device__ static void sort_two(W (&a)[kRegs], W (&b)[kRegs]) {
    if constexpr (kRegs == 1) {
      sort_apart<kLanes>(a, b);
      part(a, b);
      merge_runs<kLanes, kBatch>(a, true);
    } else {
      sort_words_looped<kLanes>(a, true);
      merge_into(a, b);
    }
  }
  // The same where a is descending already.
  template <class W>
  __device__ static void merge_into(W (&a)[kRegs], W (&b)[kRegs]) {
    sort_words_looped<kLanes>(b, false);
    part(a, b);
    merge_runs_looped<kLanes>(a, kBatch, true);
  }

  template <class W>
  __device__ static W place(const W (&words)[kRegs], int p) {
    W word = __shfl_sync(full_mask, words[0], p & (kLanes - 1), kLanes);
#pragma unroll
    for (int r = 1; r < kRegs; ++r) {
      const W next = __shfl_sync(full_mask, words[r], p & (kLanes - 1), kLanes);
      if (p >= r * kLanes) word = next;
    }
    return word;
  }

  // Sum over the lanes of this group before this one; total over all.
  __device__ int before(int mine, int& total) const {
    int sum = mine;
#pragma unroll
    for (int d = 1; d < kLanes; d *= 2) {
      const int other = __shfl_up_sync(full_mask, sum, static_cast<unsigned>(d), kLanes);
      if (row.at >= d) sum += other;
    }
    total = __shfl_sync(full_mask, sum, kLanes - 1, kLanes);
    return sum - mine;
  }

  // Lists pending elements until `room` slots are full; returns how many are listed.
  __device__ int list(std::uint32_t& pending, int room) const {
    int total = 0;
    int slot = before(__popc(pending), total);
    for (; pending != 0 && slot < room; ++slot) {
      const int bit = 31 - __clz(static_cast<int>(pending));
      pending ^= 1U << bit;
      slots[slot] = static_cast<std::uint16_t>(row.at << 5 | bit);
    }
    __syncwarp(full_mask);
    return total < room ? total : room;
  }
  __device__ int column_of(int slot) const {
    const int s = slots[slot];
    Row there = row;
    there.at = s >> 5;
    return there.column(s & 31);
  }
  __device__ Key key_at(int column) const { return element.key(element.pack(row.x[column]), 0); }

  // False where a row has more survivors than slots even when its ties at the bound are cut, as they are then.
  __device__ bool quick(std::uint32_t& pending, Key low, Key high, int (&column)[kRegs]) const {
    static_assert(kRegs == 1);
    constexpr auto kSlots = static_cast<std::uint32_t>(kMostSlots);
    int total = 0;
    int slot = before(__popc(pending), total);
    // The widest row of the warp decides how many low bits all of them leave out.
    const std::uint32_t width = __reduce_max_sync(full_mask, high > low ? high - low : 0);
    std::uint32_t longest = __reduce_max_sync(full_mask, static_cast<std::uint32_t>(total));
    if (longest > kSlots) {
      cut_ties(pending, low);
      slot = before(__popc(pending), total);
      longest = __reduce_max_sync(full_mask, static_cast<std::uint32_t>(total));
      if (longest > kSlots) return false;
    }
    for (std::uint32_t left = pending; left != 0;) {
      const int bit = 31 - __clz(static_cast<int>(left));
      left ^= 1U << bit;
      slots[slot++] = static_cast<std::uint16_t>(row.at << 5 | bit);
    }
    __syncwarp(full_mask);
    if constexpr (kWide) {
      constexpr std::uint32_t kColumn = Row::kCapacity - 1;
      constexpr int kKeyBits = __builtin_clz(kColumn) - 1;
      const int bits = 32 - __clz(static_cast<int>(width));
      const int shift = bits > kKeyBits ? bits - kKeyBits : 0;
      std::uint32_t words[2];
      sort_listed(total, static_cast<int>(longest), words, [&](Key key, int at) {
        const Key part = key > low ? ((key - low) >> shift) + 2 : key == low ? 1 : 0;
        return part * (kColumn + 1) | (kColumn - static_cast<std::uint32_t>(at));
      });
      bool doubt = false;
      if (shift > 0) {
        // Neighbours above the bound that agree but for their columns; k <= kLanes, so the place behind the last winner is among
        // these.
        const std::uint32_t beyond = __shfl_down_sync(full_mask, words[0], 1, kLanes);
        const int last = k < total - 1 ? k : total - 1;
        const auto same = [](std::uint32_t a, std::uint32_t b) { return (a ^ b) <= kColumn && a > 2 * kColumn + 1; };
        doubt = __any_sync(full_mask, (2 * row.at < last && same(words[0], words[1])) ||
                                          (2 * row.at + 1 < last && same(words[1], beyond))) != 0;
      }
      if (!doubt) {
        const std::uint32_t word = word_of_place(words);
        column[0] = row.at < k ? static_cast<int>(kColumn - (word & kColumn)) : 0;
        return true;
      }
    }
    Word words[2];
    sort_listed(total, static_cast<int>(longest), words, [](Key key, int at) { return word_of(key, at); });
    const Word word = word_of_place(words);
    column[0] = row.at < k ? column_in(word) : 0;
    return true;
  }

  // The best 2 * kLanes words of what is listed, by place: place p is with lane p / 2.
  template <class W, class F>
  __device__ void sort_listed(int total, int longest, W (&words)[2], F word) const {
    const auto list_words = [&](int from, W(&some)[2]) {
      int columns[2];
      Key keys[2];
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        const int s = from + i * kLanes + row.at;
        columns[i] = column_of(s < total ? s : 0);
      }
#pragma unroll
      for (int i = 0; i < 2; ++i) keys[i] = total > 0 ? key_at(columns[i]) : 0;
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        const int s = from + i * kLanes + row.at;
        some[i] = s < total ? word(keys[i], columns[i]) : 0;
      }
      sort_places<kLanes>(some);
    };
    list_words(0, words);
#pragma unroll 1
    for (int from = 2 * kLanes; from < longest; from += 2 * kLanes) {
      W more[2];
      list_words(from, more);
      keep_better<kLanes>(words, more);
    }
  }
  // That of this lane's place.
  template <class W>
  __device__ W word_of_place(const W (&words)[2]) const {
    const W even = __shfl_sync(full_mask, words[0], row.at / 2, kLanes);
    const W odd = __shfl_sync(full_mask, words[1], row.at / 2, kLanes);
    return row.at % 2 == 0 ? even : odd;
  }

  // The same for several words a lane and 32-bit keys: words of a key's high bits and the slot. False when the row has more survivors than two
  // batches or the words left out may decide.
  __device__ bool quick_batches(std::uint32_t pending, int (&column)[kRegs]) const {
    constexpr std::uint32_t kSlot = 2 * kBatch - 1;
    const int total = list(pending, 2 * kBatch);
    const auto word_at = [&](int slot) -> std::uint32_t {
      return slot < total ? (key_at(column_of(slot)) & ~kSlot) | static_cast<std::uint32_t>(slot) : 0;
    };
    std::uint32_t a[kRegs], b[kRegs];
#pragma unroll
    for (int r = 0; r < kRegs; ++r) a[r] = word_at(r * kLanes + row.at);
    bool doubt = pending != 0;
    if (__any_sync(full_mask, total > kBatch)) {
#pragma unroll
      for (int r = 0; r < kRegs; ++r) b[r] = word_at(kBatch + r * kLanes + row.at);
      sort_two(a, b);
      const std::uint32_t last = place(a, k - 1);
#pragma unroll
      for (int r = 0; r < kRegs; ++r) doubt = doubt || (total > kBatch && (b[r] ^ last) <= kSlot);
    } else {
      sort_one(a);
    }
#pragma unroll
    for (int r = 0; r < kRegs; ++r) {
      std::uint32_t next = __shfl_down_sync(full_mask, a[r], 1, kLanes);
      if (r + 1 < kRegs) {
        const std::uint32_t first = __shfl_sync(full_mask, a[(r + 1) % kRegs], 0, kLanes);
        if (row.at == kLanes - 1) next = first;
      }
      const int p = r * kLanes + row.at;
      doubt = doubt || (p < k && p + 1 < kBatch && p + 1 < total && (a[r] ^ next) <= kSlot);
    }
    if (__any_sync(full_mask, doubt)) {
      __syncwarp(full_mask);
      return false;
    }
#pragma unroll
    for (int r = 0; r < kRegs; ++r) column[r] = r * kLanes + row.at < k ? column_of(static_cast<int>(a[r] & kSlot)) : 0;
    return true;
  }

  __device__ Word word_at(int slot, int listed) const {
    if (slot >= listed) return 0;
    const int c = column_of(slot);
    return word_of(key_at(c), c);
  }
  __device__ static Word word_of(Key key, int at) {
    if constexpr (kWide) return static_cast<Word>(key) << 32 | static_cast<std::uint32_t>(~at);
    return key << 16 | static_cast<std::uint16_t>(~at);
  }
  __device__ static int column_in(Word word) { return static_cast<std::uint16_t>(~word); }
  __device__ static Key key_in(Word word) { return static_cast<Key>(word >> (kWide ? 32 : 16)); }

  // Batch after batch under a bound that rises. Words are unique, so equal keys need no care.
  __device__ void exact(std::uint32_t pending, Key low, int (&column)[kRegs]) const {
    if constexpr (kRegs > 1)  // else they are cut
      if (__any_sync(full_mask, group_sum(__popc(pending)) > 2 * kBatch)) cut_ties(pending, low);
    Word a[kRegs], b[kRegs];
    int listed = list(pending, 2 * kBatch);
#pragma unroll
    for (int r = 0; r < kRegs; ++r) a[r] = word_at(r * kLanes + row.at, listed);
    int from = kBatch;  // the first slot not seen
    if constexpr (kWide) {
      sort_words_looped<kLanes>(a, true);
    } else {
      if (__any_sync(full_mask, listed > kBatch)) {
#pragma unroll
        for (int r = 0; r < kRegs; ++r) b[r] = word_at(kBatch + r * kLanes + row.at, listed);
        sort_two(a, b);
      } else {
        sort_one(a);
      }
      from = 2 * kBatch;
    }
    while (true) {
      if (__all_sync(full_mask, from >= listed)) {
        if (__all_sync(full_mask, pending == 0)) break;
        pending &= Row::filter(packs, element.threshold(key_in(place(a, k - 1))));
        __syncwarp(full_mask);
        listed = list(pending, kBatch);
        from = 0;
      }
#pragma unroll
      for (int r = 0; r < kRegs; ++r) b[r] = word_at(from + r * kLanes + row.at, listed);
      merge_into(a, b);
      from = 2 * kBatch;
    }
#pragma unroll
    for (int r = 0; r < kRegs; ++r) column[r] = column_in(a[r]);
  }

  __device__ int group_sum(int mine) const {
    if constexpr (kLanes == kWarp) {
      return __reduce_add_sync(full_mask, mine);
    } else {
#pragma unroll
      for (int d = 1; d < kLanes; d *= 2) mine += __shfl_xor_sync(full_mask, mine, d);
      return mine;
    }
  }

  // Of those equal to the bound only the first by column can win, as many as there are fewer than k above it.
  __device__ void cut_ties(std::uint32_t& pending, Key low) const {
    std::uint32_t above = 0;
    if (E::kRawPacks && element.key(element.threshold(low), 0) != low) {
      // NaN's threshold is +inf, which passes it too; negated only NaN does.
      Pack negated[kPacks];
#pragma unroll
      for (int i = 0; i < kPacks; ++i) negated[i] = packs[i] ^ (E::kPerPack == 2 ? 0x80008000U : 0x80000000U);
      pending &= Row::filter(negated, element.threshold(low));
    } else if (low != ~Key{0}) {
      above = pending & Row::filter(packs, element.threshold(low + 1));  // of infinity infinities too
    }
    const std::uint32_t equal = Row::in_order(pending & ~above);
    int quota = k - group_sum(__popc(above));
    std::uint32_t keep = 0;
    // In the order of columns: what lies before the aligned part, then the granules; what is behind it is in later ones.
    const int edge_granule = row.granules, second = edge_granule + 1;
    std::uint32_t head = 0;
#pragma unroll
    for (int i = 0; i < kVecs; ++i) {
      const int g = i * kLanes + row.at;
      const int first = (g - edge_granule) * Row::kPerVec;
      if (g == edge_granule || g == second) {
        const int n = row.head - first;
        if (n > 0) head |= ((n < Row::kPerVec ? 1U << n : 1U << Row::kPerVec) - 1) << (i * Row::kPerVec);
      }
    }
#pragma unroll 1
    for (int i = -1; i < kVecs; ++i) {
      const std::uint32_t some =
          i < 0 ? equal & head : equal & ~head & (((1U << Row::kPerVec) - 1) << (i * Row::kPerVec));
      if (i < 0 && __all_sync(full_mask, head == 0)) continue;
      int total = 0;
      const int ahead = before(__popc(some), total);
      std::uint32_t taken = some;
      while (__popc(taken) > (quota > ahead ? quota - ahead : 0))
        taken ^= 0x80000000U >> __clz(static_cast<int>(taken));
      keep |= taken;
      quota -= total;
      if (__all_sync(full_mask, quota <= 0)) break;
    }
    pending = above | Row::out_of_order(keep);
  }
};

}  // namespace topkit::cuda
