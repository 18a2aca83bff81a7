// What the threads that share a row share.
#pragma once

#include <cstdint>

#include "bins.hpp"
#include "element.hpp"

namespace topkit::cuda {

inline constexpr int kBlockThreads = 1024;  // at most
inline constexpr int kMostTries = 16;       // of a bound

template <int kSlots_, bool kAlone>
struct RowState {
  static constexpr int kSlots = kSlots_;  // survivors that are put into order at once
  static constexpr int kWarps = kAlone ? 1 : kWarp;
  static constexpr int kWords = kAlone ? 64 : kSlots;
  Key low[kWarps], high[kWarps];  // by warp: a bound, the largest key
  std::uint32_t passed;           // survivors
  std::uint16_t columns[kSlots];
  std::uint32_t words[kWords];     // of parts of survivors in order; at last the winners' columns
  std::uint32_t lost[kWarps];      // by part: the best word that fell out of it
  std::uint32_t bins[kBoundBins];  // the first: by try, what passed
};

}  // namespace topkit::cuda
