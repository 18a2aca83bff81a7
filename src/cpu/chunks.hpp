// Long rows with few winners: one pass keeps the lane maxima of every chunk, and the maxima of groups of chunks. The k-th
// of the groups bounds the row's k-th best from below, and only chunks with a maximum from there on are looked at again.
//
// No guess and no order of the data can make it miss a winner; ascending data only make more chunks reach the bound, since
// neighbouring chunks belong to different groups.
#pragma once

#include "bound.hpp"

namespace topkit::cpu {
namespace {

template <class V>
class Chunks {
 public:
  using S = typename V::S;
  using Raw = typename V::Raw;
  using Sorted = typename V::Sorted;
  static constexpr std::uint32_t kLeastRatio = 64;  // columns a winner, at least

  Chunks(const Job& job, Carver& carver)
      : lens_(job.sortable),
        sorted_lens_(job.sortable),
        most_(most_chunks(job)),
        maxima_(carver.take<S>(static_cast<std::size_t>(most_) * V::kLanes)),
        groups_(carver.take<S>(group_count(static_cast<std::uint32_t>(job.max_k)) * V::kLanes + kBlock)),
        hits_(carver.take<std::uint32_t>(most_ + 1)) {}

  static bool fits(const Row& row) {
    return row.cols >= 8 * kBurst * V::kLanes && row.cols >= kLeastRatio * static_cast<std::uint64_t>(row.k);
  }

  // A sortable value that at least k elements of the row reach.
  S look(const Row& row) {
    data_ = static_cast<const Raw*>(row.data);
    cols_ = row.cols;
    // Loads that cross lines take twice as long: chunks begin with a line, what is before the first is looked at apart.
    const auto past = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(row.data) % 64 / sizeof(Raw));
    head_ = past == 0 ? 0 : 64 / static_cast<std::uint32_t>(sizeof(Raw)) - past;
    vectors_ = vectors_of(row.cols, row.k);
    while (row.cols / (vectors_ * V::kLanes) > most_) vectors_ *= 2;
    chunks_ = (cols_ - head_) / (vectors_ * V::kLanes);
    const std::uint32_t groups = group_count(row.k);
    for (std::uint32_t i = 0; i < round_up(groups * V::kLanes, kBlock); i += V::kLanes)
      Sorted::Store(groups_ + i, Sorted::Worst());
    stream(groups);
    return bound<Sorted>(groups_, round_up(groups * V::kLanes, kBlock), row.k).low;
  }

  // After look(): writes the positions of all elements that W compares to be at least t, ascending, where no element from
  // the key of `at_least` on is less than t. Stops early, with more than `limit`; `out` has room for
  // limit + kBlock + kSlack.
  template <class W>
  std::uint32_t collect(const typename W::Lens lens, typename W::Reg t, S at_least, std::uint32_t limit,
                        std::uint32_t* out) const {
    const std::uint32_t *const hits = hits_, *const last_hit = list_hits(at_least);
    const Raw* const data = data_;
    std::uint32_t *const begin = out, *const full = out + limit;
    const auto reaches = [t](typename W::Reg v) { return W::Ge(v, t); };
    const auto ends = [&](std::uint32_t at, std::uint32_t end) {
      for (; at < end && out <= full; at += kBlock) {
        const std::uint32_t left = end - at;
        const std::uint64_t bits = next_block_bits<W>(lens, data + at, left, reaches);
        out = V::Emit(bits, at, out);
      }
    };
    const std::uint32_t size = vectors_ * V::kLanes;
    ends(0, head_);
    for (const std::uint32_t* hit = hits; hit < last_hit; ++hit) {
      for (std::uint32_t at = *hit; at < *hit + size; at += kBlock) {
        out = V::Emit(block_bits<W>(lens, data + at, reaches), at, out);
        if (out > full) [[unlikely]]
          return static_cast<std::uint32_t>(out - begin);
      }
    }
    ends(head_ + chunks_ * size, cols_);
    return static_cast<std::uint32_t>(out - begin);
  }

 private:
  // So many vectors are read from one place before the next stream's turn; four streams fetch lines of four pages at once,
  // which one stream's prefetcher does not.
  static constexpr std::uint32_t kBurst = 32, kStreams = 4;
  static constexpr std::uint32_t kStep = 8;  // vectors looked at together
  static constexpr std::uint32_t kLeastVectors = greater(kStep, kBlock / V::kLanes), kMostVectors = 64;  // of a chunk

  static std::uint32_t group_count(std::uint32_t k) {  // odd: streams meet every group
    return greater<std::uint32_t>(4 * k / V::kLanes, 2) | 1;
  }

  // A longer chunk saves time for every chunk, a shorter one for every winner: their balance, a power of two.
  static std::uint32_t vectors_of(std::uint64_t cols, std::uint64_t k) {
    std::uint32_t vectors = kLeastVectors;
    while (vectors < kMostVectors && 2 * vectors * static_cast<std::uint64_t>(vectors) * 12 * k <= cols) vectors *= 2;
    return vectors;
  }
  static std::uint32_t most_chunks(const Job& job) {
    const auto cols = static_cast<std::uint64_t>(job.max_cols);
    return static_cast<std::uint32_t>(cols / (vectors_of(cols, static_cast<std::uint64_t>(job.max_k)) * V::kLanes)) + 1;
  }

  // Where the chunks begin that have a maximum from s on; returns the end of the list.
  std::uint32_t* list_hits(S s) const {
    const auto reach = Sorted::Set(s);
    const std::uint32_t size = vectors_ * V::kLanes, end = head_ + chunks_ * size;
    const S* best = maxima_;
    std::uint32_t* last = hits_;
    for (std::uint32_t at = head_; at < end; at += size, best += V::kLanes) {
      *last = at;
      last += Sorted::Any(Sorted::Ge(Sorted::LoadSorted(best), reach)) ? 1 : 0;
    }
    return last;
  }

  // The lane maxima of whole steps of vectors, as sortable values.
  static typename Sorted::Reg chunk_maxima(const typename V::Lens& lens, const typename Sorted::Lens& sorted_lens,
                                           const Raw* p, std::uint32_t vectors) {
    typename V::Reg best = V::Worst();
    [[maybe_unused]] typename V::Mask nan = Sorted::First(0);
    for (const Raw *q = p, *const end = p + vectors * V::kLanes; q < end; q += kStep * V::kLanes) {
      const auto load = [&](std::uint32_t i) { return V::Load(lens, q + i * V::kLanes); };
      const typename V::Reg a = load(0), b = load(1), c = load(2), d = load(3);
      const typename V::Reg e = load(4), f = load(5), g = load(6), h = load(7);
      if constexpr (V::kFloat) {
        const auto ab = V::Unordered(a, b), cd = V::Unordered(c, d), ef = V::Unordered(e, f), gh = V::Unordered(g, h);
        nan = Sorted::Or(nan, Sorted::Or(Sorted::Or(ab, cd), Sorted::Or(ef, gh)));
      }
      best = V::Max(V::Max(V::Max(V::Max(a, b), V::Max(c, d)), V::Max(V::Max(e, f), V::Max(g, h))), best);
    }
    if constexpr (V::kFloat) {
      if (Sorted::Any(nan)) [[unlikely]]
        return above_infinity(lens, exact_maxima(sorted_lens, p, vectors));
    }
    return V::ToSorted(lens, best);
  }
  // As ToSorted() has it, -inf counts for nothing: a bound of -inf would pass over the chunks of which nothing else is known.
  static typename Sorted::Reg above_infinity(const typename V::Lens& lens, typename Sorted::Reg best) {
    if constexpr (V::kFloat)
      return Sorted::If(Sorted::Gt(best, lens.worst), best, Sorted::Worst());
    else
      return best;
  }
  [[gnu::noinline]] static typename Sorted::Reg exact_maxima(const typename Sorted::Lens& lens, const Raw* p,
                                                             std::uint32_t vectors) {
    auto best = Sorted::Worst();
    for (std::uint32_t i = 0; i < vectors; ++i) best = Sorted::Max(best, Sorted::Load(lens, p + i * V::kLanes));
    return best;
  }

  // Maxima of all chunks, and of what is before the first and behind the last one. Everything is in local variables: a
  // store of a maximum might otherwise change any member.
  void stream(std::uint32_t groups) const {
    const typename V::Lens lens = lens_;
    const typename Sorted::Lens sorted_lens = sorted_lens_;
    S *const begin = groups_, *const end = groups_ + groups * V::kLanes;
    const std::uint32_t vectors = vectors_, size = vectors * V::kLanes;
    const std::uint32_t together = greater<std::uint32_t>(kBurst / vectors, 1);
    const std::uint32_t stretch = chunks_ / kStreams / together * together;
    const Raw* const first = data_ + head_;
    S *const maxima = maxima_, *group = begin;
    const auto note = [&](typename Sorted::Reg best) {
      Sorted::Store(group, Sorted::Max(best, Sorted::LoadSorted(group)));
      group += V::kLanes;
      group = group == end ? begin : group;
    };
    const auto look_at = [&](std::uint32_t chunk, std::uint32_t count) {
      const Raw* p = first + static_cast<std::size_t>(chunk) * size;
      S* out = maxima + static_cast<std::size_t>(chunk) * V::kLanes;
      for (std::uint32_t i = 0; i < count; ++i, p += size, out += V::kLanes) {
        const auto best = chunk_maxima(lens, sorted_lens, p, vectors);
        Sorted::Store(out, best);
        note(best);
      }
    };
    for (std::uint32_t c = 0; c < stretch; c += together)
      for (std::uint32_t s = 0; s < kStreams; ++s) look_at(s * stretch + c, together);
    look_at(kStreams * stretch, chunks_ - kStreams * stretch);
    auto best = Sorted::Worst();
    const auto ends = [&](std::uint32_t at, std::uint32_t until) {
      for (; at < until; at += V::kLanes)
        best = Sorted::Max(best, Sorted::LoadN(sorted_lens, data_ + at, lesser(until - at, V::kLanes)));
    };
    ends(0, head_);
    ends(head_ + chunks_ * size, cols_);
    note(above_infinity(lens, best));
  }

  typename V::Lens lens_;
  typename Sorted::Lens sorted_lens_;
  std::uint32_t most_;
  S *maxima_, *groups_;
  std::uint32_t* hits_;

  // Of the row at hand.
  const Raw* data_ = nullptr;
  std::uint32_t cols_ = 0, head_ = 0, vectors_ = kLeastVectors, chunks_ = 0;
};

}  // namespace
}  // namespace topkit::cpu
