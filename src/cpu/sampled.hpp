// Long rows: one line of every stratum is looked at first, and a rank of that sample that the k-th best very likely
// reaches bounds a single pass. When fewer than k elements reach it after all, the blocked algorithm does the row. Of many
// rows, the last ones' winners are tried as the bound before a sample is.
//
// The sample has about cols * k / s candidates per rank, so its size s weighs the price of a line against that of a
// candidate. (Floyd and Rivest, "Expected time bounds for selection", 1975, is the idea.)
#pragma once

#include "blocked.hpp"
#include "maxima.hpp"

namespace topkit::cpu {
namespace {

template <class V>
class Sampled {
 public:
  using S = typename V::S;
  using Raw = typename V::Raw;
  using Sorted = typename V::Sorted;

  static void run(const Job& job, const Row* rows, std::int64_t count, Scratch& scratch) {
    Carver carver(scratch.data);
    Collector<V> collector(job, carver);
    Split<V> split(job, carver);
    S* sample = carver.take<S>(kMostSample + 2 * kBlock);
    Guess<S> guess(scratch.hint, collector.keys().top_nan);
    for (std::int64_t r = 0; r < count; ++r) {
      const Row& row = rows[r];
      if (!Blocked<V>::fits(row)) {
        split.select(row);
        continue;
      }
      const auto try_bound = [&](S bound, bool sampled) {
        collector.start(row, bound);
        collector.scan_few(sampled);
        S last;
        if (!collector.finish(last)) return false;
        guess.learn(row.k, last, bound, collector.found());
        return true;
      };
      if (guess.worth_trying(row.k)) {
        if (try_bound(guess.threshold(), false)) continue;
        guess.failed();
      }
      if (Sparse<V>::fits(row)) {
        if (try_bound(collector.likely_bound(row), true)) continue;
      } else if (row.cols >= kLeastCols) {
        if (try_bound(sample_bound(collector, row, sample), false)) continue;
      }
      Blocked<V>::select(collector, row);
    }
  }

  static std::size_t scratch_bytes(const Job& job) {
    Carver carver(nullptr);
    const Collector<V> collector(job, carver);
    const Split<V> split(job, carver);
    carver.take<S>(kMostSample + 2 * kBlock);
    return carver.used();
  }

 private:
  static constexpr std::uint32_t kLeastCols = 4096, kLeastSample = 2048, kMostSample = 16384;
  static constexpr std::uint32_t kLine = 64 / sizeof(Raw);  // elements looked at together
  static constexpr std::uint32_t kVectors = greater<std::uint32_t>(kLine / V::kLanes, 1);
  static constexpr std::uint32_t kLook = kVectors * V::kLanes;

  static S sample_bound(const Collector<V>& collector, const Row& row, S* sample) {
    const auto* data = static_cast<const Raw*>(row.data);
    // A power of two of lines, about one for every candidate saved by it.
    std::uint32_t size = kLeastSample;
    while (size < kMostSample && size * 16 < row.cols && size < 4 * static_cast<std::uint64_t>(row.k)) size *= 2;
    const std::uint32_t lines = size / kLook;
    const double expected = static_cast<double>(row.k) * size / row.cols;
    const auto rank = static_cast<std::uint32_t>(expected + 3 * __builtin_sqrt(expected) + 4);
    // The maxima of `together` lines are as good as all of them while the rank is small.
    std::uint32_t together = 1;
    while (together * 2 * rank * 16 <= size && together < 16) together *= 2;
    const std::uint32_t stratum = row.cols / lines;
    std::uint32_t groups = 0;
    for (std::uint32_t line = 0; line < lines; groups += kLook) {
      typename V::Reg best[kVectors];
#pragma GCC unroll 16
      for (std::uint32_t v = 0; v < kVectors; ++v) best[v] = V::Worst();
      for (std::uint32_t end = line + together; line < end; ++line) {
        const std::uint32_t jitter = (line * 0x9E3779B1U >> 8) % (stratum - kLook + 1);
        const Raw* p = data + static_cast<std::size_t>(line) * stratum + jitter;
#pragma GCC unroll 16
        for (std::uint32_t v = 0; v < kVectors; ++v)
          best[v] = V::Max(V::Load(collector.lens(), p + v * V::kLanes), best[v]);
      }
#pragma GCC unroll 16
      for (std::uint32_t v = 0; v < kVectors; ++v)
        Sorted::Store(sample + groups + v * V::kLanes, V::ToSorted(collector.lens(), best[v]));
    }
    if (rank > groups) return std::numeric_limits<S>::min();
    return select_bound<Sorted>(sample, groups, rank, rank / 8).value;
  }
};

}  // namespace
}  // namespace topkit::cpu
