// Any k of any row: find where the row is cut, then one pass takes what is better and the first of the equals.
//
// The winners leave in the order of their positions, so `index` and `any` cost nothing more, and a k near cols is as
// cheap an element as a small one.
#pragma once

#include "compress.hpp"
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
        places_(carver.take<std::uint32_t>(kept(job) + kBlock + kSlack)),
        values_(carver.take<S>(kept(job) + 2 * kBlock)),
        inside_(carver.take<std::uint32_t>(job.order == Order::any
                                               ? CutFinder<V>::most_inside(static_cast<std::uint32_t>(job.max_cols)) +
                                                     kBlock + kSlack
                                               : 0)),
        sort_scratch_(
            carver.take<std::byte>(job.order == Order::value ? BestFirst<V>::scratch_bytes(most_k(job)) : 0)) {}

  void select(const Row& row) const {
    const auto* data = static_cast<const Raw*>(row.data);
    const std::uint32_t wanted = row.k - row.first;
    Row part = row;
    std::uint32_t done = 0;
    const bool ordered = job_.order == Order::value;
    if (job_.order == Order::any && row.k < row.cols && delivers(row) && deliver_at_once(row)) return;
    Picker pick(*this, cut_at(row, row.k), row.k);
    Picker others(*this, cut_at(row, row.first), row.first);
    std::uint32_t begin = 0;
    if (!ordered && delivers(row)) {
      begin = deliver(row, pick, done);
      advance(part, row, done);
    }
    for (std::uint32_t at = begin; at < row.cols && done < wanted; at += kSegment) {
      // A segment's winners lie together in the scratch: of all segments when they must be sorted.
      std::uint32_t* const places = places_ + (ordered ? done : 0);
      Raw* const raw = reinterpret_cast<Raw*>(values_) + (ordered ? done : 0);
      const std::uint32_t end = lesser(row.cols, at + kSegment);
      std::uint32_t* last = places;
      Raw* last_raw = raw;
      for (std::uint32_t b = at; b < end; b += kBlock) {
        const std::uint32_t left = end - b;
        std::uint64_t bits = pick.bits(data + b, left);
        if (row.first != 0) bits &= ~others.bits(data + b, left);
        last = V::Emit(bits, b, last);
        if (left >= kBlock) {
          last_raw = compress_block(bits, data + b, last_raw);
        } else {
          for (std::uint64_t rest = bits; rest != 0; rest &= rest - 1) *last_raw++ = data[b + __builtin_ctzll(rest)];
        }
      }
      const auto count = static_cast<std::uint32_t>(last - places);
      if (!ordered && count != 0) {
        part.k = count;
        write_winners(part, places, raw);
        advance(part, row, done + count);
      }
      done += count;
    }
    if (!ordered) return;
    for (std::uint32_t i = 0; i < wanted; i += V::kLanes)
      V::Store(values_ + i, V::Load(lens_, reinterpret_cast<const Raw*>(values_ + i)));
    if (BestFirst<V>::are_many(wanted)) {
      BestFirst<V>::each_sorted(keys_, data, values_, places_, wanted, sort_scratch_,
                                [&](std::uint32_t at, std::uint32_t n, const Raw* raw, const std::uint32_t* places) {
                                  part.k = n;
                                  advance(part, row, at);
                                  write_winners(part, places, raw);
                                });
      return;
    }
    BestFirst<V>::sort(keys_, data, values_, places_, wanted, sort_scratch_);
    const SortableKeys<S> keys = keys_;
    for (std::uint32_t i = 0; i < wanted; ++i) values_[i] = static_cast<S>(keys.to_raw(values_[i]));
    part.k = wanted;
    write_winners(part, places_, reinterpret_cast<const Raw*>(values_));
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
  // Places whose values are fetched together, before the outputs push the row out of the first cache.
  static constexpr std::uint32_t kGather = 32;

  static std::size_t most_k(const Job& job) { return static_cast<std::size_t>(lesser(job.max_k, job.max_cols)); }

  static std::size_t kept(const Job& job) { return job.order == Order::value ? most_k(job) : kSegment; }

  void advance(Row& part, const Row& row, std::uint32_t done) const {
    if (row.values != nullptr) part.values = static_cast<Raw*>(row.values) + done * job_.value_stride;
    const std::int64_t bytes = (job_.wide_index ? 8 : 4) * job_.index_stride * done;
    if (row.indices != nullptr) part.indices = static_cast<std::byte*>(row.indices) + bytes;
  }

  Cut<S> cut_at(const Row& row, std::uint32_t k) const {
    if (k == 0) return {keys_.top_nan, 0, 0};
    if (k == row.cols) return {keys_.low_nan, 0, k};
    return cut_.find(static_cast<const Raw*>(row.data), row.cols, k);
  }

  // Which of the next 64 elements win: what is better than the cut, and its first equals.
  class Picker {
   public:
    Picker(const Split& split, Cut<S> cut, std::uint32_t k)
        : lens_(split.lens_),
          reach_(V::Set(split.keys_.at_least(cut.value))),
          above_(V::Set(split.keys_.above(cut.value))),
          all_equals_(cut.better + cut.equal == k),
          equals_(k - cut.better) {}

    std::uint64_t bits(const Raw* p, std::uint32_t n) {
      const auto better = [this](typename V::Reg v) { return V::Gt(v, above_); };
      const auto reaches = [this](typename V::Reg v) { return V::Ge(v, reach_); };
      if (all_equals_) return block(p, n, reaches);
      std::uint64_t picked = block(p, n, better);
      if (equals_ == 0) return picked;
      std::uint64_t ties = block(p, n, reaches) & ~picked;
      const auto count = static_cast<std::uint32_t>(count_bits(ties));
      for (std::uint32_t i = equals_; i < count; ++i) ties &= ~(std::uint64_t{1} << (63 - __builtin_clzll(ties)));
      equals_ -= lesser(count, equals_);
      return picked | ties;
    }

   private:
    template <class Compare>
    std::uint64_t block(const Raw* p, std::uint32_t n, const Compare& compare) const {
      return next_block_bits<V>(lens_, p, n, compare);
    }

    typename V::Lens lens_;
    typename V::Reg reach_, above_;
    bool all_equals_;
    std::uint32_t equals_;  // still to be taken
  };

  // Winners may go straight to the outputs.
  bool delivers(const Row& row) const {
    return kCompresses && row.first == 0 && row.ids == nullptr && job_.wide_index && job_.value_stride == 1 &&
           job_.index_stride == 1 && row.values != nullptr && row.indices != nullptr;
  }

  // In one pass: what surely wins goes straight to the outputs, what may win is kept, and follows as far as it does. False:
  // a sample misled, or there are too many equals; what was written is void.
  bool deliver_at_once(const Row& row) const {
    S ends[2];
    const auto* const data = static_cast<const Raw*>(row.data);
    if (!cut_.bracket(data, row.cols, row.k, ends)) return false;
    auto* const values = static_cast<Raw*>(row.values);
    auto* const indices = static_cast<std::int64_t*>(row.indices);
    const std::uint32_t most = CutFinder<V>::most_inside(row.cols);
    const typename V::Lens lens = lens_;
    const auto low = V::Set(keys_.at_least(ends[0])), high = V::Set(keys_.at_least(ends[1]));
    S* const kept = cut_.inside();
    std::uint32_t* const places = inside_;
    std::uint32_t found = 0, inside = 0, fetched = 0;
    const auto fetch = [&] {
      for (; fetched < inside; ++fetched) kept[fetched] = static_cast<S>(data[places[fetched]]);
    };
    for (std::uint32_t at = 0; at < row.cols; at += kBlock) {
      const std::uint32_t left = row.cols - at;
      if (found + kBlock > row.k || inside + kBlock > most) return false;
      const auto bits_from = [&](typename V::Reg bound) {
        const auto reaches = [bound](typename V::Reg v) { return V::Ge(v, bound); };
        return next_block_bits<V>(lens, data + at, left, reaches);
      };
      const std::uint64_t wins = bits_from(high), may_win = bits_from(low) & ~wins;
      inside = static_cast<std::uint32_t>(V::Emit(may_win, at, places + inside) - places);
      if (inside - fetched > kGather) fetch();
      if (left >= kBlock)
        compress_block(wins, data + at, values + found);
      else
        for (std::uint64_t rest = wins, i = found; rest != 0; rest &= rest - 1)
          values[i++] = data[at + __builtin_ctzll(rest)];
      emit_indices(wins, row.column + at, indices + found);
      found += static_cast<std::uint32_t>(count_bits(wins));
    }
    fetch();
    const std::uint32_t wanted = row.k - found;
    if (inside < wanted) return false;
    const Cut<S> cut = cut_.find_inside(inside, wanted);
    std::uint32_t equals = wanted - cut.better;
    for (std::uint32_t i = 0; i < inside; ++i) {
      if (kept[i] < cut.value || (kept[i] == cut.value && equals == 0)) continue;
      if (kept[i] == cut.value) --equals;
      values[found] = data[places[i]];
      indices[found++] = row.column + places[i];
    }
    return true;
  }

  // Winners straight to the outputs, as long as what a block scribbles behind its last one surely lies inside them. Returns
  // how far it came.
  std::uint32_t deliver(const Row& row, Picker& picker, std::uint32_t& done) const {
    const auto* const data = static_cast<const Raw*>(row.data);
    auto* const values = static_cast<Raw*>(row.values);
    auto* const indices = static_cast<std::int64_t*>(row.indices);
    Picker pick = picker;
    std::uint32_t at = 0, found = 0;
    for (; at + kBlock <= row.cols && found + kBlock <= row.k; at += kBlock) {
      const std::uint64_t bits = pick.bits(data + at, kBlock);
      compress_block(bits, data + at, values + found);
      emit_indices(bits, row.column + at, indices + found);
      found += static_cast<std::uint32_t>(count_bits(bits));
    }
    picker = pick;
    done = found;
    return at;
  }

  // The values are there already: no second visit to the row.
  void write_winners(const Row& row, const std::uint32_t* places, const Raw* raw) const {
    if (row.values != nullptr) {
      auto* out = static_cast<Raw*>(row.values);
      if (job_.value_stride == 1)
        std::memcpy(out, raw, row.k * sizeof(Raw));
      else
        for (std::uint32_t i = 0; i < row.k; ++i) out[i * job_.value_stride] = raw[i];
    }
    write_places(job_, row, places);
  }

  const Job& job_;
  typename V::Lens lens_;
  SortableKeys<S> keys_;
  CutFinder<V> cut_;
  std::uint32_t* places_;
  S* values_;
  std::uint32_t* inside_;  // places of what may win
  std::byte* sort_scratch_;
};

}  // namespace
}  // namespace topkit::cpu
