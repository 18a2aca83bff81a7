// Rows of 32-bit keys of which a lane has words that leave out as many low bits of the key as the column takes.
//
// A Row says of itself: kMost, kLost (the list's words, whether the best that was lost is kept), kStep elements of kVecs granules,
// granules, cols(), at(column), keys(granule, keys), merge<false>(words, granule, best, lost), element, constants.
#pragma once

#include <cstdint>

#include "element.hpp"
#include "lane_network.cuh"

namespace topkit::cuda {

// What words of 32-bit types leave open, by the row itself.
template <class Row>
struct LaneTies {
  static constexpr int kMost = Row::kMost, kStep = Row::kStep, kVecs = Row::kVecs;
  static constexpr bool kLost = Row::kLost;
  static constexpr int kRare = 4;  // rows of a warp with ties by chance; more of them have few different keys

  const Row& row;
  int k;
  std::uint32_t low;

  // Whether elements that are not in the list may be better than the last winner.
  __device__ bool is_open(const std::uint32_t (&best)[kMost], std::uint32_t lost) const {
    return ((kLost ? lost : best[kMost - 1]) ^ last(best)) <= low;
  }
  // Whether words agree but for their columns that are among the first k, or one of them and one behind; or the list is open.
  __device__ bool are(bool open, const std::uint32_t (&best)[kMost]) const {
    bool ties = open;
#pragma unroll
    for (int i = 0; i + 1 < kMost; ++i) ties = ties || (i < k && (best[i] ^ best[i + 1]) <= low);
    return ties;
  }

  // All lanes. With `ties` only the columns of the words are right when this returns.
  __device__ void settle(bool ties, bool open, std::uint32_t (&best)[kMost]) const {
    // Where the candidates' keys are near one another their distances from the least and the column fill no more than a word.
    const Key least = last(best) & ~low;
    const bool near = (best[0] | low) - least < ~0U >> __popc(low);
    if (__popc(__ballot_sync(full_mask, ties)) > kRare || __any_sync(full_mask, open && !near)) {
      ties = ties && differ(best);
      open = open && ties;
      if (!__any_sync(full_mask, ties)) return;
    }
    if (__any_sync(full_mask, open && !near)) return select_by_keys(best);
    if (__any_sync(full_mask, open)) select_by_distance(open, least, best);
    order(best);
  }

 private:
  __device__ std::uint32_t last(const std::uint32_t (&best)[kMost]) const {
    std::uint32_t word = best[0];
#pragma unroll
    for (int i = 1; i < kMost; ++i)
      if (i < k) word = best[i];
    return word;
  }
  __device__ Key key_of_word(std::uint32_t word) const {
    const std::uint32_t column = low - (word & low);
    return static_cast<int>(column) < row.cols() ? row.element.key(row.element.pack(row.at(column)), 0) : 0;
  }
  template <class F>
  __device__ void for_each_step(F f) const {
#pragma unroll 1
    for (int g = 0; g < row.granules; g += kVecs) {
      Key key[kStep];
      row.keys(g, key);
      f(g, key);
    }
  }

  // Whether words of which the order is open stand for different keys. (They agree in small integers, and what was a 16-bit float.)
  __device__ bool differ(const std::uint32_t (&best)[kMost]) const {
    Key of_last = 0;
    bool differ = false;
#pragma unroll
    for (int i = 0; i < kMost; ++i) {
      if (i >= k) break;
      const Key key = key_of_word(best[i]);
      differ = differ || (i > 0 && key != of_last && (key ^ of_last) <= low);
      of_last = key;
    }
    Key nearest = ~0U;  // less one
    for_each_step([&](int, const Key(&key)[kStep]) {
#pragma unroll
      for (int i = 0; i < kStep; ++i) nearest = ::min(nearest, (key[i] ^ of_last) - 1);
    });
    return differ || nearest < low;
  }
  __device__ void select_by_distance(bool wanted, Key least, std::uint32_t (&best)[kMost]) const {
    std::uint32_t again[kMost] = {}, none = 0;
    for_each_step([&](int g, const Key(&key)[kStep]) {
      std::uint32_t words[kStep];
#pragma unroll
      for (int i = 0; i < kStep; ++i)
        words[i] = (key[i] >= least ? key[i] - least + 1 : 0) * (low + 1) + static_cast<std::uint32_t>(kStep - 1 - i);
      row.template merge<false>(words, g, again, none);
    });
#pragma unroll
    for (int i = 0; i < kMost; ++i) best[i] = wanted ? again[i] : best[i];
  }
  __device__ void select_by_keys(std::uint32_t (&best)[kMost]) const {
    std::uint64_t again[kMost] = {}, none = 0;
    for_each_step([&](int g, const Key(&key)[kStep]) {
      std::uint64_t words[kStep];
#pragma unroll
      for (int i = 0; i < kStep; ++i) words[i] = candidate(key[i], ~static_cast<std::uint32_t>(kStep - 1 - i));
      row.template merge<false>(words, g, again, none);
    });
#pragma unroll
    for (int i = 0; i < kMost; ++i) best[i] = static_cast<std::uint32_t>(again[i]);
  }
  // The list itself by whole keys.
  __device__ void order(std::uint32_t (&best)[kMost]) const {
    std::uint64_t words[kMost > 8 ? kMost : Row::kGroup] = {};
#pragma unroll
    for (int i = 0; i < kMost; ++i) words[i] = candidate(key_of_word(best[i]), ~(best[i] & low));
    lane_sort(row.constants.signs, words);
#pragma unroll
    for (int i = 0; i < kMost; ++i) best[i] = static_cast<std::uint32_t>(words[i]);
  }
};

}  // namespace topkit::cuda
