// Short rows with few winners go through the steps of maxima.hpp together: each step is done for several rows before the
// next one begins, so that a row waits for its own stores and branches while the others work. Of rows so long that four do
// not stay in the first cache two go together.
#pragma once

#include "rank.hpp"

namespace topkit::cpu {
namespace {

inline constexpr std::int64_t kRowsTogether = 4;
inline constexpr std::int64_t kTinyBytes = 2048;  // 4 rows of 4096 bytes were slower together than one by one, on Zen 4

constexpr std::int64_t rows_together(std::int64_t row_bytes, std::int64_t k) {
  if (k > kRankLimit) return 1;
  return row_bytes <= kTinyBytes ? kRowsTogether : 2;
}

// How far ahead of the row that is looked at lines are fetched: a batch, which leaves them the time of a batch's last steps,
// where the first cache holds two of them.
constexpr std::int64_t rows_ahead(std::int64_t row_bytes, std::int64_t together) {
  return row_bytes <= kTinyBytes * 2 ? together : 1;
}

// Where those lines are. Behind the last row of a call there may be more in other calls: where they would lie.
class Ahead {
 public:
  Ahead(const Row* rows, std::int64_t count, std::int64_t distance)
      : end_(rows + count), distance_(distance), step_(count > 1 ? address(rows + 1) - address(rows) : 0) {}
  const void* operator()(const Row* row) const {
    if (distance_ < end_ - row) return row[distance_].data;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): only fetched, never read, and perhaps of no array
    return reinterpret_cast<const void*>(address(row) + static_cast<std::uintptr_t>(distance_) * step_);
  }

 private:
  static std::uintptr_t address(const Row* row) { return reinterpret_cast<std::uintptr_t>(row->data); }

  const Row* end_;
  std::int64_t distance_;
  std::uintptr_t step_;
};

}  // namespace
}  // namespace topkit::cpu
