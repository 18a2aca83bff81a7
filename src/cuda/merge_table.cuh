// The parts of a row that may have winners, and their candidates numbered in one sequence.
#pragma once

#include <cstdint>

#include "simt.hpp"
#include "sums.cuh"

namespace topkit::cuda {

struct MergeTotals {
  std::uint32_t parts, candidates;
};

// Place `place` of a part of the table.
struct MergePlace {
  std::uint32_t entry, place;
};

struct MergeTable {
  std::uint32_t *part, *count, *begin;  // begin has one more

  __device__ MergeTable(std::uint32_t* words, std::uint32_t parts)
      : part(words), count(words + parts), begin(words + 2 * parts) {}

  __device__ void set(std::uint32_t entry, std::uint32_t which, std::uint32_t many) const {
    part[entry] = which;
    count[entry] = many;
  }

  // Leaves out those of count 0 and numbers the candidates of the others. All threads, behind a barrier; ends with one.
  __device__ MergeTotals number(std::uint32_t entries, std::uint32_t (&sums)[2][kWarp]) const {
    const std::uint32_t warps = blockDim.x / kWarp;
    MergeTotals all{0, 0};
    for (std::uint32_t base = 0; base < entries; base += blockDim.x) {
      const std::uint32_t i = base + threadIdx.x;
      const std::uint32_t mine = i < entries ? count[i] : 0, which = i < entries ? part[i] : 0;
      MergeTotals tile;
      const std::uint32_t before = all.candidates + sum_before(mine, sums[0], warps, tile.candidates);
      const std::uint32_t entry = all.parts + sum_before(mine > 0 ? 1 : 0, sums[1], warps, tile.parts);
      if (mine > 0) {
        set(entry, which, mine);
        begin[entry] = before;
      }
      all.parts += tile.parts;
      all.candidates += tile.candidates;
    }
    if (threadIdx.x == 0) begin[all.parts] = all.candidates;
    __syncthreads();
    return all;
  }

  __device__ MergePlace at(std::uint32_t candidate, std::uint32_t entries) const {
    std::uint32_t entry = 0;
    for (std::uint32_t step = 1U << (31 - __clz(static_cast<int>(entries))); step > 0; step /= 2)
      if (entry + step < entries && begin[entry + step] <= candidate) entry += step;
    return {entry, candidate - begin[entry]};
  }
};

}  // namespace topkit::cuda
