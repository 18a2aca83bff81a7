// The last step of every algorithm: from a few candidates of a row, ascending by position and surely holding the
// winners, to the winners in the order wanted.
#pragma once

#include <algorithm>

#include "write.hpp"

namespace topkit::cpu {
namespace {

inline constexpr std::uint32_t kRankLimit = 96;  // up to here counting who is better costs less than sorting

template <class V>
class Finish {
 public:
  using S = typename V::S;
  using Raw = typename V::Raw;
  using Sorted = typename V::Sorted;

  Finish(const Job& job, std::size_t max_candidates, Carver& carver)
      : job_(job),
        lens_(job.sortable),
        keys_(job.sortable),
        sortable_(carver.take<S>(max_candidates + kBlock)),
        ranks_(carver.take<S>(kRankLimit + kBlock)),
        winners_(carver.take<std::uint32_t>(max_candidates + kSlack)) {}

  // Finds the winners; returns the sortable value of the last one. count >= row.k.
  S choose(const Row& row, const std::uint32_t* candidates, std::uint32_t count) {
    const auto* data = static_cast<const Raw*>(row.data);
    for (std::uint32_t i = 0; i < count; ++i) sortable_[i] = static_cast<S>(data[candidates[i]]);
    for (std::uint32_t i = 0; i < count; i += Sorted::kLanes) {
      const auto s = Sorted::Load(lens_, reinterpret_cast<const Raw*>(sortable_ + i));
      Sorted::Store(sortable_ + i, canonical<Sorted>(keys_, s));
    }
    if (count <= kRankLimit) {
      rank(candidates, count);
    } else {
      sort(candidates, count, row.k);
    }
    return keys_.canonical(keys_.from_raw(data[winners_[row.k - 1]]));
  }

  void write(const Row& row) {
    if (job_.order == Order::index) std::sort(winners_, winners_ + row.k, [](auto a, auto b) { return a < b; });
    write_row<Sorted>(job_, row, winners_);
  }

 private:
  // rank = how many candidates are better, so ranks are a permutation: equal keys go by position.
  void rank(const std::uint32_t* candidates, std::uint32_t count) {
    constexpr std::uint32_t kLanes = Sorted::kLanes;
    for (std::uint32_t v = 0; v < count; v += kLanes) {
      const auto key = Sorted::LoadSorted(sortable_ + v);
      auto ranks = Sorted::Set(0);
      const std::uint32_t end = lesser(count, v + kLanes);
      for (std::uint32_t i = 0; i < v; ++i)
        ranks = Sorted::Increment(ranks, Sorted::Ge(Sorted::Set(sortable_[i]), key));
      for (std::uint32_t i = v; i < end; ++i) {  // lanes up to i's own are not behind it
        const auto other = Sorted::Set(sortable_[i]);
        const auto tie = Sorted::If(Sorted::First(i - v + 1), Sorted::Set(0),
                                    Sorted::Increment(Sorted::Set(0), Sorted::Eq(other, key)));
        ranks = Sorted::Increment(ranks, Sorted::Or(Sorted::Gt(other, key), Sorted::Gt(tie, Sorted::Set(0))));
      }
      for (std::uint32_t i = end; i < count; ++i)
        ranks = Sorted::Increment(ranks, Sorted::Gt(Sorted::Set(sortable_[i]), key));
      Sorted::Store(ranks_ + v, ranks);
    }
    for (std::uint32_t i = 0; i < count; ++i) winners_[ranks_[i]] = candidates[i];
  }

  void sort(const std::uint32_t* candidates, std::uint32_t count, std::uint32_t k) {
    for (std::uint32_t i = 0; i < count; ++i) winners_[i] = i;
    const auto better = [this](std::uint32_t a, std::uint32_t b) {
      return sortable_[a] != sortable_[b] ? sortable_[a] > sortable_[b] : a < b;
    };
    if (count > 2 * k) std::nth_element(winners_, winners_ + k, winners_ + count, better);
    std::sort(winners_, winners_ + k + (count > 2 * k ? 0 : count - k), better);
    for (std::uint32_t i = 0; i < k; ++i) winners_[i] = candidates[winners_[i]];
  }

  const Job& job_;
  typename Sorted::Lens lens_;
  SortableKeys<S> keys_;
  S* sortable_;
  S* ranks_;
  std::uint32_t* winners_;
};

}  // namespace
}  // namespace topkit::cpu
