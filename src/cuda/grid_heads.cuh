// The first places of all lists of a row in the registers of one block, loaded beside their counts and not behind them.
#pragma once

#include <algorithm>
#include <cmath>

#include "cluster.cuh"
#include "grid_shape.hpp"

namespace topkit::cuda {

inline constexpr int kJoinThreads = 512;
inline constexpr int kJoinSteps = 8;  // vectors of two candidates that a thread loads at most

struct JoinShape {
  int log_lanes;  // threads a list
  int steps;
  int log_group;  // threads whose candidates share one maximum
};

// As many places of each list as nearly all lists of random rows fill.
inline JoinShape join_shape(int k, std::uint32_t blocks, const ClusterShape& part) {
  JoinShape shape{};
  while (kJoinThreads >> (shape.log_lanes + 1) >= static_cast<int>(blocks)) ++shape.log_lanes;
  // What passes in a part, of a bound few ranks below the k-th of its groups' maxima.
  const auto groups = static_cast<float>(part.groups()), wanted = static_cast<float>(k);
  const float mean = (wanted * (1 + wanted / (2 * groups)) + groups / 64) / static_cast<float>(1 << part.log_blocks);
  const float places = mean + 4 * std::sqrt(mean) + 4;
  const int most = kClusterMostK >> (shape.log_lanes + 1);
  shape.steps = std::min({static_cast<int>(places) / (2 << shape.log_lanes) + 1, kJoinSteps, most});
  shape.log_group = cluster_log_group(k, 0);
  return shape;
}

// Of a row's one list, of which all threads read.
inline JoinShape guessed_shape(int k, std::int64_t listed) {
  JoinShape shape{};
  shape.log_lanes = kLogClusterThreads;
  static_assert(kJoinThreads == 1 << kLogClusterThreads);
  shape.steps = static_cast<int>(std::min<std::int64_t>(listed / (2 * kJoinThreads) + 1, kJoinSteps));
  shape.log_group = cluster_log_group(k, 0);
  return shape;
}

// Of one thread: places 2 * (i * lanes + id) and the next of its list are two[i].
struct Heads {
  Vec two[kJoinSteps];
  std::uint32_t there = 0;  // bit 2 * i + half: a candidate

  // How many the list has is known. Returns the best key, 0 where there is none.
  __device__ __forceinline__ Key count(std::uint32_t candidates, std::uint32_t id, const JoinShape& shape) {
    Key best = 0;
#pragma unroll
    for (int i = 0; i < kJoinSteps; ++i) {
      if (i >= shape.steps) break;
      const std::uint32_t at = 2 * (id + (static_cast<std::uint32_t>(i) << shape.log_lanes));
      if (at < candidates) best = ::max(best, two[i].word[1]);
      if (at + 1 < candidates) best = ::max(best, two[i].word[3]);
      there |= (at < candidates ? 1U : 0U) << (2 * i) | (at + 1 < candidates ? 2U : 0U) << (2 * i);
    }
    return best;
  }

  // Appends those that reach the bound to the list of *held.
  __device__ __forceinline__ void append(Key bound, const JoinShape& shape, Candidate* list,
                                         std::uint32_t* held) const {
    std::uint32_t passing = 0;
#pragma unroll
    for (int i = 0; i < kJoinSteps; ++i) {
      if (i >= shape.steps) break;
      passing |= (two[i].word[1] >= bound ? 1U : 0U) << (2 * i) | (two[i].word[3] >= bound ? 2U : 0U) << (2 * i);
    }
    passing &= there;
    if (passing == 0) return;
    std::uint32_t at = atomicAdd(held, static_cast<std::uint32_t>(__popc(passing)));
#pragma unroll
    for (int i = 0; i < kJoinSteps; ++i) {
      if (i >= shape.steps) break;
#pragma unroll
      for (int half = 0; half < 2; ++half)
        if ((passing >> (2 * i + half) & 1U) != 0)
          list[at++] = static_cast<Candidate>(two[i].word[2 * half + 1]) << 32 | two[i].word[2 * half];
    }
  }
};

}  // namespace topkit::cuda
