// How the grid kernel parts a row, and what it needs for it; a pure function that the plan calls.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../problem.hpp"

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

}  // namespace topkit::cuda
