// A row put into order by words of 32 bits: a key of up to 16 bits above its column; of a longer one its distance from the row's least,
// as many bits of it as the column leaves.
//
// Neighbours whose words agree but for the column may stand wrong then: whoever finds two that do puts their run right by the keys
// themselves. A row with a run too long for one thread goes through the network again, once for each part of the key from the lowest,
// which leaves in order what the next part does not tell apart.
#pragma once

#include <cstdint>

#include "../key.hpp"
#include "simt.hpp"
#include "sort_network.cuh"
#include "sort_shape.hpp"

namespace topkit::cuda {

// Least and greatest key of each warp.
template <class U>
struct SortEnds {
  U low[kMostSortCols / kSortItems / kWarp], high[kMostSortCols / kSortItems / kWarp];
};

// Map: what makes a key of an element.
template <class U, bool kWarps, class Map = KeyMap<U>>
class SortRow {
 public:
  static constexpr bool kWhole = sizeof(U) <= 2;  // a word holds the whole key

  // at: room.bytes of shared memory. thread: of the row's, whose elements are the first `length` columns.
  __device__ SortRow(char* at, const SortRoom& room, const Map& map, unsigned thread, unsigned length)
      : map_(map),
        raws_(reinterpret_cast<U*>(at)),
        words_(reinterpret_cast<std::uint32_t*>(at + room.words_at)),
        columns_(reinterpret_cast<std::uint16_t*>(at + room.columns_at)),
        network_{words_, thread, static_cast<unsigned>(room.threads)},
        column_bits_(room.column_bits),
        length_(length) {}

  // A thread's columns, and the places where it looks after the order: kSortItems, `step` apart.
  __device__ static unsigned first(unsigned thread) {
    return kWarps ? thread / kWarp * (kWarp * kSortItems) + thread % kWarp : thread;
  }
  __device__ static unsigned step(unsigned threads) { return kWarps ? kWarp : threads; }

  // What stands at a place in order; raw(), key(): of a column.
  __device__ std::uint32_t column(unsigned place) const { return low_part(at(place)); }
  __device__ U& raw(unsigned column) const { return raws_[column]; }
  __device__ U key(unsigned column) const { return map_(raws_[column]); }

  // raw[i]: of column first + i * step. Puts at least the best k into order, best first. All threads of the block, which
  // agree on k; ends with a barrier.
  __device__ __forceinline__ void sort(const U (&raw)[kSortItems], unsigned k) const {
    if constexpr (kWhole) {
      std::uint32_t item[kSortItems];
#pragma unroll
      for (unsigned i = 0; i < kSortItems; ++i) {
        const unsigned mine = own(i);
        if (mine < length_) raws_[mine] = raw[i];
        item[i] = mine < length_ ? word(map_(raw[i]), mine) : 0;
      }
      put_in_order(item, k);
    } else {
      U low = static_cast<U>(~U{0}), high = 0;
#pragma unroll
      for (unsigned i = 0; i < kSortItems; ++i) {
        const unsigned mine = own(i);
        if (mine >= length_) continue;
        raws_[mine] = raw[i];
        widen(map_(raw[i]), low, high);
      }
      put_in_order_between(low, high, k);
    }
  }

  // The same where each thread has put raw(column) of its own columns there.
  __device__ __forceinline__ void sort_placed(unsigned k) const {
    U low = static_cast<U>(~U{0}), high = 0;
#pragma unroll 4
    for (unsigned i = 0; i < kSortItems; ++i)
      if (own(i) < length_) widen(key(own(i)), low, high);
    put_in_order_between(low, high, k);
  }

 private:
  static constexpr unsigned kMostRun = 16;  // places that one thread puts right

  // Of the network: the first by a key's distance from the row's least, the others, if any, by a digit each.
  struct Pass {
    U low;
    int shift, number;
  };

  __device__ unsigned own(unsigned i) const { return first(network_.thread) + i * step(network_.threads); }
  __device__ int digit_bits() const { return 32 - column_bits_; }
  // One is left out every 128 bytes, so that threads sixteen words apart meet different banks.
  __device__ std::uint32_t& at(unsigned place) const { return words_[place + place / kWarp]; }

  // Larger is better, and the lower column or place of two that have one digit; 0 where there is none.
  __device__ std::uint32_t word(U digit, unsigned place) const {
    const std::uint32_t last = (1U << column_bits_) - 1;
    return static_cast<std::uint32_t>(digit) << column_bits_ | (last - place);  // higher digits fall off
  }
  __device__ std::uint32_t low_part(std::uint32_t word) const {
    const std::uint32_t last = (1U << column_bits_) - 1;
    return last - (word & last);
  }
  // at(own(i)) and at(thread * kSortItems + i), as addresses that i moves by a constant.
  __device__ std::uint32_t& at_own(unsigned i) const {
    if constexpr (kWarps) return words_[own(0) + own(0) / kWarp + i * (kWarp + 1)];
    return at(own(i));
  }
  __device__ std::uint32_t& at_sorted(unsigned i) const {
    static_assert(2 * kSortItems == kWarp);
    return words_[network_.thread * kSortItems + network_.thread / 2 + i];
  }
  __device__ bool agree(unsigned place, unsigned other) const { return (at(place) ^ at(other)) >> column_bits_ == 0; }

  __device__ static U of_lane(U mine, unsigned apart) {
    const int d = static_cast<int>(apart);
    if constexpr (sizeof(U) == 16) {
      const auto high = __shfl_xor_sync(full_mask, static_cast<std::uint64_t>(mine >> 64), d);
      return static_cast<U>(high) << 64 | __shfl_xor_sync(full_mask, static_cast<std::uint64_t>(mine), d);
    } else {
      return __shfl_xor_sync(full_mask, mine, d);
    }
  }
  __device__ static int bits(U number) {
    if constexpr (sizeof(U) == 16) {
      const auto high = static_cast<std::uint64_t>(number >> 64);
      return high != 0 ? 128 - __clzll(static_cast<long long>(high)) : 64 - __clzll(static_cast<long long>(number));
    } else if constexpr (sizeof(U) == 8) {
      return 64 - __clzll(static_cast<long long>(number));
    } else {
      return 32 - __clz(static_cast<int>(number));
    }
  }

  __device__ static void widen(U key, U& low, U& high) {
    low = key < low ? key : low;
    high = key > high ? key : high;
  }

  // low, high: the ends of this thread's keys.
  __device__ __forceinline__ void put_in_order_between(U low, U high, unsigned k) const {
    share_ends(low, high);
    Pass pass{.low = low, .shift = ::max(0, bits(low < high ? high - low : 0) - digit_bits()), .number = 0};
#pragma unroll 1
    for (;;) {
      // By way of shared memory, for sixteen addresses would be kept in registers. Each thread reads what it has written.
#pragma unroll 4
      for (unsigned i = 0; i < kSortItems; ++i) {
        const unsigned place = own(i), column = pass.number <= 1 ? place : columns_[place];
        at_own(i) = place < length_ ? word((key(column) - pass.low) >> pass.shift, place) : 0;
      }
      std::uint32_t item[kSortItems];
#pragma unroll
      for (unsigned i = 0; i < kSortItems; ++i) item[i] = at_own(i);
      network_.barrier();
      const std::uint32_t like_next = put_in_order(item, network_.threads * kSortItems);
      if (pass.number > 0) {
        keep_columns(pass.number == 1);
        pass.shift += digit_bits();
        if (pass.shift >= static_cast<int>(8 * sizeof(U))) return;
      } else {
        if (mend(pass.shift > 0 ? like_next : 0, k)) return;
        pass.low = 0;
        pass.shift = 0;
      }
      ++pass.number;
    }
  }

  // Bit i of the result: the i-th of this thread's places in order and the next one have one digit.
  __device__ __forceinline__ std::uint32_t put_in_order(std::uint32_t (&item)[kSortItems], unsigned wanted) const {
    network_.sort(item, wanted);
    network_.barrier();
    std::uint32_t like_next = 0;
#pragma unroll
    for (unsigned i = 0; i < kSortItems; ++i) {
      at_sorted(i) = item[i];
      if (i > 0 && (item[i] ^ item[i - 1]) >> column_bits_ == 0) like_next |= 1U << (i - 1);
    }
    network_.barrier();
    return like_next;
  }

  // From those of a thread's elements to those of the row's.
  __device__ __forceinline__ void share_ends(U& low, U& high) const {
    for (unsigned d = ::min(network_.threads, static_cast<unsigned>(kWarp)) / 2; d > 0; d /= 2) {
      const U other_low = of_lane(low, d), other_high = of_lane(high, d);
      low = other_low < low ? other_low : low;
      high = other_high > high ? other_high : high;
    }
    if (network_.threads <= kWarp) return;
    auto& ends = shared<SortEnds<U>>();
    if (lane() == 0) {
      ends.low[warp()] = low;
      ends.high[warp()] = high;
    }
    __syncthreads();
    const unsigned first = warp() - network_.thread / kWarp;
    for (unsigned w = first; w < first + network_.threads / kWarp; ++w) {
      low = ends.low[w] < low ? ends.low[w] : low;
      high = ends.high[w] > high ? ends.high[w] : high;
    }
  }

  // Puts right what stands wrong of the first k places, whose words lack the low bits of a key. like_next: of put_in_order(). False if it
  // cannot: all threads of the block, which agree.
  __device__ __forceinline__ bool mend(std::uint32_t like_next, unsigned k) const {
    constexpr unsigned kLast = kSortItems - 1;
    const unsigned first = network_.thread * kSortItems;
    bool wrong = false, mended = true, wrong_in_long = false;
    if (first + kSortItems < length_ && agree(first + kLast, first + kSortItems)) like_next |= 1U << kLast;
    if (first >= k && (k == 0 || !agree(k - 1, first))) like_next = 0;  // nor in the run of the last winner
    // Words of no element have one digit with the least.
    if (first + kSortItems > length_) like_next &= (1U << (length_ - ::min(first + 1, length_))) - 1;
#pragma unroll 1
    for (std::uint32_t left = like_next; left != 0 && !wrong; left &= left - 1) {
      const unsigned place = first + static_cast<unsigned>(__ffs(static_cast<int>(left))) - 1;
      wrong = key(column(place)) < key(column(place + 1));
    }
    if (__syncthreads_or(wrong ? 1 : 0) == 0) return true;
    // Whoever has a run's first place mends it, and has looked at its end before anybody moves anything.
    std::uint32_t begins = like_next & ~(like_next << 1);
    if ((begins & 1) != 0 && first > 0 && agree(first - 1, first)) begins &= ~1U;
    std::uint64_t others = 0;  // four bits a place: how many the run has beside the first
#pragma unroll 1
    for (std::uint32_t left = begins; left != 0; left &= left - 1) {
      const unsigned i = static_cast<unsigned>(__ffs(static_cast<int>(left))) - 1;
      unsigned count = 1;
      while (first + i + count < length_ && agree(first + i, first + i + count) && count < kMostRun) ++count;
      if (first + i + count < length_ && agree(first + i, first + i + count)) {
        mended = false;
        count = 1;
      }
      others |= std::uint64_t{count - 1} << (4 * i);
    }
    if (__syncthreads_and(mended ? 1 : 0) == 0) {
      // Long runs may stay as they are where all of one is equal, or in order by chance.
#pragma unroll 1
      for (std::uint32_t left = like_next; left != 0 && !wrong_in_long; left &= left - 1) {
        const unsigned place = first + static_cast<unsigned>(__ffs(static_cast<int>(left))) - 1;
        wrong_in_long = key(column(place)) < key(column(place + 1)) && is_long(place);
      }
      if (__syncthreads_or(wrong_in_long ? 1 : 0) != 0) return false;
    }
#pragma unroll 1
    for (; begins != 0; begins &= begins - 1) {
      const unsigned i = static_cast<unsigned>(__ffs(static_cast<int>(begins))) - 1;
      mend_run(first + i, first + i + 1 + (static_cast<unsigned>(others >> (4 * i)) & 15));
    }
    __syncthreads();
    return true;
  }

  // Whether the run of this place and the next has more than kMostRun.
  __device__ bool is_long(unsigned place) const {
    unsigned begin = place, end = place + 1;
#pragma unroll 1
    while (end - begin < kMostRun && end + 1 < length_ && agree(place, end + 1)) ++end;
#pragma unroll 1
    while (end - begin < kMostRun && begin > 0 && agree(place, begin - 1)) --begin;
    return end - begin >= kMostRun;
  }

  // By insertion: what is equal stays by column, as its words were.
  __device__ __forceinline__ void mend_run(unsigned begin, unsigned end) const {
#pragma unroll 1
    for (unsigned i = begin + 1; i < end; ++i) {
      const std::uint32_t word = at(i);
      const U mine = key(low_part(word));
      unsigned to = i;
#pragma unroll 1
      for (; to > begin && key(column(to - 1)) < mine; --to) at(to) = at(to - 1);
      at(to) = word;
    }
  }

  // After a pass by a digit: the places of before, in the words, become columns.
  __device__ __forceinline__ void keep_columns(bool first) const {
#pragma unroll 4
    for (unsigned i = 0; i < kSortItems; ++i) {
      const unsigned before = low_part(at_own(i)), column = first ? before : columns_[before];
      at_own(i) = (1U << column_bits_) - 1 - column;
    }
    __syncthreads();
#pragma unroll 4
    for (unsigned i = 0; i < kSortItems; ++i) columns_[own(i)] = static_cast<std::uint16_t>(column(own(i)));
    __syncthreads();
  }

  const Map& map_;
  U* raws_;
  std::uint32_t* words_;
  std::uint16_t* columns_;
  SortNetwork<kSortItems, kWarps> network_;
  int column_bits_;
  unsigned length_;
};

}  // namespace topkit::cuda
