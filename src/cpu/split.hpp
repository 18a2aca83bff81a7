// Any k of any row: find where the row is cut, then one pass takes what is better and the first of the equals.
//
// The winners leave in the order of their positions, so `index` and `any` cost nothing more, and a k near cols is as
// cheap an element as a small one.
#pragma once

#include "cut.hpp"
#include "sort.hpp"
#include "write.hpp"

namespace topkit::cpu {
namespace {

template <class Any>
class Split {
 public:
  using V = typename Any::Sorted;  // counts must be exact, which a float filter's are not
  using S = typename V::S;
  using Raw = typename V::Raw;

  Split(const Job& job, Carver& carver)
      : job_(job),
        lens_(job.sortable),
        keys_(job.sortable),
        cut_(job, static_cast<std::size_t>(job.max_cols), carver),
        places_(carver.take<std::uint32_t>((job.order == Order::value ? most_k(job) : kSegment) + kSlack)),
        values_(carver.take<S>((job.order == Order::value ? most_k(job) : 0) + 2 * kBlock)),
        sort_scratch_(
            carver.take<std::byte>(job.order == Order::value ? BestFirst<V>::scratch_bytes(most_k(job)) : 0)) {}

  void select(const Row& row) const {
    const auto* data = static_cast<const Raw*>(row.data);
    const Cut<S> cut = row.k == row.cols ? Cut<S>{keys_.low_nan, 0} : cut_.find(data, row.cols, row.k);
    if (job_.order == Order::value) {
      take(
          data, row, cut, [](std::uint32_t, std::uint32_t) {}, places_);
      for (std::uint32_t i = 0; i < row.k; ++i) values_[i] = static_cast<S>(data[places_[i]]);
      for (std::uint32_t i = 0; i < row.k; i += V::kLanes)
        V::Store(values_ + i, V::Load(lens_, reinterpret_cast<const Raw*>(values_ + i)));
      BestFirst<V>::sort(keys_, data, values_, places_, row.k, sort_scratch_);
      write_row<V>(job_, row, places_);
    } else {
      Row part = row;
      take(
          data, row, cut,
          [&](std::uint32_t done, std::uint32_t count) {
            part.k = count;
            write_row<V>(job_, part, places_);
            advance(part, row, done + count);
          },
          places_);
    }
  }

  static void run(const Job& job, const Row* rows, std::int64_t count, Scratch& scratch) {
    Carver carver(scratch.data);
    const Split split(job, carver);
    for (std::int64_t r = 0; r < count; ++r) split.select(rows[r]);
  }

  static std::size_t scratch_bytes(const Job& job) {
    Carver carver(nullptr);
    const Split split(job, carver);
    return carver.used();
  }

 private:
  static constexpr std::uint32_t kSegment = 4096;  // elements between two deliveries

  static std::size_t most_k(const Job& job) { return static_cast<std::size_t>(lesser(job.max_k, job.max_cols)); }

  void advance(Row& part, const Row& row, std::uint32_t done) const {
    if (row.values != nullptr) part.values = static_cast<Raw*>(row.values) + done * job_.value_stride;
    const std::int64_t bytes = (job_.wide_index ? 8 : 4) * job_.index_stride * done;
    if (row.indices != nullptr) part.indices = static_cast<std::byte*>(row.indices) + bytes;
  }

  // Puts the positions of the winners into `places`, ascending, and tells `deliver` after every segment: how many were
  // delivered before, how many now. order != value: every segment starts `places` anew.
  template <class Deliver>
  void take(const Raw* data, const Row& row, Cut<S> cut, const Deliver& deliver, std::uint32_t* places) const {
    std::uint32_t equals = row.k - cut.better;  // still to be taken
    const auto reach = V::Set(keys_.at_least(cut.value)), above = V::Set(keys_.above(cut.value));
    std::uint32_t done = 0;
    for (std::uint32_t at = 0; at < row.cols && done < row.k; at += kSegment) {
      const std::uint32_t end = lesser(row.cols, at + kSegment);
      std::uint32_t* out = places;
      for (std::uint32_t b = at; b < end; b += kBlock) {
        const std::uint32_t left = lesser(end - b, kBlock);
        const auto better = [above](typename V::Reg v) { return V::Gt(v, above); };
        std::uint64_t bits =
            left == kBlock ? block_bits<V>(lens_, data + b, better) : block_bits<V>(lens_, data + b, left, better);
        if (equals != 0) {
          const auto reaches = [reach](typename V::Reg v) { return V::Ge(v, reach); };
          std::uint64_t ties = (left == kBlock ? block_bits<V>(lens_, data + b, reaches)
                                               : block_bits<V>(lens_, data + b, left, reaches)) &
                               ~bits;
          while (static_cast<std::uint32_t>(count_bits(ties)) > equals)
            ties &= ~(std::uint64_t{1} << (63 - __builtin_clzll(ties)));
          equals -= static_cast<std::uint32_t>(count_bits(ties));
          bits |= ties;
        }
        out = V::Emit(bits, b, out);
      }
      const auto count = static_cast<std::uint32_t>(out - places);
      if (count == 0) continue;
      deliver(done, count);
      done += count;
      if (job_.order == Order::value) places += count;
    }
  }

  const Job& job_;
  typename V::Lens lens_;
  SortableKeys<S> keys_;
  CutFinder<V> cut_;
  std::uint32_t* places_;
  S* values_;
  std::byte* sort_scratch_;
};

}  // namespace
}  // namespace topkit::cpu
