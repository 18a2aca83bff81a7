// A long row with few winners: every so many-th burst of it is looked at first, and a rank of that sample that the k-th
// best very likely reaches bounds one pass. Parts of chunks that have an element from the bound on are flagged at the speed
// of the loads, without a branch, then only those are looked at closely, while they are in the cache. Of the sample the maxima
// of chunks are kept, so that no element is read twice without need.
//
// (Floyd and Rivest, "Expected time bounds for selection", 1975, is the idea.)
#pragma once

#include "bound.hpp"

namespace topkit::cpu {
namespace {

// Appends base + i for every set bit i, ascending, where there are seldom more than two; may scribble two places further.
inline std::uint32_t* emit_few(std::uint64_t bits, std::uint32_t base, std::uint32_t* out) {
  constexpr std::uint64_t kTop = std::uint64_t{1} << 63;
  const auto lowest = [](std::uint64_t b) { return static_cast<std::uint32_t>(__builtin_ctzll(b | kTop)); };
  const auto count = static_cast<std::uint32_t>(count_bits(bits));
  out[0] = base + lowest(bits);
  bits &= bits - 1;
  out[1] = base + lowest(bits);
  std::uint32_t* rest = out + 2;
  for (bits &= bits - 1; bits != 0; bits &= bits - 1) [[unlikely]]* rest++ = base + lowest(bits);
  return out + count;
}

template <class V>
class Sparse {
 public:
  using Raw = typename V::Raw;
  using S = typename V::S;
  using Sorted = typename V::Sorted;

  Sparse(const Job& job, Carver& carver)
      : lens_(job.sortable),
        keys_(job.sortable),
        maxima_(carver.take<S>(most_sampled(job) * V::kLanes)),
        groups_(carver.take<S>(4 * kMostK)),
        flags_(carver.take<std::uint8_t>(kSectionBursts)),
        hits_(carver.take<std::uint32_t>(kSection / kPart + kSlack)) {}

  // Few winners, many chunks: most of them have none.
  static bool fits(const Row& row) {
    return row.k <= kMostK && row.cols >= 4 * kChunk * kBurst &&
           row.cols >= 3 * kChunk * static_cast<std::uint64_t>(row.k);
  }

  // A value that k elements of the row reach very likely, and not many more.
  S likely_bound(const Row& row) {
    begin(row);
    step_ = step_of(row.cols, row.k);
    const double expected = static_cast<double>(row.k) / step_;
    const auto rank = static_cast<std::uint32_t>(expected + kDeviations * __builtin_sqrt(expected) + 1);
    // The maxima of groups are as good as all elements while the groups are many times the rank.
    const std::uint32_t places = round_up(4 * rank, kBlock);
    const auto sampled_bound = [&](Look looks) {
      for (std::uint32_t i = 0; i < places; i += V::kLanes) V::Store(groups_ + i, V::Worst());
      dispatch<V>(looks, [&](auto look) { sample<look.value>(places); });
      for (std::uint32_t i = 0; i < places; i += V::kLanes)
        Sorted::Store(groups_ + i, V::ToSorted(lens_, V::LoadStored(groups_ + i)));
      return bound<Sorted>(groups_, places, rank).low;
    };
    const Look look = best_look<V>();
    const S likely = sampled_bound(look);
    return look == Look::raw && likely < keys_.high_zero ? sampled_bound(Look::mapped) : likely;
  }

  // Without a sample.
  void begin(const Row& row) {
    data_ = static_cast<const Raw*>(row.data);
    cols_ = row.cols;
    // Loads that cross lines take twice as long, so what is before the first line is looked at apart.
    const auto past = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(data_) % 64 / sizeof(Raw));
    head_ = past == 0 ? 0 : lesser<std::uint32_t>(64 / sizeof(Raw) - past, row.cols);
    bursts_ = (cols_ - head_) / (kBurst * kChunk);
    step_ = 0;
  }

  // Writes the positions from `at` on of all elements that W (V, or its integers) compares to be at least t, ascending;
  // `least` is t as a sortable value. Goes up to the end of the row, or stops where the end of what it has written is beyond
  // `full`, and sets `at` to where it came to; there is room for kBlock + kSlack places behind `full`. Returns that end.
  template <class W>
  std::uint32_t* collect(const typename W::Lens& lens, typename W::Reg t, S least, std::uint32_t& at,
                         const std::uint32_t* const full, std::uint32_t* next) const {
    const Look looks = best_look<W>() == Look::raw && least < keys_.high_zero ? Look::mapped : best_look<W>();
    const auto reaches = [t](typename W::Reg v) { return W::Ge(v, t); };
    const Raw* const data = data_;
    const auto blocks = [&](std::uint32_t until) {
      while (at < until && next <= full) {
        const std::uint32_t left = until - at;
        next = V::Emit(next_block_bits<W>(lens, data + at, left, reaches), at, next);
        at += lesser(left, kBlock);
      }
    };
    blocks(head_);
    std::uint32_t burst = lesser((at - lesser(at, head_) + kBurst * kChunk - 1) / (kBurst * kChunk), bursts_);
    blocks(head_ + burst * kBurst * kChunk);  // of a burst that is begun, the rest
    for (; burst < bursts_ && next <= full; burst += kSectionBursts) {
      const std::uint32_t end = lesser(burst + kSectionBursts, bursts_);
      next = dispatch<W>(looks,
                         [&](auto look) { return section<W, look.value>(lens, t, least, burst, end, at, full, next); });
    }
    blocks(cols_);
    return next;
  }

 private:
  static constexpr std::uint32_t kChunk = greater<std::uint32_t>(8 * V::kLanes, kBlock);  // elements
  static constexpr std::uint32_t kVectors = kChunk / V::kLanes;
  static constexpr std::uint32_t kPart = greater<std::uint32_t>(kChunk / 2, kBlock), kParts = kChunk / kPart;
  static constexpr std::uint32_t kBurst = 8 / kParts;  // chunks of one place: their parts' flags are a byte
  static constexpr std::uint32_t kStreams = 4;  // lines of so many pages are fetched at once from rows beyond a section
  static constexpr std::uint32_t kSection = 65536, kSectionBursts = kSection / (kBurst * kChunk);
  static constexpr std::uint32_t kMostK = 2048;
  static constexpr std::uint32_t kLeastStep = 2;
  static constexpr double kDeviations = 2.5;  // by which fewer of the k best are in the sample than expected
  static constexpr double kPrice = 5e5;       // the cube of a candidate's price in elements of the sample, doubled

  // About k + kDeviations * sqrt(k * step) elements reach the bound of a sample: with a price for each of them, and one
  // for looking at a part of the row first, the best step is as the cube root of cols^2 / k.
  static std::uint32_t step_of(std::int64_t columns, std::int64_t k) {
    const double cols = static_cast<double>(columns), want = cols * cols / (kPrice * static_cast<double>(k));
    std::uint32_t step = kLeastStep;
    while (static_cast<double>(step) * step * step < want) step += step / 8 + 1;
    return step;
  }
  // Chunks of any row's sample: the size of the sample grows with cols and with k.
  static std::size_t most_sampled(const Job& job) {
    const std::uint32_t step = step_of(job.max_cols, lesser<std::int64_t>(job.max_k, kMostK));
    return static_cast<std::size_t>(job.max_cols) / kChunk / greater((step - 1) * 8 / 9, kLeastStep) + 2 * kBurst;
  }

  // How a loop looks at elements. Floats that nothing flips are plain: they can be compared where they lie. Of narrow floats,
  // which no vector compares, raw bits are compared as signed numbers: from +0 on, larger ones are better, and so are NaN, of
  // which the negative ones are told by the same bits as unsigned ones.
  enum class Look { mapped, plain, raw };

  template <class W>
  Look best_look() const {
    if constexpr (W::kFloat) return lens_.is_plain ? Look::plain : Look::mapped;
    return V::kFloat || keys_.add >= 0 ? Look::mapped : Look::raw;
  }
  template <class W, class Body>
  static auto dispatch(Look look, const Body& body) {
    constexpr Look kOther = W::kFloat ? Look::plain : Look::raw;
    if constexpr (W::kFloat == V::kFloat)
      if (look == kOther) return body(std::integral_constant<Look, kOther>());
    return body(std::integral_constant<Look, Look::mapped>());
  }
  template <class W, Look kLook>
  static typename W::Reg load(const typename W::Lens& lens, const Raw* p) {
    if constexpr (kLook == Look::plain)
      return W::LoadStored(reinterpret_cast<const S*>(p));
    else
      return W::Load(lens, p);
  }

  static constexpr bool kMasked = requires(typename Sorted::Mask m, typename Sorted::Reg r) {
    Sorted::AndAtMostBits(m, r, r);
  };

  // The largest raw bits of kCount vectors, as signed and as unsigned numbers.
  template <std::uint32_t kCount>
  struct Largest {
    typename Sorted::Reg number = Sorted::Worst(), bits = Sorted::Set(0);
    explicit Largest(const Raw* p) {
#pragma GCC unroll 16
      for (std::uint32_t i = 0; i < kCount; ++i) {
        const auto raw = Sorted::LoadSorted(reinterpret_cast<const S*>(p + i * V::kLanes));
        number = Sorted::Max(number, raw);
        bits = Sorted::MaxBits(bits, raw);
      }
    }
  };
  // Of raw looks: the worst number. Above its raw bits there are only NaN.
  S worst_bits() const { return static_cast<S>(keys_.to_raw(std::numeric_limits<S>::min())); }

  // The lane maxima of every step_-th burst's chunks, those of all of them in groups. A chunk with NaN has NaN for maxima.
  // Raw looks make less of negative maxima than they are.
  template <Look kLook>
  void sample(std::uint32_t places) {
    const typename V::Lens lens = lens_;
    S *out = maxima_, *group = groups_, *const begin = groups_, *const end = groups_ + places;
    const std::size_t apart = static_cast<std::size_t>(step_) * kBurst * kChunk;
    const Raw *p = data_ + head_, *const last = p + static_cast<std::size_t>(bursts_) * kBurst * kChunk;
    [[maybe_unused]] const typename V::Reg top = V::Best();
    [[maybe_unused]] const typename Sorted::Reg worst = Sorted::Set(worst_bits());
    for (; p < last; p += apart) {
#pragma GCC unroll 4
      for (std::uint32_t c = 0; c < kBurst; ++c, out += V::kLanes) {
        const Raw* const q = p + c * kChunk;
        typename V::Reg even = V::Worst(), odd = even;
        if constexpr (kLook == Look::raw && kMasked) {
          auto number = Sorted::Worst();
          auto numbers = Sorted::First(V::kLanes);
#pragma GCC unroll 16
          for (std::uint32_t i = 0; i < kVectors; ++i) {
            const auto raw = Sorted::LoadSorted(reinterpret_cast<const S*>(q + i * V::kLanes));
            number = Sorted::Max(number, raw);
            numbers = Sorted::AndAtMostBits(numbers, raw, worst);
          }
          even = lens(number);
          V::Store(out, even);
          if (!Sorted::All(numbers)) [[unlikely]]
            V::Store(out, top);
        } else if constexpr (kLook == Look::raw) {
          const Largest<kVectors> largest(q);
          even = lens(largest.number);
          V::Store(out, even);
          if (Sorted::Any(Sorted::GtBits(largest.bits, worst))) [[unlikely]]
            V::Store(out, top);
        } else {
          [[maybe_unused]] typename V::Mask below = Sorted::First(V::kLanes), under = below;
#pragma GCC unroll 16
          for (std::uint32_t i = 0; i < kVectors; i += 2) {
            const auto a = load<V, kLook>(lens, q + i * V::kLanes), b = load<V, kLook>(lens, q + (i + 1) * V::kLanes);
            even = V::Max(a, even);
            odd = V::Max(b, odd);
            if constexpr (V::kFloat) {
              below = V::AndLess(below, a, top);
              under = V::AndLess(under, b, top);
            }
          }
          even = V::Max(odd, even);
          V::Store(out, even);
          if constexpr (V::kFloat)
            if (!Sorted::All(Sorted::And(below, under))) [[unlikely]]
              V::Store(out, V::Nan());
        }
        V::Store(group, V::Max(even, V::LoadStored(group)));
        group += V::kLanes;
        group = group == end ? begin : group;
      }
    }
  }

  // What flag() compares with.
  template <class W>
  struct Bar {
    typename W::Reg t;
    typename Sorted::Reg number, bits;  // of raw looks
  };

  // Some element of the kPart from p on reaches the bar.
  template <class W, Look kLook>
  static bool any(const typename W::Lens& lens, const Bar<W>& bar, const Raw* p) {
    constexpr std::uint32_t kCount = kPart / V::kLanes;
    if constexpr (kLook == Look::raw && kMasked) {
      auto even = Sorted::First(W::kLanes), odd = even;
      auto bits = Sorted::Set(0);
#pragma GCC unroll 16
      for (std::uint32_t i = 0; i < kCount; i += 2) {
        const auto a = Sorted::LoadSorted(reinterpret_cast<const S*>(p + i * V::kLanes));
        const auto b = Sorted::LoadSorted(reinterpret_cast<const S*>(p + (i + 1) * V::kLanes));
        even = Sorted::AndLess(even, a, bar.number);
        odd = Sorted::AndLess(odd, b, bar.number);
        bits = Sorted::MaxBits(Sorted::MaxBits(bits, a), b);
      }
      return !Sorted::All(Sorted::And(Sorted::AndAtMostBits(even, bits, bar.bits), odd));
    } else if constexpr (kLook == Look::raw) {
      const Largest<kCount> largest(p);
      return Sorted::Any(Sorted::Or(Sorted::Ge(largest.number, bar.number), Sorted::GtBits(largest.bits, bar.bits)));
    } else {
      typename W::Mask even = Sorted::First(W::kLanes), odd = even;
#pragma GCC unroll 16
      for (std::uint32_t i = 0; i < kCount; i += 2) {
        even = W::AndLess(even, load<W, kLook>(lens, p + i * W::kLanes), bar.t);
        odd = W::AndLess(odd, load<W, kLook>(lens, p + (i + 1) * W::kLanes), bar.t);
      }
      return !Sorted::All(Sorted::And(even, odd));
    }
  }

  // The elements of a vector that reach the bar.
  template <class W, Look kLook>
  static typename W::Mask reaching(const typename W::Lens& lens, const Bar<W>& bar, const Raw* p) {
    if constexpr (kLook == Look::raw) {
      const auto raw = Sorted::LoadSorted(reinterpret_cast<const S*>(p));
      return Sorted::Or(Sorted::Ge(raw, bar.number), Sorted::GtBits(raw, bar.bits));
    } else {
      return W::Ge(load<W, kLook>(lens, p), bar.t);
    }
  }

  template <class W, Look kLook>
  std::uint32_t* emit_part(const typename W::Lens& lens, const Bar<W>& bar, std::uint32_t part, std::uint32_t& at,
                           const std::uint32_t* full, std::uint32_t* out) const {
    const Raw* const p = data_ + part;
#pragma GCC unroll 8
    for (std::uint32_t b = 0; b < kPart; b += kBlock) {
      typename W::Mask masks[kBlock / W::kLanes];
#pragma GCC unroll 16
      for (std::uint32_t i = 0; i < kBlock / W::kLanes; ++i)
        masks[i] = reaching<W, kLook>(lens, bar, p + b + i * W::kLanes);
      out = emit_few(V::Join(masks), part + b, out);
      if (out > full) [[unlikely]] {
        at = part + b + kBlock;
        break;
      }
    }
    return out;
  }

  // What collect() does with bursts [first, end).
  template <class W, Look kLook>
  std::uint32_t* section(const typename W::Lens& lens, typename W::Reg t, S least, std::uint32_t first,
                         std::uint32_t end, std::uint32_t& at, const std::uint32_t* full, std::uint32_t* out) const {
    const Bar<W> bar{t, Sorted::Set(static_cast<S>(keys_.to_raw(least))), Sorted::Set(worst_bits())};
    flag<W, kLook>(lens, bar, first, end);
    std::uint32_t* last = hits_;
    for (std::uint32_t b = 0; b < end - first; b += 8) {
      std::uint64_t bits;
      std::memcpy(&bits, flags_ + b, sizeof(bits));
      last = V::Emit(bits, b * 8, last);
    }
    const std::uint32_t begin = head_ + first * kBurst * kChunk;
    at = head_ + end * kBurst * kChunk;
    for (const std::uint32_t* hit = hits_; hit < last && out <= full; ++hit)
      out = emit_part<W, kLook>(lens, bar, begin + *hit * kPart, at, full, out);
    return out;
  }

  // Sets a flag for each of the parts of bursts [first, end) that may have an element that reaches the bar. Flags are kept
  // apart from the list of the parts, whose stores would have to wait for their addresses.
  template <class W, Look kLook>
  void flag(const typename W::Lens lens, const Bar<W> bar, std::uint32_t first, std::uint32_t end) const {
    constexpr bool kKnows = std::is_same_v<V, W>;  // the maxima of the sample
    const std::uint32_t step = kKnows && step_ != 0 ? step_ : ~0U, streams = cols_ > kSection ? kStreams : 1;
    const std::uint32_t stretch = (end - first) / streams;
    const Raw* const data = data_ + head_;
    const S* const maxima = maxima_;
    std::uint8_t* const flags = flags_;
    std::uint32_t turn[kStreams], sampled[kStreams];
    for (std::uint32_t s = 0; s < streams; ++s) {
      const std::uint32_t burst = first + s * stretch;
      sampled[s] = step == ~0U ? 0 : (burst + step - 1) / step;  // the sample's next burst
      turn[s] = sampled[s] * step;
    }
    const auto look_at = [&](std::uint32_t s, std::uint32_t burst) {
      std::uint32_t found = 0;
      if (kKnows && step != ~0U && burst == turn[s]) {
        if constexpr (kKnows) {
          const S* const best = maxima + static_cast<std::size_t>(sampled[s]) * kBurst * V::kLanes;
#pragma GCC unroll 8
          for (std::uint32_t c = 0; c < kBurst; ++c) {
            const auto below = V::AndLess(Sorted::First(V::kLanes), V::LoadStored(best + c * V::kLanes), bar.t);
            found |= (Sorted::All(below) ? 0U : (1U << kParts) - 1) << (c * kParts);
          }
        }
        ++sampled[s];
        turn[s] += step;
      } else {
        const Raw* const p = data + static_cast<std::size_t>(burst) * kBurst * kChunk;
#pragma GCC unroll 8
        for (std::uint32_t part = 0; part < 8; ++part)
          found |= (any<W, kLook>(lens, bar, p + part * kPart) ? 1U : 0U) << part;
      }
      flags[burst - first] = static_cast<std::uint8_t>(found);
    };
    for (std::uint32_t i = 0; i < stretch; ++i)
      for (std::uint32_t s = 0; s < streams; ++s) look_at(s, first + s * stretch + i);
    for (std::uint32_t burst = first + streams * stretch; burst < end; ++burst) look_at(streams - 1, burst);
    for (std::uint32_t b = end - first; b % 8 != 0; ++b) flags[b] = 0;
  }

  typename V::Lens lens_;
  SortableKeys<S> keys_;
  S *maxima_, *groups_;
  std::uint8_t* flags_;  // by burst of a section
  std::uint32_t* hits_;

  // Of the row at hand.
  const Raw* data_ = nullptr;
  std::uint32_t cols_ = 0, head_ = 0, bursts_ = 0;
  std::uint32_t step_ = 0;  // between bursts of the sample; 0: there is none
};

}  // namespace
}  // namespace topkit::cpu
