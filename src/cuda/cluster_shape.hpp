// What the cluster kernel can hold and how a row is spread over it: for the plan, and for the launch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../algorithms.hpp"
#include "../dtype.hpp"

namespace topkit::cuda {

inline constexpr int kLogClusterThreads = 9;
inline constexpr int kClusterThreads = 1 << kLogClusterThreads;
inline constexpr int kLogMaxCluster = 4;
inline constexpr int kMaxCluster = 1 << kLogMaxCluster;
inline constexpr int kClusterMostK = 256;
inline constexpr int kGranule = 16;  // bytes a thread loads at once

// Granules a thread holds at most: 64 elements of f32, 64 of a 16-bit float, 32 where each needs a key of its own.
constexpr int cluster_most_vecs(std::size_t element_bytes, bool fast) {
  if (fast) return element_bytes == 4 ? 16 : 8;
  return static_cast<int>(2 * element_bytes);
}
inline int cluster_most_vecs(const Problem& p) {
  return cluster_most_vecs(static_cast<std::size_t>(bytes(p.dtype)), is_fast(p));
}

// A cluster that is no power of two, of which a device takes more at once than of eight blocks.
inline constexpr int kOddCluster = 7;
inline int odd_cluster_vecs(const Problem& p) { return is_fast(p) ? cluster_most_vecs(p) : 0; }

// Granules of a thread in registers of two blocks a multiprocessor. Of f32 they keep as many again in shared memory.
inline constexpr int kOddHeldVecs = 9, kHeldVecs = 8, kAsideVecs = 8;
constexpr std::size_t cluster_aside_bytes(int vecs) { return std::size_t{kGranule} * kClusterThreads * vecs; }

struct ClusterSpread {
  int blocks, vecs;
};

// Granules of a thread when so many blocks share `granules`, which are dealt by lines of 8.
constexpr std::int64_t cluster_vecs(std::int64_t granules, int blocks) {
  const std::int64_t share = ((granules + blocks - 1) / blocks + 7) / 8 * 8;
  return (share + kClusterThreads - 1) / kClusterThreads;
}

// A row that starts on a 16-byte boundary; a row that does not takes up to one granule more.
inline std::int64_t cluster_granules(const Problem& p) { return (p.cols * bytes(p.dtype) + kGranule - 1) / kGranule; }

inline bool cluster_holds(const Problem& p) {
  return bytes(p.dtype) <= 4 && p.k <= kClusterMostK &&
         cluster_vecs(cluster_granules(p) + 1, kMaxCluster) <= cluster_most_vecs(p);
}

// Granules of a thread of which two blocks a multiprocessor have registers enough; of a selection any type's.
inline int cluster_shared_vecs(const Problem& p) { return is_fast(p) ? 8 : cluster_most_vecs(p); }

// The spread that is the quickest, measured. Up to 32 elements a thread: eight blocks for a few rows, four for some more, else as
// few as hold the row, if all rows run at once, two blocks a multiprocessor, of which clusters leave some free. Then two
// blocks of 64 elements a thread, which fit wherever there are pairs, and sixteen for a handful of longer rows. What is
// left runs in several waves, of blocks as few as hold a row. Four blocks may have 64 elements of 16 bits a thread.
inline ClusterSpread even_cluster_spread(const Problem& p, int sms) {
  const std::int64_t granules = cluster_granules(p);
  const int most = cluster_most_vecs(p), quick = is_fast(p) ? most / 2 : most;
  const auto spread = [&](int log_blocks) {
    return ClusterSpread{1 << log_blocks, static_cast<int>(cluster_vecs(granules, 1 << log_blocks))};
  };
  const auto shares = [&](int log_blocks) {
    return spread(log_blocks).vecs <= (log_blocks == 1 ? quick : cluster_shared_vecs(p));
  };
  if (p.rows << 4 <= sms && spread(3).vecs <= quick) return spread(3);
  if (p.rows << 3 <= sms && spread(2).vecs <= quick) return spread(2);
  for (const int log_blocks : {1, 2})
    if (p.rows << log_blocks <= 2 * sms - 16 && shares(log_blocks)) return spread(log_blocks);
  if (p.rows << 1 <= sms && spread(1).vecs <= most) return spread(1);
  if (p.rows << 4 <= 3 * sms / 4 && spread(3).vecs > quick) return spread(4);
  int log_blocks = 8 * p.rows <= sms ? 3 : 1;
  while (log_blocks < 3 && !shares(log_blocks)) ++log_blocks;
  while (log_blocks < kLogMaxCluster && spread(log_blocks).vecs > most) ++log_blocks;
  return spread(log_blocks);
}

// Clusters that a device takes at once, with two blocks a multiprocessor or one: of 132 multiprocessors (an H100;
// cudaOccupancyMaxActiveClusters). What is missing to a full device lies in groups too small for one.
constexpr std::int64_t clusters_at_once(int blocks, bool two, int sms) {
  struct AtOnce {
    int blocks;
    std::int64_t of_two, of_one;
  };
  constexpr std::int64_t kSms = 132;
  constexpr AtOnce kAtOnce[] = {{2, 132, 66}, {4, 62, 30}, {kOddCluster, 32, 16}, {8, 30, 15}, {kMaxCluster, 14, 7}};
  const AtOnce* found = kAtOnce;
  while (found->blocks < blocks) ++found;
  return std::max<std::int64_t>(sms * (two ? found->of_two : found->of_one) / kSms, 1);
}

// Whether blocks keep all but kHeldVecs of a thread's vectors aside, so that two share a multiprocessor: of rows that would be several
// waves of one. Seven blocks of more than their registers hold do. The lists of sixteen leave no room for two.
inline bool cluster_keeps_aside(const Problem& p, int blocks, int vecs) {
  constexpr int kSms = 132;
  if (!is_fast(p) || bytes(p.dtype) != 4) return false;
  if (blocks == kOddCluster) return vecs > kOddHeldVecs;
  return blocks <= 8 && vecs > kHeldVecs && p.rows > clusters_at_once(blocks, false, kSms);
}

// For a selection of one: as many blocks as a multiprocessor each allows, eight for a few rows, two at least: one alone is
// launched without a cluster, and cannot send to itself then.
inline ClusterSpread one_spread(const Problem& p, int sms) {
  const int blocks = p.rows << 4 <= sms ? 8 : p.rows << 2 <= sms ? 4 : 2;
  return {blocks, static_cast<int>(cluster_vecs(cluster_granules(p), blocks))};
}

// Whether two blocks of the spread share a multiprocessor.
inline bool cluster_blocks_share(const Problem& p, const ClusterSpread& s) {
  const int held = s.blocks == kOddCluster ? std::min(kOddHeldVecs, odd_cluster_vecs(p)) : cluster_shared_vecs(p);
  return s.vecs <= held || (s.vecs <= cluster_most_vecs(p) && cluster_keeps_aside(p, s.blocks, s.vecs));
}

// How often a device is filled by the rows.
inline std::int64_t cluster_waves(const Problem& p, const ClusterSpread& s, int sms) {
  const std::int64_t at_once = clusters_at_once(s.blocks, cluster_blocks_share(p, s), sms);
  return (p.rows + at_once - 1) / at_once;
}

// The same of a launch that draws, too, which keeps at most a vector of a thread aside: seven blocks of f32 where eight would take more
// waves.
inline ClusterSpread drawing_spread(const Problem& p, int sms) {
  const ClusterSpread even = even_cluster_spread(p, sms);
  const ClusterSpread odd{kOddCluster, static_cast<int>(cluster_vecs(cluster_granules(p), kOddCluster))};
  const bool fits = is_fast(p) && bytes(p.dtype) == 4 && odd.vecs <= kOddHeldVecs;
  return even.blocks == 8 && fits && cluster_waves(p, odd, sms) < cluster_waves(p, even, sms) ? odd : even;
}

// What topk does: the above, or what takes fewer waves. Seven blocks where they take one; else as few blocks as hold a row and share a
// multiprocessor.
inline ClusterSpread cluster_spread(const Problem& p, int sms) {
  if (p.k == 1) return one_spread(p, sms);
  const auto shares = [&](const ClusterSpread& s) { return cluster_blocks_share(p, s); };
  const auto waves = [&](const ClusterSpread& s) { return cluster_waves(p, s, sms); };
  const auto spread = [&](int blocks) {
    return ClusterSpread{blocks, static_cast<int>(cluster_vecs(cluster_granules(p), blocks))};
  };
  ClusterSpread best = even_cluster_spread(p, sms);
  if (best.blocks > 8 || waves(best) == 1) return best;
  const ClusterSpread odd = spread(kOddCluster);
  if (best.blocks == 8 && shares(odd) && waves(odd) < waves(best)) best = odd;
  if (waves(best) == 1) return best;
  for (const ClusterSpread fewer : {spread(4), spread(2)})
    if (fewer.blocks < best.blocks && shares(fewer) && waves(fewer) <= waves(best)) best = fewer;
  return best;
}

// Whether clusters, which take a row after the other, are done sooner than stream's blocks, a row each and as many at once as fit: rows
// that lie in L2, `near` bytes, or some more that do not fill the device twice, or leave stream's last round nearly empty.
inline bool clusters_outrun_stream(const Problem& p, int sms, std::int64_t near) {
  const std::int64_t round = 2LL * std::max(sms, 1), all_bytes = p.rows * p.cols * bytes(p.dtype);
  const bool spread = 8 * p.rows <= 7 * round && all_bytes <= near / 3 * 4;
  const bool last_round_idles = p.rows > round && 4 * p.rows <= 5 * round;
  return all_bytes <= near || spread || last_round_idles;
}

}  // namespace topkit::cuda
