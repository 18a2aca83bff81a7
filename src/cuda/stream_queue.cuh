// Granules of a warp in which something beats the threshold, put aside while the pass goes on: their elements are looked at
// for 32 granules at once, a lane each, where one at a time would keep 31 lanes and the next loads waiting.
#pragma once

#include "element.hpp"
#include "radix_digits.cuh"
#include "stream_list.cuh"

namespace topkit::cuda {

struct StreamQueue {
  static constexpr int kRoom = 2 * kWarp;

  Vec vecs[kRoom];
  std::uint32_t at[kRoom];  // position of a granule's first element; of one that begins before the row it is huge

  __device__ void put(int place, const Vec& vec, std::uint32_t position) {
    vecs[place] = vec;
    at[place] = position;
  }

  // The last 32 of `queued` granules, or all: what of them beats `rising` goes to the list behind the *passed that it has.
  // False when there is no room for all of it: then nothing was taken, and what was left of the room is nobody's. By the
  // whole warp.
  template <class E>
  __device__ __forceinline__ bool take(const E& element, int& queued, const Rising& rising, std::uint32_t elements,
                                       Candidate* list, std::uint32_t capacity, std::uint32_t* passed) const {
    using Raw = typename E::Raw;
    const int many = ::min(queued, kWarp), mine = queued - many + static_cast<int>(lane());
    __syncwarp(full_mask);
    const auto raws = reinterpret_cast<const Raw*>(&vecs[mine]);
    const auto candidate_of = [&](int e, std::uint32_t position) {
      return candidate(element.key(element.pack(raws[e]), 0), position);
    };
    std::uint32_t winners = 0, first = 0;
    if (static_cast<int>(lane()) < many) {
      Pack packs[E::kPacksPerVec];
      element.unpack(vecs[mine], packs);
      first = at[mine];
#pragma unroll
      for (int i = 0; i < E::kPacksPerVec; ++i) winners |= E::passes(packs[i], rising.threshold) << (i * E::kPerPack);
#pragma unroll 1
      for (std::uint32_t left = winners; left != 0; left &= left - 1) {
        const int e = __ffs(static_cast<int>(left)) - 1;
        if (first + e >= elements || candidate_of(e, first + e) <= rising.floor) winners &= ~(1U << e);
      }
    }
    __syncwarp(full_mask);
    const auto own = static_cast<std::uint32_t>(__popc(winners));
    const std::uint32_t through = sum_through(own), all = __shfl_sync(full_mask, through, kWarp - 1);
    std::uint32_t from = 0;
    if (lane() == 0 && all != 0) from = atomicAdd(passed, all);
    from = __shfl_sync(full_mask, from, 0);
    if (from + all > capacity) {
#pragma unroll 1
      for (std::uint32_t i = from + lane(); i < capacity; i += kWarp) list[i] = 0;
      return false;
    }
    std::uint32_t slot = from + through - own;
#pragma unroll 1
    for (; winners != 0; winners &= winners - 1) {
      const int e = __ffs(static_cast<int>(winners)) - 1;
      list[slot++] = candidate_of(e, first + e);
    }
    queued -= many;
    __syncwarp(full_mask);  // before the places are taken by others
    return true;
  }
};

}  // namespace topkit::cuda
