// How cuda_select lays out a problem: blocks of a row, threads of a block, what shared memory holds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../problem.hpp"

namespace topkit::cuda {

inline constexpr int kSelectBinsLog = 11, kSelectBins = 1 << kSelectBinsLog;
// Granules of a thread that are looked at together: sixteen elements.
constexpr int select_vecs(int element_bytes) { return std::min(element_bytes, 4); }
inline constexpr int kMostSelectThreads = 1024, kMostSelectBlocks = 16;

struct SelectShape {
  int blocks_log;        // of a row
  int threads;           // of a block
  std::uint32_t vecs;    // granules of a thread, a multiple of select_vecs()
  std::size_t share_at;  // of shared memory, behind the bins
  std::size_t shared_bytes;
};

inline constexpr std::size_t kSelectBinBytes = std::size_t{4} * kSelectBins;

// By 1 << blocks_log blocks a row. aligned: every row begins with a granule.
inline SelectShape select_shape(const Problem& p, int blocks_log, bool aligned) {
  const std::int64_t granule = 16 / bytes(p.dtype), granules = (p.cols + granule - 1) / granule + (aligned ? 0 : 1);
  const std::int64_t share = std::max<std::int64_t>((granules + (1 << blocks_log) - 1) >> blocks_log, 1);
  const std::int64_t together = select_vecs(bytes(p.dtype));
  std::int64_t vecs = together, warps = 0;
  while ((warps = (share + 32 * vecs - 1) / (32 * vecs)) > kMostSelectThreads / 32) vecs += together;
  // Blocks of a cluster read one another's bins, a thread four of them.
  const std::int64_t least = blocks_log > 0 ? kSelectBins / 4 / 32 : 4;
  SelectShape shape{};
  shape.blocks_log = blocks_log;
  shape.vecs = static_cast<std::uint32_t>(vecs);
  shape.threads = static_cast<int>(32 * std::max(warps, least));
  shape.share_at = (blocks_log > 0 ? 2 : 1) * kSelectBinBytes;
  shape.shared_bytes = shape.share_at + static_cast<std::size_t>(warps * 32 * vecs * 16);
  return shape;
}

inline constexpr std::int64_t kMostSelectShare = std::int64_t{128} << 10;  // bytes of a row in a block

// Order index and any.
inline bool select_can_pick(const Problem& p) {
  return p.order != Order::value && p.cols * bytes(p.dtype) <= kMostSelectShare * kMostSelectBlocks;
}

// Blocks for a row of this problem on a device of `sms` multiprocessors, as a logarithm; -1: the row is too long for one and there are
// no clusters. As many as end soonest, by what a block takes to begin and to end, and what its multiprocessor takes for elements.
inline int select_blocks_log(const Problem& p, int sms, bool clusters) {
  constexpr std::int64_t kSharedOfSm = std::int64_t{227} << 10, kThreadsOfSm = 1024;
  constexpr double kAlone = 4.0, kTogether = 5.5, kHop = 0.5, kElements = 4000;  // us; elements a us
  int best = -1;
  double least = 0;
  for (int log = 0; 1 << log <= (clusters ? kMostSelectBlocks : 1); ++log) {
    if ((p.cols * bytes(p.dtype) >> log) > kMostSelectShare) continue;
    const SelectShape shape = select_shape(p, log, false);
    const std::int64_t here = std::clamp<std::int64_t>(
        std::min(kSharedOfSm / static_cast<std::int64_t>(shape.shared_bytes + 2048), kThreadsOfSm / shape.threads), 1,
        16);
    // Of the larger clusters an eighth of a device holds none.
    const std::int64_t at_once = (log > 1 ? sms - sms / 8 : sms) * here;
    const std::int64_t blocks = std::max<std::int64_t>(p.rows, 1) << log, waves = (blocks + at_once - 1) / at_once;
    const std::int64_t of_sm = std::min(here, (blocks + sms - 1) / sms);
    const double us = static_cast<double>(waves) * ((log == 0 ? kAlone : kTogether + kHop * log) +
                                                    static_cast<double>(of_sm * (p.cols >> log)) / kElements);
    if (best < 0 || us < least) {
      best = log;
      least = us;
    }
  }
  return best;
}

}  // namespace topkit::cuda
