// Rows that stay in the cache: the maxima of groups bound the k-th best from below, a scan keeps what reaches the bound.
//
// If k groups have a maximum of at least T then k elements do. The next row is often like this one, so it is first tried
// with a threshold guessed from the rows before: when at least k elements reach it, the bound was not needed.
#pragma once

#include "finish.hpp"
#include "narrow.hpp"

namespace topkit::cpu {
namespace {

// The guess: the last winners' keys are watched, and what nearly all of them would have reached is tried.
template <class S>
class Guess {
 public:
  explicit Guess(Scratch::Hint& hint) : hint_(hint) {}

  bool worth_trying(std::uint32_t k) {
    if (hint_.k != k) return false;
    if (hint_.trust < 0) ++hint_.trust;
    return hint_.trust >= 0;
  }
  S threshold() const {
    const double t = hint_.mean - kSpreads * hint_.spread;
    constexpr double kLimit = static_cast<double>(std::numeric_limits<S>::max() / 2) * 2;
    return static_cast<S>(t < -kLimit ? -kLimit : t > kLimit ? kLimit : t);
  }
  void failed() { hint_.trust = hint_.trust > 4 ? hint_.trust - 4 : -16; }
  void learn(std::uint32_t k, S last, S bound) {
    const double value = static_cast<double>(last);
    if (hint_.k != k) {
      hint_ = {k, 0, value, (value - static_cast<double>(bound)) / 2};
      return;
    }
    const double off = value > hint_.mean ? value - hint_.mean : hint_.mean - value;
    hint_.mean += (value - hint_.mean) / 8;
    hint_.spread += (off - hint_.spread) / 8;
    if (hint_.trust >= 0 && hint_.trust < 16) ++hint_.trust;
  }

 private:
  static constexpr double kSpreads = 2.5;  // mean absolute deviations
  Scratch::Hint& hint_;
};

template <class V>
struct Maxima {
  using S = typename V::S;
  using Raw = typename V::Raw;
  using Sorted = typename V::Sorted;

  static constexpr std::uint32_t enough(std::uint32_t k) { return k + k / 2 + kBlock; }

  struct Memory {
    Memory(const Job& job, Carver& carver)
        : candidates(carver.take<std::uint32_t>(
              static_cast<std::size_t>(enough(static_cast<std::uint32_t>(job.max_k))) + 9 * kBlock + kSlack)),
          maxima(carver.take<S>(static_cast<std::size_t>(job.max_cols) + kBlock)),
          finish(job, enough(static_cast<std::uint32_t>(job.max_k)) + 9 * kBlock, carver) {}
    std::uint32_t* candidates;
    S* maxima;
    Finish<V> finish;
  };

  static std::size_t scratch_bytes(const Job& job) {
    Carver carver(nullptr);
    Memory memory(job, carver);
    return carver.used();
  }

  static void run(const Job& job, const Row* rows, std::int64_t count, Scratch& scratch) {
    Carver carver(scratch.data);
    Memory memory(job, carver);
    const typename V::Lens lens(job.sortable);
    const typename Sorted::Lens sorted_lens(job.sortable);
    const SortableKeys<S> keys(job.sortable);
    Guess<S> guess(scratch.hint);
    for (std::int64_t r = 0; r < count; ++r) {
      const Row& row = rows[r];
      const auto* p = static_cast<const Raw*>(row.data);
      const void* next = r + 1 < count ? rows[r + 1].data : p;
      const std::uint32_t limit = enough(row.k);
      const auto candidates_from = [&](S s) {
        const auto t = V::Threshold(lens, keys, s);
        return collect<V>(lens, p, row.cols, limit, next, memory.candidates, [t](auto x) { return V::Ge(x, t); });
      };
      if (guess.worth_trying(row.k)) {
        const S low = guess.threshold();
        const std::uint32_t found = candidates_from(low);
        if (found >= row.k && found <= limit) {
          const S last = memory.finish.choose(row, memory.candidates, found);
          if (last >= low) {  // else NaN, which a float V always keeps, stood in for numbers
            memory.finish.write(row);
            guess.learn(row.k, last, low);
            continue;
          }
        }
        guess.failed();
      }
      const std::uint32_t blocks = greater(row.cols / (4 * row.k), 1U);
      const std::uint32_t groups = group_maxima<V>(lens, p, row.cols, blocks, memory.maxima);
      const S low = groups < row.k ? std::numeric_limits<S>::min() : bound<Sorted>(memory.maxima, groups, row.k);
      std::uint32_t found = candidates_from(low);
      if (found > limit) found = narrow<Sorted>(sorted_lens, keys, p, row.cols, row.k, limit, low, memory.candidates);
      const S last = memory.finish.choose(row, memory.candidates, found);
      memory.finish.write(row);
      guess.learn(row.k, last, low);
    }
  }
};

}  // namespace
}  // namespace topkit::cpu
