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

  constexpr int loaded() const { return 2 * steps << log_lanes; }  // of a list, at most
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

  // Of a thread that ends its list, where the list has more than was loaded: the last of what was.
  __device__ __forceinline__ Candidate last(const JoinShape& shape) const {
    Candidate of_all = 0;
#pragma unroll
    for (int i = 0; i < kJoinSteps; ++i)
      if (i < shape.steps) of_all = at(i, 1);
    return of_all;
  }

  // How many have a better key.
  __device__ __forceinline__ unsigned above(Key key, const JoinShape& shape) const {
    return static_cast<unsigned>(__popc(passing([key](Candidate c) { return key_of(c) > key; }, shape)));
  }

  // Appends those that reach the bound to the list of *held.
  __device__ __forceinline__ void append(Key bound, const JoinShape& shape, Candidate* list,
                                         std::uint32_t* held) const {
    append_passing(passing([bound](Candidate c) { return key_of(c) >= bound; }, shape), shape, list, held);
  }
  __device__ __forceinline__ void append_from(Candidate floor, const JoinShape& shape, Candidate* list,
                                              std::uint32_t* held) const {
    append_passing(passing([floor](Candidate c) { return c >= floor; }, shape), shape, list, held);
  }

  // half 0 or 1 of two[i].
  __device__ __forceinline__ Candidate at(int i, int half) const {
    return static_cast<Candidate>(two[i].word[2 * half + 1]) << 32 | two[i].word[2 * half];
  }

 private:
  template <class Passes>
  __device__ __forceinline__ std::uint32_t passing(Passes passes, const JoinShape& shape) const {
    std::uint32_t bits = 0;
#pragma unroll
    for (int i = 0; i < kJoinSteps; ++i) {
      if (i >= shape.steps) break;
      bits |= (passes(at(i, 0)) ? 1U : 0U) << (2 * i) | (passes(at(i, 1)) ? 2U : 0U) << (2 * i);
    }
    return bits & there;
  }
  __device__ __forceinline__ void append_passing(std::uint32_t bits, const JoinShape& shape, Candidate* list,
                                                 std::uint32_t* held) const {
    if (bits == 0) return;
    std::uint32_t to = atomicAdd(held, static_cast<std::uint32_t>(__popc(bits)));
#pragma unroll
    for (int i = 0; i < kJoinSteps; ++i) {
      if (i >= shape.steps) break;
#pragma unroll
      for (int half = 0; half < 2; ++half)
        if ((bits >> (2 * i + half) & 1U) != 0) list[to++] = at(i, half);
    }
  }
};

}  // namespace topkit::cuda
