// Order by counting: the rank of an item is how many others are better. No branch depends on the keys, and 16-bit keys put
// 32 items into a vector.
#pragma once

#include "vec.hpp"

namespace topkit::cpu {
namespace {

inline constexpr std::uint32_t kRankLimit = 96;  // up to here counting costs less than sorting

// V: sortable integers of 16 bits. Larger keys are better; the lowest value must not occur, it fills the places behind the
// last item.
template <class V>
class Ranker {
 public:
  explicit Ranker(Carver& carver)
      : keys_(carver.take<std::int16_t>(kRoom)),
        pairs_(carver.take<std::uint32_t>(kRoom)),
        ranks_(carver.take<std::int16_t>(kRoom)) {}

  const std::int16_t* ranks() const { return ranks_; }

  // To be set, up to the next multiple of kRound with the lowest value: the keys, and twice each in pairs.
  std::int16_t* keys() { return keys_; }
  std::uint32_t* pairs() { return pairs_; }

  // True when all keys differ: ranks are then a permutation of 0 .. count - 1. Else equal keys share a rank. Places behind
  // the last key get the rank `count`.
  bool rank(std::uint32_t count) {
    const std::uint32_t padded = round_up(count, kStep), places = round_up(count, kRound);
    std::uint32_t sum = 0;
    for (std::uint32_t v = 0; v < places; v += kHeld * V::kLanes) {
      const std::uint32_t vectors = lesser(places - v, kHeld * V::kLanes) / V::kLanes;
      if (vectors == 1) sum += rank_vectors<1>(v, padded);
      if (vectors == 2) sum += rank_vectors<2>(v, padded);
      if (vectors == 3) sum += rank_vectors<3>(v, padded);
      if (vectors == 4) sum += rank_vectors<4>(v, padded);
      if (vectors == 5) sum += rank_vectors<5>(v, padded);
      if (vectors == 6) sum += rank_vectors<6>(v, padded);
    }
    return sum == count * (count - 1) / 2 + (places - count) * count;
  }

  // After rank() found equal keys: the earlier of them is better.
  void part_equals(std::uint32_t count) {
    for (std::uint32_t v = 0; v < count; v += V::kLanes) {
      const auto key = V::LoadSorted(keys_ + v);
      auto ranks = V::LoadSorted(ranks_ + v);
      for (std::uint32_t i = 0; i < v; ++i) ranks = V::Increment(ranks, V::Eq(V::SetPair(pairs_[i]), key));
      for (std::uint32_t i = v; i < lesser(count, v + V::kLanes); ++i)
        ranks = V::Increment(ranks, V::AndNot(V::First(i - v + 1), V::Eq(V::SetPair(pairs_[i]), key)));
      V::Store(ranks_ + v, ranks);
    }
  }

  static constexpr std::uint32_t kStep = 16;  // so that the number of rounds is mostly the same from row to row
  static constexpr std::uint32_t kRound = greater(V::kLanes, kStep);

 private:
  static constexpr std::uint32_t kHeld = 6;  // vectors in registers at a time
  static constexpr std::uint32_t kRoom = kRankLimit + 64;

  template <std::uint32_t kVectors>
  std::uint32_t rank_vectors(std::uint32_t v, std::uint32_t others) {
    typename V::Reg keys[kVectors], ranks[kVectors];
#pragma GCC unroll 6
    for (std::uint32_t j = 0; j < kVectors; ++j) {
      keys[j] = V::LoadSorted(keys_ + v + j * V::kLanes);
      ranks[j] = V::Set(0);
    }
#pragma GCC unroll 4
    for (std::uint32_t i = 0; i < others; ++i) {
      const auto other = V::SetPair(pairs_[i]);
#pragma GCC unroll 6
      for (std::uint32_t j = 0; j < kVectors; ++j) ranks[j] = V::Increment(ranks[j], V::Gt(other, keys[j]));
    }
    auto sum = ranks[0];
#pragma GCC unroll 6
    for (std::uint32_t j = 0; j < kVectors; ++j) {
      V::Store(ranks_ + v + j * V::kLanes, ranks[j]);
      if (j != 0) sum = V::Add(sum, ranks[j]);
    }
    return V::ReduceSum(sum);
  }

  std::int16_t* keys_;
  std::uint32_t* pairs_;
  std::int16_t* ranks_;
};

}  // namespace
}  // namespace topkit::cpu
