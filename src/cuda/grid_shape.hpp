// How the grid kernels part a row, and what they need for it; pure functions that the plan calls.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../problem.hpp"
#include "cluster_shape.hpp"

namespace topkit::cuda {

// Rows that are streamed: a sample of each tells a bound, then blocks of kGridThreads look once at what is left.
inline constexpr int kGridThreads = 512, kMostSampleGroups = 256;

struct GridShape {
  int sample_blocks;    // of the cluster that samples a row
  int sample_vecs;      // granules of a thread that does
  int groups;           // whose maxima count
  std::int64_t chunks;  // of a row, a block each
  std::int64_t room;    // candidates of a row
  std::int64_t listed;  // of them, how many a random row hardly exceeds
  std::size_t workspace_bytes;
};

// Granules a thread of a filtering block has on their way.
constexpr int grid_filter_vecs(bool fast, std::size_t element_bytes) { return fast || element_bytes == 4 ? 8 : 4; }

// Clusters of sixteen find their places for two rows, eight of eight for eight.
inline int grid_sample_blocks(const Problem& p, bool clusters) {
  if (!clusters || p.rows > 8) return 1;
  return p.rows <= 2 ? 16 : 8;
}

constexpr int grid_most_mean(int groups) { return groups * groups / 1024; }

// Granules of a row that are sampled, one of each of equal strata, where threads can look at `most`. Of k winners no more than
// grid_most_mean(groups) are to be expected among them: a rank near the number of groups is no bound.
constexpr std::uint32_t grid_places(std::uint32_t granules, std::uint32_t most, int k, int groups) {
  const float few =
      static_cast<float>(grid_most_mean(groups)) * static_cast<float>(granules) / static_cast<float>(k) + 1;
  const std::uint32_t places = granules < most ? granules : most;
  return few < static_cast<float>(places) ? static_cast<std::uint32_t>(few) : places;
}

inline GridShape grid_shape(const Problem& p, int sample_blocks) {
  constexpr std::int64_t kStratum = 128, kMostVecs = 16;
  constexpr int kQuickGroups = 128;  // the more of them, the longer the search
  constexpr std::int64_t kLeastRoom = 8192, kMostRoom = 1 << 17;
  GridShape shape{};
  shape.sample_blocks = sample_blocks;
  const std::int64_t granules = std::max<std::int64_t>(p.cols * bytes(p.dtype) / kGranule, 1);
  const std::int64_t threads = static_cast<std::int64_t>(sample_blocks) * kGridThreads;
  shape.sample_vecs = 1;
  while (shape.sample_vecs < kMostVecs && threads * shape.sample_vecs * kStratum < granules) shape.sample_vecs *= 2;
  const auto k = static_cast<int>(std::max<std::int64_t>(p.k, 1));
  const auto most = static_cast<std::uint32_t>(threads * shape.sample_vecs);
  const bool quick = k * std::min<std::int64_t>(most, granules) <= granules * grid_most_mean(kQuickGroups);
  shape.groups = quick ? kQuickGroups : kMostSampleGroups;
  // Winners that lie together are found by their strata, not by their number: room for four times as many strata as the
  // rank (sample_rank(), which is no more than twice the mean and eleven).
  const std::int64_t places = grid_places(static_cast<std::uint32_t>(granules), most, k, shape.groups);
  const std::int64_t mean = k * places / granules;
  const std::int64_t stratum = p.cols / places;
  shape.room = std::clamp(4 * (2 * mean + 11) * stratum, kLeastRoom, kMostRoom);
  shape.listed = (2 * mean + 11) * stratum * bytes(p.dtype) / kGranule;
  const std::int64_t chunk = static_cast<std::int64_t>(grid_filter_vecs(is_fast(p), bytes(p.dtype))) * kGridThreads;
  shape.chunks = (granules + chunk - 1) / chunk;
  shape.workspace_bytes =
      static_cast<std::size_t>(p.rows) * (16 + static_cast<std::size_t>(shape.room) * sizeof(std::uint64_t));
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
