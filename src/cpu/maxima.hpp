// Rows that stay in the cache: the maxima of groups bound the k-th best from below, a scan keeps what reaches the bound.
//
// If k groups have a maximum of at least T then k elements do. The next row is often like this one, so it is first tried
// with a threshold guessed from the rows before: when at least k elements reach it, the bound was not needed.
#pragma once

#include "finish.hpp"
#include "narrow.hpp"
#include "tiny.hpp"

namespace topkit::cpu {
namespace {

// The guess: the keys of last winners are watched, and what nearly all of them would have reached is tried. It lags one
// row behind, so that a row's scan need not wait for the end of the row before.
template <class S>
class Guess {
 public:
  // top: the best key that there is.
  Guess(Scratch::Hint& hint, S top) : hint_(hint), top_(top), ready_(from_hint()) {}

  // Once for every row, before learn().
  bool worth_trying(std::uint32_t k) {
    tried_ = ready_;
    ready_ = from_hint();
    if (hint_.k != k) return false;
    if (hint_.trust < 0) ++hint_.trust;
    return hint_.trust >= 0;
  }
  S threshold() const { return tried_; }
  // Where more elements than that reach the threshold: the least of the last winners of some rows before. Many elements may
  // have it, in every row.
  S least() const { return static_cast<S>(hint_.least); }
  bool is_tied() const { return hint_.ties; }
  void set_tied(bool tied) { hint_.ties = tied; }
  void failed() { hint_.trust = hint_.trust > 4 ? hint_.trust - 4 : -16; }
  // `found` elements reached the bound.
  void learn(std::uint32_t k, S last, S bound, std::uint32_t found) {
    const double value = static_cast<double>(last);
    if (hint_.k != k) {
      // The last of another row's k best is about sqrt(2 * k) of its elements away.
      const double more = greater<double>(found, k) - k + 1, part = lesser(1.2 * __builtin_sqrt(k) / more, 0.5);
      hint_ = {.k = k, .mean = value, .spread = (value - static_cast<double>(bound)) * part, .least = last};
      ready_ = from_hint();
      return;
    }
    if (last == top_) {  // NaN say nothing of rows with fewer of them, unless there are none
      if (hint_.trust >= 0 && hint_.mean < value) return;
      hint_.mean = value;
      hint_.spread = 0;
    }
    if (last <= hint_.least || ++hint_.age == kLeastRows) set_least(last);
    const double off = value - hint_.mean;
    hint_.mean += off / 8;
    hint_.spread += (__builtin_fabs(off) - hint_.spread) / 8;
    hint_.trust += hint_.trust >= 0 && hint_.trust < 16 ? 1 : 0;
  }

 private:
  static constexpr double kSpreads = 2.5;  // mean absolute deviations
  static constexpr std::uint32_t kLeastRows = 32;

  void set_least(std::int64_t least) {
    hint_.least = least;
    hint_.age = 0;
  }
  S from_hint() const {
    // Fits S however it rounds, and is above the keys of NaN.
    constexpr double kLimit = static_cast<double>(std::numeric_limits<S>::max()) * (1 - 1.0 / 4096);
    const double t = hint_.mean - kSpreads * hint_.spread;
    return static_cast<S>(greater(lesser(t, kLimit), -kLimit));
  }

  Scratch::Hint& hint_;
  S top_, tried_ = 0, ready_;
};

template <class V>
class Maxima {
 public:
  static std::size_t scratch_bytes(const Job& job) {
    Carver carver(nullptr);
    Memory memory(job, carver);
    return carver.used();
  }

  static void run(const Job& job, const Row* rows, std::int64_t count, Scratch& scratch) {
    Carver carver(scratch.data);
    Memory memory(job, carver);
    Guess<S> guess(scratch.hint, memory.keys.top_nan);
    const std::int64_t slots = slots_of(job);
    const Ahead ahead(rows, count, rows_ahead(job.max_cols * static_cast<std::int64_t>(sizeof(Raw)), slots));
    for (std::int64_t r = 0; r < count; r += slots) batch(memory, guess, rows + r, lesser(slots, count - r), ahead);
  }

 private:
  using S = typename V::S;
  using Raw = typename V::Raw;
  using Sorted = typename V::Sorted;

  static constexpr std::uint32_t enough(std::uint32_t k) { return k + k / 2 + kBlock; }
  static constexpr std::int64_t kSlots = kRowsTogether;
  static std::int64_t slots_of(const Job& job) {
    return rows_together(job.max_cols * static_cast<std::int64_t>(sizeof(Raw)), job.max_k);
  }

  struct Memory {
    Memory(const Job& job, Carver& carver)
        : lens(job.sortable),
          sorted_lens(job.sortable),
          keys(job.sortable),
          room(enough(static_cast<std::uint32_t>(job.max_k)) + 9 * kBlock + kSlack),
          candidates(carver.take<std::uint32_t>(room * static_cast<std::size_t>(slots_of(job)))),
          maxima(carver.take<S>(static_cast<std::size_t>(job.max_cols) + kBlock)),
          finish{{job, room, carver},
                 {job, slots_of(job) == 1 ? 0 : room, carver},
                 {job, slots_of(job) == 1 ? 0 : room, carver},
                 {job, slots_of(job) == 1 ? 0 : room, carver}} {}
    typename V::Lens lens;
    typename Sorted::Lens sorted_lens;
    SortableKeys<S> keys;
    std::size_t room;
    std::uint32_t* candidates;
    S* maxima;
    Finish<V> finish[kSlots];
  };

  // Up to kSlots rows, step by step: a step of one row waits for nothing that the row just before it is still busy with.
  static void batch(Memory& memory, Guess<S>& guess, const Row* rows, std::int64_t count, const Ahead& ahead_of) {
    S low[kSlots];
    bool guessed[kSlots];
    for (std::int64_t i = 0; i < count; ++i) {
      const Row& row = rows[i];
      std::uint32_t* candidates = memory.candidates + static_cast<std::size_t>(i) * memory.room;
      const void* ahead = ahead_of(rows + i);
      std::uint32_t found = 0;
      guessed[i] = guess.worth_trying(row.k);
      if (guessed[i]) {
        bool tied = guess.is_tied();
        low[i] = tied ? guess.least() : guess.threshold();
        if (!tied) {
          found = reaching(memory, row, low[i], ahead, candidates);
          if (found > enough(row.k) && low[i] <= guess.least()) [[unlikely]] {
            tied = true;
            low[i] = guess.least();
          }
        }
        if (tied) found = strictly(memory, row, low[i], ahead, candidates);
        guessed[i] = found >= row.k && found <= enough(row.k);
        if (tied) guess.set_tied(guessed[i]);
        if (!guessed[i]) guess.failed();
      }
      if (!guessed[i]) found = bounded(memory, row, ahead, candidates, low[i]);
      memory.finish[i].load(row, candidates, found);
    }
    for (std::int64_t i = 0; i + 1 < count; i += 2) Finish<V>::rank_two(memory.finish[i], memory.finish[i + 1]);
    if (count % 2 != 0) memory.finish[count - 1].rank();
    S last[kSlots];
    for (std::int64_t i = 0; i < count; ++i) last[i] = memory.finish[i].place();
    for (std::int64_t i = 0; i < count; ++i) {
      if (guessed[i] && last[i] < low[i]) [[unlikely]] {  // NaN, which a float V always keeps, stood in for numbers
        guess.failed();
        std::uint32_t* candidates = memory.candidates + static_cast<std::size_t>(i) * memory.room;
        const std::uint32_t found = bounded(memory, rows[i], rows[i].data, candidates, low[i]);
        last[i] = memory.finish[i].choose(rows[i], candidates, found);
      }
      memory.finish[i].write();
      guess.learn(rows[i].k, last[i], low[i], 0);
    }
  }

  // Positions of all elements from the key of `low` on, or more than enough() of them. A float V keeps all NaN, whatever
  // `low`: only when that is too many they are told apart from numbers. Nothing is better than the top key, so of those
  // that have it the first k are enough.
  static std::uint32_t reaching(const Memory& memory, const Row& row, S low, const void* ahead, std::uint32_t* out) {
    const auto* p = static_cast<const Raw*>(row.data);
    if (low >= memory.keys.top_nan)
      return collect_exactly<Sorted>(memory.sorted_lens, memory.keys, p, row.cols, memory.keys.top_nan, row.k, row.k,
                                     out);
    const auto t = V::Threshold(memory.lens, memory.keys, low);
    const std::uint32_t found =
        collect<V>(memory.lens, p, row.cols, enough(row.k), ahead, out, [t](auto x) { return V::Ge(x, t); });
    if (!V::kFloat || found <= enough(row.k)) return found;
    const auto s = Sorted::Set(memory.keys.at_least(low));
    return collect<Sorted>(memory.sorted_lens, p, row.cols, enough(row.k), p, out,
                           [s](auto x) { return Sorted::Ge(x, s); });
  }

  // The same of the first k of them, and of all later ones with a better key.
  static std::uint32_t strictly(const Memory& memory, const Row& row, S low, const void* ahead, std::uint32_t* out) {
    return collect_strictly<Sorted>(memory.sorted_lens, memory.keys, static_cast<const Raw*>(row.data), row.cols, low,
                                    row.k, enough(row.k), ahead, out);
  }

  // Positions of at least k elements, the winners among them.
  static std::uint32_t bounded(const Memory& memory, const Row& row, const void* ahead, std::uint32_t* out, S& low) {
    const auto* p = static_cast<const Raw*>(row.data);
    const std::uint32_t blocks = greater(row.cols / (4 * row.k), 1U);
    const std::uint32_t groups = group_maxima<V>(memory.lens, p, row.cols, blocks, memory.maxima);
    std::uint32_t found = enough(row.k) + 1;
    const auto least =
        groups < row.k ? Bracket<S>{std::numeric_limits<S>::min(), 0, 0} : bound<Sorted>(memory.maxima, groups, row.k);
    low = least.low;
    if (least.reached <= enough_of(row.k)) found = reaching(memory, row, low, ahead, out);
    if (found > enough(row.k)) found = strictly(memory, row, low, ahead, out);
    if (found <= enough(row.k)) return found;
    return narrow<Sorted>(memory.sorted_lens, memory.keys, p, row.cols, row.k, enough(row.k), low, out);
  }
};

}  // namespace
}  // namespace topkit::cpu
