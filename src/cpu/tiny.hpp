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

}  // namespace
}  // namespace topkit::cpu
