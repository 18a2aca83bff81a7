// How the grid kernels part a row, and what they need for it; pure functions that the plan calls.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../problem.hpp"
#include "cluster_shape.hpp"

namespace topkit::cuda {

inline constexpr int kMostGridShares = 512;

// Candidates each block may leave for the second kernel: any k best, cut with little effort.
constexpr int grid_room(std::int64_t k) { return static_cast<int>(k + k / 8 + 8); }

inline constexpr std::int64_t kGridPartBytes = 24;  // what else it leaves

struct GridShape {
  int blocks;  // of a cluster
  int parts;   // clusters of a row, at least 2
  std::size_t workspace_bytes;
};

inline GridShape grid_shape(const Problem& p, int sms, bool clusters) {
  GridShape shape{};
  shape.blocks = clusters ? 4 : 1;
  const std::int64_t rows = std::max<std::int64_t>(1, p.rows);
  const std::int64_t bytes_of_row = p.cols * bytes(p.dtype);
  // Two blocks a multiprocessor, each with 32 KiB on their way: no fewer bytes for a block.
  // Clusters do not fill every group of multiprocessors, and one that waits for the others would double the time.
  const std::int64_t slots = clusters ? 31LL * std::max(sms, 1) / 16 : 2LL * std::max(sms, 1);
  const std::int64_t most = std::min<std::int64_t>(kMostGridShares, slots / rows) / shape.blocks;
  shape.parts = static_cast<int>(
      std::clamp<std::int64_t>(bytes_of_row / (32768 * shape.blocks), 2, std::max<std::int64_t>(most, 2)));
  const std::int64_t shares = rows * shape.parts * shape.blocks;
  shape.workspace_bytes = static_cast<std::size_t>(shares * (grid_room(p.k) * 8 + kGridPartBytes));
  return shape;
}

// Rows that lie in the registers of clusters of 2^kLogGridCluster blocks, each of which has a part of one.
inline constexpr int kLogGridCluster = 3;
inline constexpr int kMostGridLists = 256;  // blocks of a row

struct GridParts {
  int parts;  // clusters of a row; 0: the registers do not hold the rows, or k is too large
  int vecs;   // granules of a thread, at most
  std::size_t workspace_bytes;
};

// Granules of each block when the row has `granules`.
constexpr std::int64_t grid_share(std::int64_t granules, int parts) {
  const std::int64_t blocks = static_cast<std::int64_t>(parts) << kLogGridCluster;
  return ((granules + blocks - 1) / blocks + 7) / 8 * 8;
}

// Parts for a row of `granules` of which a thread holds `vecs`.
constexpr std::int64_t grid_parts_of(std::int64_t granules, int vecs) {
  const std::int64_t part = static_cast<std::int64_t>(vecs * kClusterThreads) << kLogGridCluster;
  return (granules + part - 1) / part;
}

// As few granules a thread as kernels are made for, as long as the rows need no more than kQuickParts clusters: more of them
// have more candidates in all. Of larger rows the most, where all clusters run at once (they leave some multiprocessors
// free); else those of which two blocks share a multiprocessor.
inline GridParts grid_parts(const Problem& p, int sms, bool clusters) {
  constexpr std::int64_t kQuickParts = 8;
  if (!clusters || bytes(p.dtype) > 4 || p.k > kClusterMostK || p.rows <= 0 || p.cols <= 0) return {};
  const std::int64_t granules = cluster_granules(p);
  const int most = cluster_most_vecs(p), shared = cluster_shared_vecs(p);
  const std::int64_t one_an_sm = (sms - 8) >> kLogGridCluster, two_an_sm = is_fast(p) ? 2 * one_an_sm : one_an_sm;
  const struct {
    int vecs;
    std::int64_t clusters;
  } choices[] = {{4, std::min(kQuickParts, two_an_sm)},
                 {8, std::min(kQuickParts, two_an_sm)},
                 {most, most > shared ? one_an_sm : two_an_sm},
                 {shared, two_an_sm}};
  for (const auto& [vecs, at_once] : choices) {
    if (!is_fast(p) && vecs != most) continue;
    const std::int64_t parts = grid_parts_of(granules, vecs);
    // One part more, for a row that is not aligned.
    if (p.rows * parts > at_once || (parts + 1) << kLogGridCluster > kMostGridLists) continue;
    // A list and its count a block.
    const std::int64_t lists = p.rows * (parts + 1) << kLogGridCluster;
    return {static_cast<int>(parts), vecs, static_cast<std::size_t>(lists * (kClusterMostK * 8 + 4))};
  }
  return {};
}

}  // namespace topkit::cuda
