// How the kernels of merge_topk part their work; pure functions of the problem and the device.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../device.hpp"
#include "../dtype.hpp"
#include "../merge_args.hpp"

namespace topkit::cuda {

inline constexpr int kMostMergeThreads = 512;
inline constexpr std::int64_t kMostSharedParts = 2048;  // whose table lies in shared memory

// What the table of a row's parts has for each of them (merge_table.cuh): part, count and begin.
constexpr std::int64_t merge_table_words(std::int64_t parts) { return 3 * parts + 1; }

struct MergeShape {
  std::uint32_t depth = 0;   // places of a part that can win
  std::uint32_t first = 0;   // the candidates that tell a bound are the first-th of their parts,
  std::uint32_t needed = 0;  // the bound is the needed-th best of them
  std::uint32_t most = 0;    // candidates that may reach it; of more of them some are ranked to find who does not win
  std::uint32_t staged = 0;  // candidates whose keys shared memory holds
  int threads = 0,
      log_lanes = 0;   // of a block; of a part while its last candidate that reaches the bound is looked for
  int log_blocks = 0;  // of a row
  unsigned grid = 0;
  bool tabulated = true;  // the table lies in shared memory
  std::size_t staged_at = 0, shared_bytes = 0;
  std::size_t tables_at = 0, workspace_bytes = 0;
};

constexpr std::size_t merge_aligned(std::size_t bytes) { return (bytes + 255) / 256 * 256; }

// Of a candidate in shared memory: its id, and key and name in two rooms (merge_staged.cuh).
inline std::int64_t merge_staged_bytes(DType dtype) { return 8 + 2 * (bytes(dtype) + 2); }

inline MergeShape merge_shape(const MergeArgs& args, const Device& device) {
  constexpr std::int64_t kLeastThreads = 64, kMostBlocks = 1 << 30;
  constexpr std::int64_t kNotMany = 512;  // candidates that are merged sooner than ranked
  constexpr std::int64_t kFewRowsThreads = 256, kManyRowsThreads = 256, kManyRowsShare = 8;
  MergeShape shape;
  if (args.rows == 0 || args.k == 0) return shape;
  const std::int64_t k = args.k, depth = std::min(args.width, k);
  const std::int64_t most = std::min(args.parts * depth, std::max(2 * k + kLeastThreads, kNotMany));
  shape.depth = static_cast<std::uint32_t>(depth);
  shape.most = static_cast<std::uint32_t>(most);

  const auto padded = [](std::int64_t bytes) { return (bytes + 7) / 8 * 8; };
  const std::int64_t table_bytes = 4 * merge_table_words(args.parts);
  constexpr std::int64_t kPivotBytes = 24;  // of the candidates that tell the bound, before others are staged
  shape.tabulated = args.parts <= kMostSharedParts;
  shape.staged_at = shape.tabulated ? static_cast<std::size_t>(padded(table_bytes)) : 0;
  const std::int64_t staged_bytes = most * merge_staged_bytes(args.dtype);
  constexpr std::int64_t kStaticBytes = 2048;
  const bool staged = static_cast<std::int64_t>(shape.staged_at) + staged_bytes <= device.shared_bytes - kStaticBytes;
  if (staged) shape.staged = shape.most;

  // Of few rows a thread has a candidate or two, of many some, so that its searches are fewer.
  const bool few = args.rows <= 2 * device.sms;
  const std::int64_t least = few || !staged ? kFewRowsThreads : kLeastThreads;
  const std::int64_t enough =
      few || !staged ? k : std::min((k + kManyRowsShare - 1) / kManyRowsShare, kManyRowsThreads);
  std::int64_t threads = least;
  while (threads < kMostMergeThreads && threads < enough) threads *= 2;
  while (threads < kFewRowsThreads && threads < args.parts) threads *= 2;
  shape.threads = static_cast<int>(threads);

  // Parts are looked at in groups, one a thread.
  const std::int64_t groups = std::min(args.parts, threads);
  const std::int64_t first = (k + groups - 1) / groups;
  shape.first = static_cast<std::uint32_t>(first);
  shape.needed = static_cast<std::uint32_t>((k + first - 1) / first);
  constexpr int kMostLogLanes = 5;
  while (shape.log_lanes < kMostLogLanes && args.parts << (shape.log_lanes + 1) <= threads) ++shape.log_lanes;
  shape.shared_bytes =
      shape.staged_at + static_cast<std::size_t>(std::max(groups * kPivotBytes, staged ? padded(staged_bytes) : 0));

  if (!staged && shape.tabulated)
    while (args.rows << (shape.log_blocks + 1) <= 2 * static_cast<std::int64_t>(device.sms) &&
           threads << shape.log_blocks < k)
      ++shape.log_blocks;
  const std::int64_t most_blocks = shape.tabulated ? kMostBlocks : 2 * device.sms;
  shape.grid = static_cast<unsigned>(std::min(args.rows, most_blocks >> shape.log_blocks) << shape.log_blocks);

  // Winners of order index by rank, then the tables.
  if (args.order == Order::index) shape.tables_at = merge_aligned(static_cast<std::size_t>(args.rows * k) * 4);
  shape.workspace_bytes = shape.tables_at;
  if (!shape.tabulated) shape.workspace_bytes += static_cast<std::size_t>(shape.grid * table_bytes);
  return shape;
}

}  // namespace topkit::cuda
