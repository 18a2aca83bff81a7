// Where a row is cut between winners and losers: the k-th best key, found by a sample's bracket and one pass that keeps
// the few values inside it, again and again until a bisection in the cache ends it.
//
// The two keys of the bracket are counted as classes of their own, so that few distinct values end the search at once.
// When the bracket misses, the next ones halve what is left: the width of the type bounds the passes.
#pragma once

#include "select.hpp"

namespace topkit::cpu {
namespace {

template <class S>
struct Cut {
  S value;               // canonical
  std::uint32_t better;  // how many elements are better than it: fewer than k
  std::uint32_t equal;   // how many have its key: with them there are at least k
};

template <class V>  // sortable integers
class CutFinder {
 public:
  using S = typename V::S;
  using Raw = typename V::Raw;

  CutFinder(const Job& job, std::size_t most_cols, Carver& carver)
      : lens_(job.sortable),
        keys_(job.sortable),
        room_(carver.take<S>(room_of(most_cols))),
        places_(carver.take<std::uint32_t>(kGather + kBlock + kSlack)) {}

  // 1 <= k <= count.
  Cut<S> find(const Raw* row, std::uint32_t count, std::uint32_t k) const {
    return find(Elements{row}, count, k, room_);
  }

  // Two values that the cut very likely lies between, and few elements with it: for a caller who makes the pass himself and
  // puts what is at least the first and less than the second, up to most_inside() of them, where inside() says. False: there
  // is no such bracket.
  bool bracket(const Raw* row, std::uint32_t count, std::uint32_t k, S (&ends)[2]) const {
    if (count <= 32 * kBisect) return false;
    const std::uint32_t size = take_sample(Elements{row}, count, room_);
    choose_bracket(room_, size, keys_.low_nan, keys_.top_nan, static_cast<double>(k) / count, 2.5, ends);
    return distinct(room_, size, ends);
  }
  S* inside() const { return room_ + kMostSample; }
  static std::uint32_t most_inside(std::uint32_t count) { return inside_of(count); }
  // The cut at k of the `count` raw values inside(), which become canonical.
  Cut<S> find_inside(std::uint32_t count, std::uint32_t k) const {
    return find_inside(Elements{nullptr}, inside(), count, k, 0);
  }

 private:
  static constexpr std::uint32_t kBisect = 2048, kMostSample = 4096;
  static constexpr std::uint32_t kGather = 512;  // places whose values are fetched together, while in the first cache
  static constexpr std::uint32_t kLine = greater<std::uint32_t>(64 / sizeof(S), V::kLanes);

  struct Elements {
    static constexpr bool kRaw = true;
    const Raw* data;
  };
  struct Values {
    static constexpr bool kRaw = false;
    const S* data;
  };

  // Room for what passes keep: the insides of brackets within brackets, each at most an eighth of what is around it.
  static constexpr std::uint32_t inside_of(std::uint32_t count) { return count / 8 + kBisect / 2; }
  static std::size_t room_of(std::size_t count) {
    std::size_t room = 0;
    for (; count > kBisect; count = inside_of(static_cast<std::uint32_t>(count)))
      room += kMostSample + inside_of(static_cast<std::uint32_t>(count)) + 2 * kBlock;
    return room + kBisect + 2 * kBlock;
  }

  using Lens = typename V::Lens;
  static typename V::Reg load(const Lens& lens, Elements from, std::uint32_t at) {
    return V::Load(lens, from.data + at);
  }
  static typename V::Reg load(const Lens&, Values from, std::uint32_t at) { return V::LoadSorted(from.data + at); }
  static typename V::Reg load(const Lens& lens, Elements from, std::uint32_t at, std::uint32_t n) {
    return V::LoadN(lens, from.data + at, n);
  }
  static typename V::Reg load(const Lens&, Values from, std::uint32_t at, std::uint32_t) {
    return V::LoadSorted(from.data + at);
  }

  void to_canonical(S* values, std::uint32_t count) const {
    for (std::uint32_t i = 0; i < count; i += V::kLanes) {
      const auto s = V::Load(lens_, reinterpret_cast<const Raw*>(values + i));
      V::Store(values + i, canonical<V>(keys_, s));
    }
  }

  template <class From>
  Cut<S> find(From from, std::uint32_t count, std::uint32_t k, S* room) const {
    if (count <= kBisect) {
      const S* values = reinterpret_cast<const S*>(from.data);
      if constexpr (From::kRaw) {
        std::memcpy(room, values, count * sizeof(S));
        to_canonical(room, count);
        values = room;
      }
      return bisect(values, count, k);
    }
    S low = keys_.low_nan, high = keys_.top_nan;  // what the cut lies between, ends included
    std::uint32_t above = 0, inside = count;      // elements better than high, elements from low to high
    std::uint32_t size = take_sample(from, count, room);
    S* const kept = room + kMostSample;
    for (double width = 2.5;; width *= 4) {
      S bracket[2];
      choose_bracket(room, size, low, high, static_cast<double>(k - above) / inside, width, bracket);
      if (distinct(room, size, bracket)) {
        const Pass pass = look<false>(from, count, bracket, kept);
        if (pass.from_high < k && k <= pass.from_low && pass.kept)
          return find_inside(from, kept, pass.from_low - pass.from_high, k, pass.from_high);
      }
      const Pass pass = look<true>(from, count, bracket, kept);
      if (k <= pass.above_high) {
        low = next(bracket[1]);
        inside = pass.above_high - above;
      } else if (k <= pass.from_high) {
        return {bracket[1], pass.above_high, pass.from_high - pass.above_high};
      } else if (k <= pass.above_low) {
        if (pass.kept) return find_inside(from, kept, pass.above_low - pass.from_high, k, pass.from_high);
        low = next(bracket[0]);
        high = previous(bracket[1]);
        above = pass.from_high;
        inside = pass.above_low - above;
      } else if (k <= pass.from_low) {
        return {bracket[0], pass.above_low, pass.from_low - pass.above_low};
      } else {
        high = previous(bracket[0]);
        inside += above;
        above = pass.from_low;
        inside -= above;
      }
      std::uint32_t left = 0;
      for (std::uint32_t i = 0; i < size; ++i) {
        room[left] = room[i];
        left += room[i] >= low && room[i] <= high ? 1 : 0;
      }
      size = left;
    }
  }

  template <class From>
  Cut<S> find_inside(From, S* kept, std::uint32_t count, std::uint32_t k, std::uint32_t better) const {
    if constexpr (From::kRaw) to_canonical(kept, count);
    Cut<S> cut = find(Values{kept}, count, k - better, kept + round_up(count + kBlock, kBlock));
    cut.better += better;
    return cut;
  }

  // The sample says that no key between the ends, nor an end, has many elements: then two counts do, instead of four.
  static bool distinct(const S* sample, std::uint32_t size, const S (&bracket)[2]) {
    std::uint32_t lows = 0, highs = 0;
    for (std::uint32_t i = 0; i < size; ++i) {
      lows += sample[i] == bracket[0] ? 1 : 0;
      highs += sample[i] == bracket[1] ? 1 : 0;
    }
    return size >= 32 && lows + highs <= size / 64;
  }

  // A class away; low and high of find() never leave it at the ends of the type.
  S next(S s) const { return keys_.canonical(static_cast<S>(keys_.above(s) + 1)); }
  S previous(S s) const { return keys_.canonical(static_cast<S>(keys_.at_least(s) - 1)); }

  static Cut<S> bisect(const S* values, std::uint32_t count, std::uint32_t k) {
    const Bound<S> bound = select_bound<V>(values, count, k, 0);
    std::uint32_t equal = 0;
    for (std::uint32_t i = 0; i < count; ++i) equal += values[i] == bound.value ? 1U : 0U;
    return {bound.value, bound.reached - equal, equal};
  }

  template <class From>
  std::uint32_t take_sample(From from, std::uint32_t count, S* sample) const {
    const std::uint32_t lines = (count > 32 * kBisect ? kMostSample : kMostSample / 4) / kLine;
    const std::uint32_t stratum = count / lines;
    for (std::uint32_t line = 0; line < lines; ++line) {
      const std::uint32_t jitter = (line * 0x9E3779B1U >> 8) % (stratum - kLine + 1);
      std::memcpy(sample + line * kLine, from.data + static_cast<std::size_t>(line) * stratum + jitter,
                  kLine * sizeof(S));
    }
    if constexpr (From::kRaw) to_canonical(sample, lines * kLine);
    return lines * kLine;
  }

  // Two values from low to high around the cut, where `part` of what lies there is better than it. From the sample, and
  // the wider the more often that missed; without one, or when that would be all from low to high, the quarters of what
  // is left.
  void choose_bracket(const S* sample, std::uint32_t size, S low, S high, double part, double width,
                      S (&bracket)[2]) const {
    const double middle = part * size, spread = __builtin_sqrt(middle * (1 - part)), reach = width * spread;
    if (size < 32 || reach > size) {
      S probes[3];
      quarter(low, high, probes);
      bracket[0] = keys_.canonical(probes[0]);
      bracket[1] = keys_.canonical(probes[2]);
      return;
    }
    const auto slack = static_cast<std::uint32_t>(spread / 3);
    const auto from_top = static_cast<std::int64_t>(middle - reach) - 1 - slack;
    const auto from_bottom = static_cast<std::int64_t>(middle + reach) + 2;
    bracket[1] = from_top < 1 ? high : select_bound<V>(sample, size, static_cast<std::uint32_t>(from_top), slack).value;
    bracket[0] =
        from_bottom > size ? low : select_bound<V>(sample, size, static_cast<std::uint32_t>(from_bottom), slack).value;
  }

  struct Pass {
    std::uint32_t from_low, above_low, from_high, above_high;  // how many are at least, or better than, the ends
    bool kept;                                                 // what lies between is in the room
  };

  // kClasses: counts what equals the ends, and keeps what lies between them. Else from_low and from_high only, and keeps
  // the low end's equals too.
  template <bool kClasses, class From>
  Pass look(From from, std::uint32_t count, const S (&bracket)[2], S* kept) const {
    const auto t0 = V::Set(keys_.at_least(bracket[0])), t1 = V::Set(keys_.above(bracket[0]));
    const auto t2 = V::Set(keys_.at_least(bracket[1])), t3 = V::Set(keys_.above(bracket[1]));
    const Lens lens = lens_;  // a copy, as in scan.hpp
    constexpr std::uint32_t kVectors = kBlock / V::kLanes;
    const std::uint32_t most = inside_of(count);
    Pass pass{0, 0, 0, 0, true};
    std::uint32_t inside = 0;
    std::uint32_t* place = places_;
    const auto fetch = [&] {
      const auto found = static_cast<std::uint32_t>(place - places_);
      place = places_;
      if (inside + found > most) pass.kept = false;
      if (!pass.kept) return;
      for (std::uint32_t i = 0; i < found; ++i) kept[inside + i] = static_cast<S>(from.data[places_[i]]);
      inside += found;
    };
    for (std::uint32_t at = 0; at < count; at += kBlock) {
      const std::uint32_t left = count - at;
      typename V::Mask m0[kVectors], m1[kVectors], m2[kVectors], m3[kVectors];
      const auto compare = [&](std::uint32_t i, typename V::Reg v) {
        m0[i] = V::Ge(v, t0);
        m2[i] = V::Ge(v, t2);
        if constexpr (kClasses) {
          m1[i] = V::Gt(v, t1);
          m3[i] = V::Gt(v, t3);
        }
      };
      std::uint64_t valid = ~std::uint64_t{0};
      if (left >= kBlock) {
#pragma GCC unroll 16
        for (std::uint32_t i = 0; i < kVectors; ++i) compare(i, load(lens, from, at + i * V::kLanes));
      } else {
        valid = (std::uint64_t{1} << left) - 1;
        for (std::uint32_t i = 0; i < kVectors; ++i) {
          const std::uint32_t done = lesser(left, i * V::kLanes);
          compare(i, load(lens, from, at + done, left - done));
        }
      }
      const std::uint64_t b0 = V::Join(m0) & valid, b2 = V::Join(m2) & valid;
      pass.from_low += static_cast<std::uint32_t>(count_bits(b0));
      pass.from_high += static_cast<std::uint32_t>(count_bits(b2));
      std::uint64_t between = b0 & ~b2;
      if constexpr (kClasses) {
        const std::uint64_t b1 = V::Join(m1) & valid;
        pass.above_low += static_cast<std::uint32_t>(count_bits(b1));
        pass.above_high += static_cast<std::uint32_t>(count_bits(V::Join(m3) & valid));
        between = b1 & ~b2;
      }
      place = V::Emit(between, at, place);
      if (place - places_ > kGather) fetch();
    }
    fetch();
    return pass;
  }

  typename V::Lens lens_;
  SortableKeys<S> keys_;
  S* room_;
  std::uint32_t* places_;
};

}  // namespace
}  // namespace topkit::cpu
