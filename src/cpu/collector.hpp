// One pass over a row with a rising bound: what the blocked and the sampled algorithm share.
//
// Invariant: an element that was passed over is worse than k elements of the row that are held, or below the bound that
// the pass began with. Every other element seen so far is held, ascending by position.
//   Strict after k: once k elements are held, an equal later one loses by its index, so the bound moves above the worst
//   of them. That turns all-equal data from the worst case into the best.
//   A flood (more elements reach the bound than there is room for) first makes the block's own group maxima a bound: at
//   least k elements of this block reach it, so no order of the data can make a block yield many more than k.
#pragma once

#include "chunks.hpp"
#include "finish.hpp"
#include "scan.hpp"
#include "select.hpp"
#include "sort.hpp"
#include "sparse.hpp"

namespace topkit::cpu {
namespace {

template <class V>
class Collector {
 public:
  using S = typename V::S;
  using Raw = typename V::Raw;
  using Sorted = typename V::Sorted;
  static constexpr std::uint32_t kLeastRatio = 4;  // rows must have at least so many times k columns

  Collector(const Job& job, Carver& carver)
      : job_(job),
        lens_(job.sortable),
        keys_(job.sortable),
        most_k_(static_cast<std::size_t>(lesser(job.max_k, job.max_cols / kLeastRatio + 1))),
        block_(block_elements(most_k_, static_cast<std::size_t>(job.max_cols))),
        capacity_(static_cast<std::uint32_t>(3 * most_k_ + 1024)),
        hits_(carver.take<Hit>(block_ / kBlock + 1)),
        maxima_(carver.take<S>(block_ + 2 * kBlock)),
        places_(carver.take<std::uint32_t>(capacity_ + kBlock + kSlack)),
        values_(carver.take<S>(capacity_ + 2 * kBlock)),
        kept_masks_(carver.take<std::uint64_t>(capacity_ / kBlock + 2)),
        kept_places_(carver.take<std::uint32_t>(capacity_ + kBlock + kSlack)),
        sort_scratch_(carver.take<std::byte>(BestFirst<Sorted>::scratch_bytes(most_k_ + most_k_ / kSpareRatio))),
        finish_(job, Finish<V>::kFew, carver),
        sparse_(job, carver) {}

  // Starts a row. Elements below `bound` are not looked for.
  void start(const Row& row, S bound) {
    row_ = &row;
    data_ = static_cast<const Raw*>(row.data);
    held_ = valued_ = 0;
    first_bound_ = bound_ = keys_.at_least(bound);
    closed_ = false;
  }

  // A bound that at least k elements of [at, at + n) reach: the k-th of their group maxima.
  S maxima_bound(std::uint32_t at, std::uint32_t n) const {
    const std::uint32_t k = row_->k;
    const std::uint32_t runs = lesser<std::uint32_t>(greater<std::uint32_t>(n / (4 * greater(k, 16U)), 1), 32);
    const std::uint32_t groups = group_maxima<V>(lens_, data_ + at, n, runs, maxima_);
    if (groups < k) return std::numeric_limits<S>::min();
    return select_bound<Sorted>(maxima_, groups, k, k / 8).value;
  }

  // Of what begins with column `at`.
  void scan(std::uint32_t at = 0) {
    const std::uint32_t cols = row_->cols;
    for (; at < cols && !closed_; at += block_) {
      scan_block(at, lesser(block_, cols - at));
      fetch_values();  // while they are in the cache
    }
  }

  // A bound for start() that at least k elements very likely reach, and few more; then scan_few(true) may follow.
  S likely_bound(const Row& row) { return sparse_.likely_bound(row); }

  // scan() where few elements are expected to reach the bound. When they are many after all, those that are held say how
  // far it can rise, and what is behind them is looked at from there on; what stays many is left to scan().
  void scan_few(bool sampled) {
    if (!Sparse<V>::fits(*row_)) return scan();
    if (!sampled) sparse_.begin(*row_);
    const std::uint32_t* const full = places_ + capacity_;
    std::uint32_t at = 0;
    for (int flood = 0; flood < kFloods; ++flood) {
      std::uint32_t* end = places_ + held_;
      bool floats = V::kFloat && flood + 1 < kFloods;  // then NaN that are no winners are what does not end
      if constexpr (V::kFloat) {
        floats = floats && bound_ < keys_.top_nan;
        if (floats) end = sparse_.template collect<V>(lens_, V::Threshold(lens_, keys_, bound_), bound_, at, full, end);
      }
      if (!floats) end = sparse_.template collect<Sorted>(lens_sorted(), Sorted::Set(bound_), bound_, at, full, end);
      held_ = static_cast<std::uint32_t>(end - places_);
      if (held_ <= capacity_) return;
      compact();
      if (closed_) return;
    }
    scan(at);
  }

  // start(), scan() and complete() with the bound and the hits of `chunks`, which fit the row.
  void scan_chunks(const Row& row, Chunks<V>& chunks) {
    const S bound = chunks.look(row);
    start(row, bound);
    const bool nan = V::kFloat && bound_ >= keys_.top_nan;  // floats cannot tell inf from NaN
    if constexpr (V::kFloat) {
      if (nan) held_ = chunks.template collect<Sorted>(lens_.sorted, Sorted::Set(bound_), bound_, capacity_, places_);
    }
    if (!nan) held_ = chunks.template collect<V>(lens_, V::Threshold(lens_, keys_, bound_), bound_, capacity_, places_);
    if (held_ > capacity_) {  // ties, or NaN
      start(row, bound);
      scan();
      complete();
    }
  }

  // False: fewer than k elements reach the bound that the pass began with, and nothing is known of the others.
  bool complete() {
    fetch_values();
    if (held_ < row_->k) return false;
    if (first_bound_ == std::numeric_limits<S>::min()) return true;
    std::uint32_t counts[3];
    const S probe = keys_.canonical(first_bound_);
    count_at_least<Sorted>(values_, held_, {probe, probe, probe}, counts);
    return counts[0] >= row_->k;
  }

  // complete() and write(); `last` is set to what write() returns. False: what was written, if anything, is void.
  bool finish(S& last) {
    found_ = held_;
    if (held_ < row_->k) return false;
    if (job_.order == Order::value && held_ <= Finish<V>::kFew) {
      last = rank(held_);
      return last >= keys_.canonical(first_bound_);  // NaN, which a float V always keeps, stood in for numbers
    }
    if (!complete()) return false;
    last = write();
    return true;
  }
  // How many elements finish() chose from.
  std::uint32_t found() const { return found_; }

  // After complete() or scan_chunks(): writes the k best of what is held; returns a sortable value near the last of them.
  S write() {
    const std::uint32_t k = row_->k;
    if (job_.order == Order::value && held_ <= Finish<V>::kFew) return rank(held_);
    fetch_values();
    S last = first_bound_;
    // A network orders a few more in less time than it takes to part them from the others.
    const bool sorts_all =
        job_.order == Order::value && k > Finish<V>::kFew && held_ <= kMostSorted && held_ <= k + k / kSpareRatio;
    if (held_ > k && !sorts_all) last = keep_best();
    if (job_.order == Order::value) {
      if (k <= Finish<V>::kFew) return rank(k);
      BestFirst<Sorted>::sort(keys_, data_, values_, places_, held_, sort_scratch_);
      last = keys_.canonical(values_[k - 1]);
      held_ = valued_ = k;
    }
    write_held();
    return last;
  }

  std::uint32_t block() const { return block_; }
  const typename V::Lens& lens() const { return lens_; }
  const SortableKeys<S>& keys() const { return keys_; }

 private:
  static constexpr std::uint32_t kBurst = 8 * kBlock, kDenseRatio = 2 * kBlock;
  static constexpr int kFloods = 3;
  static constexpr std::uint32_t kSpareRatio = 6, kMostSorted = 4096;

  struct Hit {
    std::uint64_t bits;
    std::uint32_t at;
  };

  // Many times k, so that the k or so that a block may yield are few in it.
  static std::uint32_t block_elements(std::size_t k, std::size_t cols) {
    const std::size_t elements = greater<std::size_t>(16 * k, 32768);
    return static_cast<std::uint32_t>(round_up<std::size_t>(lesser(elements, cols), kBlock));
  }

  // The 64-element blocks of [at, at + n) with elements that reach the bound; no branch depends on the data.
  std::uint32_t list_hits(std::uint32_t at, std::uint32_t n) {
    if constexpr (V::kFloat)
      if (bound_ >= keys_.top_nan) return list_hits_of<Sorted>(lens_.sorted, at, n);  // floats cannot tell inf from NaN
    return list_hits_of<V>(lens_, at, n);
  }

  template <class W>
  std::uint32_t list_hits_of(const typename W::Lens lens, std::uint32_t at, std::uint32_t n) {
    const typename W::Reg bound = W::Threshold(lens, keys_, bound_);
    const auto reaches = [bound](typename W::Reg v) { return W::Ge(v, bound); };
    const Raw* const data = data_;
    Hit* hit = hits_;
    std::uint32_t i = 0;
    for (; i + kBlock <= n; i += kBlock) {
      const std::uint64_t bits = block_bits<W>(lens, data + at + i, reaches);
      hit->bits = bits;
      hit->at = at + i;
      hit += bits != 0 ? 1 : 0;
    }
    if (i < n) {
      const std::uint64_t bits = block_bits<W>(lens, data_ + at + i, n - i, reaches);
      hit->bits = bits;
      hit->at = at + i;
      hit += bits != 0 ? 1 : 0;
    }
    return static_cast<std::uint32_t>(hit - hits_);
  }

  // Where most blocks have a hit, a list of hits saves nothing: positions at once, while there surely is room. Returns how
  // far it came.
  std::uint32_t emit(std::uint32_t at, std::uint32_t end) {
    if constexpr (V::kFloat)
      if (bound_ >= keys_.top_nan) return at;
    const typename V::Lens lens = lens_;
    const typename V::Reg bound = V::Threshold(lens, keys_, bound_);
    const Raw* const data = data_;
    std::uint32_t* out = places_ + held_;
    const std::uint32_t* const full = places_ + capacity_ - kBurst;
    for (; at + kBurst <= end && out <= full; at += kBurst)
      for (std::uint32_t i = at; i < at + kBurst; i += kBlock)
        out = V::Emit(block_bits<V>(lens, data + i, [bound](typename V::Reg v) { return V::Ge(v, bound); }), i, out);
    held_ = static_cast<std::uint32_t>(out - places_);
    return at;
  }

  void scan_block(std::uint32_t at, std::uint32_t n) {
    const std::uint32_t end = at + n;
    if (row_->k >= row_->cols / kDenseRatio && (at = emit(at, end)) == end) return;
    n = end - at;
    std::uint32_t hits = list_hits(at, n);
    bool tried = false;
    std::uint32_t reaching = 0;
    for (std::uint32_t h = 0; h < hits; ++h) reaching += static_cast<std::uint32_t>(count_bits(hits_[h].bits));
    if (reaching > greater(4 * row_->k, 256U) && n >= 4 * row_->k) {
      tried = true;
      const S before = bound_;
      raise(maxima_bound(at, n));
      if (bound_ > before) hits = list_hits(at, n);
    }
    for (std::uint32_t h = 0; h < hits; ++h) {
      if (held_ + kBlock > capacity_) [[unlikely]] {
        const std::uint32_t from = hits_[h].at;
        const S before = bound_;
        compact();
        if (closed_) return;
        if (!tried && end - from >= 4 * row_->k) {
          tried = true;
          raise(maxima_bound(from, end - from));
        }
        if (bound_ > before) {
          hits = list_hits(from, end - from);
          h = 0;
          if (hits == 0) return;
        }
      }
      std::uint32_t* const last = V::Emit(hits_[h].bits, hits_[h].at, places_ + held_);
      held_ = static_cast<std::uint32_t>(last - places_);
    }
  }

  // Winners and values as they are held. The values are those of the row, but for a zero's sign and the bits of a NaN:
  // only those are read again, from a row that may have left the cache.
  void write_held() {
    Row row = *row_;
    if (row.values != nullptr && job_.value_stride == 1) {
      auto* const out = static_cast<Raw*>(row.values);
      const SortableKeys<S> keys = keys_;
      const S* const values = values_;
      std::uint32_t lossy = 0;
      for (std::uint32_t i = 0; i < row.k; ++i) {
        out[i] = keys.to_raw(values[i]);
        lossy |= static_cast<std::uint32_t>(values[i] == keys.high_zero) |
                 static_cast<std::uint32_t>(values[i] == keys.top_nan) |
                 static_cast<std::uint32_t>(values[i] == keys.low_nan);
      }
      if (lossy == 0) row.values = nullptr;
    }
    write_row<Sorted>(job_, row, places_);
  }

  S rank(std::uint32_t count) {
    const S last = finish_.choose(*row_, places_, count);
    finish_.write(*row_);
    return last;
  }

  void raise(S bound) { bound_ = greater(bound_, keys_.at_least(bound)); }

  void fetch_values() {
    const std::uint32_t from = valued_;
    for (std::uint32_t i = from; i < held_; ++i) values_[i] = static_cast<S>(data_[places_[i]]);
    for (std::uint32_t i = from; i < held_; i += Sorted::kLanes) {
      const auto s = Sorted::Load(lens_sorted(), reinterpret_cast<const Raw*>(values_ + i));
      Sorted::Store(values_ + i, canonical<Sorted>(keys_, s));
    }
    valued_ = held_;
  }
  const typename Sorted::Lens& lens_sorted() const {
    if constexpr (V::kFloat)
      return lens_.sorted;
    else
      return lens_;
  }

  void compact() {
    fetch_values();
    const S top = keys_.above(keep_best());
    if (top == std::numeric_limits<S>::max()) {
      closed_ = true;
    } else {
      bound_ = greater(bound_, keys_.at_least(static_cast<S>(top + 1)));
    }
  }

  // Keeps the k best of held_ > k places and their values, in order of position; returns the worst value kept.
  S keep_best() {
    const std::uint32_t k = row_->k;
    const Bound<S> bound = select_bound<Sorted>(values_, held_, k, 0);
    const auto at_bound = Sorted::Set(bound.value);
    std::uint32_t spare = bound.reached - k;  // elements equal to the bound that lose; the last ones
    constexpr std::uint32_t kVectors = kBlock / Sorted::kLanes;
    // From the end, so that the last equal ones are the ones that go: the masks first, then one pass forward.
    const std::uint32_t blocks = (held_ + kBlock - 1) / kBlock;
    std::uint64_t* const kept = kept_masks_;
    for (std::uint32_t b = blocks; b-- > 0;) {
      typename Sorted::Mask reach[kVectors], equal[kVectors];
#pragma GCC unroll 16
      for (std::uint32_t i = 0; i < kVectors; ++i) {
        const auto v = Sorted::LoadSorted(values_ + b * kBlock + i * Sorted::kLanes);
        reach[i] = Sorted::Ge(v, at_bound);
        equal[i] = Sorted::Eq(v, at_bound);
      }
      const std::uint32_t left = held_ - b * kBlock;
      const std::uint64_t valid = left >= kBlock ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
      std::uint64_t bits = Sorted::Join(reach) & valid;
      std::uint64_t ties = Sorted::Join(equal) & valid;
      if (spare != 0 && ties != 0) {
        if (static_cast<std::uint32_t>(count_bits(ties)) <= spare) {
          spare -= static_cast<std::uint32_t>(count_bits(ties));
          bits &= ~ties;
        } else {
          for (; spare != 0; --spare) {
            const std::uint64_t last = std::uint64_t{1} << (63 - __builtin_clzll(ties));
            bits &= ~last;
            ties &= ~last;
          }
        }
      }
      kept[b] = bits;
    }
    std::uint32_t* const last = [&] {
      std::uint32_t* out = kept_places_;
      for (std::uint32_t b = 0; b < blocks; ++b) out = V::Emit(kept[b], b * kBlock, out);
      return out;
    }();
    held_ = valued_ = static_cast<std::uint32_t>(last - kept_places_);
    for (std::uint32_t i = 0; i < held_; ++i) {  // forward: a place never moves up
      places_[i] = places_[kept_places_[i]];
      values_[i] = values_[kept_places_[i]];
    }
    return bound.value;
  }

  const Job& job_;
  typename V::Lens lens_;
  SortableKeys<S> keys_;
  std::size_t most_k_;
  std::uint32_t block_, capacity_;
  Hit* hits_;
  S* maxima_;
  std::uint32_t* places_;
  S* values_;
  std::uint64_t* kept_masks_;
  std::uint32_t* kept_places_;
  std::byte* sort_scratch_;
  Finish<V> finish_;
  Sparse<V> sparse_;

  const Row* row_ = nullptr;
  const Raw* data_ = nullptr;
  std::uint32_t found_ = 0;
  std::uint32_t held_ = 0, valued_ = 0;  // places, and how many of their values are there
  S bound_ = 0, first_bound_ = 0;
  bool closed_ = false;
};

}  // namespace
}  // namespace topkit::cpu
