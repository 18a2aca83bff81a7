// The last step of every algorithm: from a few candidates of a row, ascending by position and surely holding the
// winners, to the winners in the order wanted.
#pragma once

#include <algorithm>

#include "rank.hpp"
#include "sort.hpp"
#include "words.hpp"
#include "write.hpp"

namespace topkit::cpu {
namespace {

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
        winners_(carver.take<std::uint32_t>(max_candidates + kSlack)),
        sort_scratch_(carver.take<std::byte>(BestFirst<Sorted>::scratch_bytes(max_candidates))),
        ranker_(carver),
        words_(keys_, carver) {}

  static constexpr std::uint32_t kFew = greater(kRankLimit, Words<S>::kMost);  // up to here no sort is called

  // Finds the winners; returns the sortable value of the last one. count >= row.k; candidates have room for kSlack more.
  // The same as load, rank and place, which are apart so that the waits of one row are filled by others.
  S choose(const Row& row, std::uint32_t* candidates, std::uint32_t count) {
    load(row, candidates, count);
    rank();
    return place();
  }

  void load(const Row& row, std::uint32_t* candidates, std::uint32_t count) {
    row_ = &row;
    candidates_ = candidates;
    count_ = count;
    const auto* data = static_cast<const Raw*>(row.data);
    if constexpr (Words<S>::kAvailable)
      if (count <= Words<S>::kMost) return words_.load(data, candidates, count);
    // A few more of the first candidate make every loop a whole number of steps, and change no extreme.
    for (std::uint32_t i = 0; i < kStep; ++i) candidates[count + i] = candidates[0];
    for (std::size_t i = 0; i < count; i += kStep) {
#pragma GCC unroll 16
      for (std::size_t j = 0; j < kStep; ++j) sortable_[i + j] = static_cast<S>(data[candidates[i + j]]);
    }
    const std::uint32_t padded = round_up(count, kStep);
    for (std::uint32_t i = padded; i < round_up(count, kRound); ++i) sortable_[i] = sortable_[0];
  }

  void rank() {
    if constexpr (Words<S>::kAvailable) {
      if (count_ <= Words<S>::kMost) return words_.sort(row_->k);
    }
    if (count_ > kRankLimit) return sort();
    auto most = Sorted::Worst(), least = Sorted::Set(std::numeric_limits<S>::max());
    for (std::uint32_t i = 0; i < count_; i += Sorted::kLanes) {
      const auto s = canonical<Sorted>(keys_, Sorted::Load(lens_, reinterpret_cast<const Raw*>(sortable_ + i)));
      Sorted::Store(sortable_ + i, s);
      most = Sorted::Max(most, s);
      least = Sorted::Min(least, s);
    }
    narrow(static_cast<S>(~Sorted::ReduceMax(Sorted::Not(least))), Sorted::ReduceMax(most));
    distinct_ = ranker_.rank(count_);
    if (!distinct_) [[unlikely]]
      ranker_.part_equals(count_);
  }

  // rank() of both.
  static void rank_two(Finish& a, Finish& b) {
    if constexpr (Words<S>::kAvailable) {
      if (a.count_ <= Words<S>::kMost && b.count_ <= Words<S>::kMost)
        return Words<S>::sort_two(a.words_, a.row_->k, b.words_, b.row_->k);
    }
    a.rank();
    b.rank();
  }

  S place() {
    const auto* data = static_cast<const Raw*>(row_->data);
    if constexpr (Words<S>::kAvailable) {
      if (count_ <= Words<S>::kMost) {
        listed_ = !words_.exact() || job_.order == Order::index || !side_by_side();
        if (!listed_) return keys_.canonical(keys_.from_raw(static_cast<Raw>(words_.raw(row_->k - 1))));
        const std::uint32_t sorted = words_.exact() ? row_->k : count_;
        for (std::uint32_t i = 0; i < sorted; ++i) winners_[i] = candidates_[words_.slot(i)];
        if (!words_.exact()) mend(data, count_);
        return keys_.canonical(keys_.from_raw(data[winners_[row_->k - 1]]));
      }
      listed_ = true;
    }
    if (count_ <= kRankLimit) {
      const std::int16_t* ranks = ranker_.ranks();
      for (std::size_t i = 0; i < count_; i += kStep) {
#pragma GCC unroll 16
        for (std::size_t j = 0; j < kStep; ++j) winners_[ranks[i + j]] = candidates_[i + j];
      }
      if (!distinct_ && shift_ != 0) mend(data, count_);
    }
    return keys_.canonical(keys_.from_raw(data[winners_[row_->k - 1]]));
  }

  void write() {
    if constexpr (Words<S>::kAvailable) {
      if (!listed_) return write_words();
    }
    if (job_.order == Order::index)
      std::sort(winners_, winners_ + row_->k, [](std::uint32_t a, std::uint32_t b) { return a < b; });
    write_row<Sorted>(job_, *row_, winners_);
  }
  void write(const Row&) { write(); }

 private:
  // The outputs lie side by side and are the row's own positions.
  bool side_by_side() const { return job_.value_stride == 1 && job_.index_stride == 1 && row_->ids == nullptr; }

  void write_words() const {
    auto* const values = static_cast<Raw*>(row_->values);
    auto* const narrow = static_cast<std::int32_t*>(row_->indices);
    auto* const wide = static_cast<std::int64_t*>(row_->indices);
    words_.each(row_->k, [&](std::uint32_t at, std::uint32_t n, auto raw, auto places) {
      if (values != nullptr) store_values(values + at, n, raw);
      if (row_->indices == nullptr) return;
      if (job_.wide_index)
        store_indices(wide + at, n, row_->column, places);
      else
        store_indices(narrow + at, n, row_->column, places);
    });
  }

  using U = std::make_unsigned_t<S>;
  static constexpr std::uint32_t kStep = 16;
  static constexpr std::uint32_t kRound = greater(Sorted::kLanes, Ranker<typename V::I16>::kRound);

  // Keys are made 16 bits wide: the distance from the worst candidate without its low bits.
  void narrow(S worst, S best) {
    constexpr std::uint64_t kTop = 65534;
    const U range = static_cast<U>(static_cast<U>(best) - static_cast<U>(worst));
    shift_ = 0;
    if constexpr (sizeof(S) >= 2) {
      const int bits = range == 0 ? 0 : 64 - __builtin_clzll(range);
      shift_ = greater(bits - 16, 0);
      shift_ += static_cast<std::uint64_t>(range >> shift_) > kTop ? 1 : 0;
    }
    // Spelled out in vectors: left to themselves, compilers make it a loop of single items.
    constexpr std::size_t kLanes = Sorted::kLanes;
    using Wide = typename GnuVector<U, kLanes * sizeof(U)>::Type;
    using Key = typename GnuVector<std::int16_t, kLanes * 2>::Type;
    using Half = typename GnuVector<std::uint16_t, kLanes * 2>::Type;
    using Pair = typename GnuVector<std::uint32_t, kLanes * 4>::Type;
    Key places;
    for (std::size_t i = 0; i < kLanes; ++i) places[i] = static_cast<std::int16_t>(i);
    for (std::uint32_t i = 0; i < round_up(count_, kRound); i += kLanes) {
      Wide distance;
      std::memcpy(&distance, sortable_ + i, sizeof(distance));
      distance = (distance - static_cast<U>(worst)) >> static_cast<U>(shift_);
      const Key key = __builtin_convertvector(distance, Key) - std::int16_t{32767};
      const auto here = static_cast<std::int16_t>(static_cast<int>(count_) - static_cast<int>(i));
      const Key padded = places < here ? key : Key{} + std::numeric_limits<std::int16_t>::min();
      const Pair pair = __builtin_convertvector(reinterpret_cast<Half>(padded), Pair) * 0x10001U;
      std::memcpy(ranker_.keys() + i, &padded, sizeof(padded));
      std::memcpy(ranker_.pairs() + i, &pair, sizeof(pair));
    }
  }

  void sort() {
    for (std::uint32_t i = 0; i < count_; i += Sorted::kLanes)
      Sorted::Store(sortable_ + i, Sorted::Load(lens_, reinterpret_cast<const Raw*>(sortable_ + i)));
    std::memcpy(winners_, candidates_, count_ * sizeof(std::uint32_t));
    BestFirst<Sorted>::sort(keys_, static_cast<const Raw*>(row_->data), sortable_, winners_, count_, sort_scratch_);
  }

  // Neighbours whose narrow keys are equal stand in the order of their positions; their keys may want another.
  void mend(const Raw* data, std::uint32_t count) {
    const auto key = [&](std::uint32_t position) { return keys_.canonical(keys_.from_raw(data[position])); };
    for (std::uint32_t i = 1; i < count; ++i) {
      const std::uint32_t position = winners_[i];
      const S mine = key(position);
      std::uint32_t j = i;
      for (; j > 0 && key(winners_[j - 1]) < mine; --j) winners_[j] = winners_[j - 1];
      winners_[j] = position;
    }
  }

  const Job& job_;
  typename Sorted::Lens lens_;
  SortableKeys<S> keys_;
  S* sortable_;
  std::uint32_t* winners_;
  std::byte* sort_scratch_;
  Ranker<typename V::I16> ranker_;
  Words<S> words_;

  // Of the row at hand.
  const Row* row_ = nullptr;
  std::uint32_t* candidates_ = nullptr;
  std::uint32_t count_ = 0;
  int shift_ = 0;
  bool distinct_ = true;
  bool listed_ = true;  // the winners stand in winners_
};

}  // namespace
}  // namespace topkit::cpu
