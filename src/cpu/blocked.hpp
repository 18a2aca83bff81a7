// Rows beyond the first cache, k a small part of them: the group maxima of the first block bound the k-th best from
// below, then one pass keeps what reaches a rising bound. No sample, so no retry: every order of the data costs about
// the same.
#pragma once

#include "collector.hpp"
#include "split.hpp"

namespace topkit::cpu {
namespace {

template <class V>
struct Blocked {
  using S = typename V::S;

  // k is too large a part of the row for group maxima to say much.
  static bool fits(const Row& row) { return row.cols >= Collector<V>::kLeastRatio * static_cast<std::uint64_t>(row.k); }

  static void select(Collector<V>& collector, const Row& row) {
    collector.start(row, std::numeric_limits<S>::min());
    collector.start(row, collector.maxima_bound(0, lesser(row.cols, collector.block())));
    collector.scan();
    collector.complete();
    collector.write();
  }
  static void select(Collector<V>& collector, Chunks<V>& chunks, const Row& row) {
    if (!Chunks<V>::fits(row)) return select(collector, row);
    collector.scan_chunks(row, chunks);
    collector.write();
  }

  static void run(const Job& job, const Row* rows, std::int64_t count, Scratch& scratch) {
    Carver carver(scratch.data);
    Collector<V> collector(job, carver);
    Chunks<V> chunks(job, carver);
    Split<V> split(job, carver);
    for (std::int64_t r = 0; r < count; ++r) {
      if (fits(rows[r])) {
        select(collector, chunks, rows[r]);
      } else {
        split.select(rows[r]);
      }
    }
  }

  static std::size_t scratch_bytes(const Job& job) {
    Carver carver(nullptr);
    const Collector<V> collector(job, carver);
    const Chunks<V> chunks(job, carver);
    const Split<V> split(job, carver);
    return carver.used();
  }
};

}  // namespace
}  // namespace topkit::cpu
