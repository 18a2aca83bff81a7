// How cuda_select lays out order value: every block of a row holds all of it and puts a part of the winners into order.
#pragma once

#include "select_shape.hpp"

namespace topkit::cuda {

inline constexpr std::int64_t kMostSelectSorted = 8192;                       // winners of a block
inline constexpr int kSelectSortThreads = 256;                                // of a block, or a multiple
inline constexpr int kSelectSortDigits = 256;                                 // values of a digit
inline constexpr std::int64_t kSelectDeviceShared = std::int64_t{227} << 10;  // of a block, and of it the dynamic part
inline constexpr std::size_t kSelectShared = static_cast<std::size_t>(kSelectDeviceShared) - 1152;
// Winners that guess the same place, or, of types of 32 bits where they crowd, one of two places.
inline constexpr std::uint32_t kMostOfCell = 15, kMostOfPair = 63;
inline constexpr std::uint32_t kSpareCells = 512;  // places behind the last winner that are guessed too

struct SelectSortShape {
  SelectShape row;       // of one block
  std::uint32_t blocks;  // of a row
  std::uint32_t most;    // winners of a block
  std::uint32_t
      cells;  // of the row's winners; 0: there is no room for them, so digits alone put the winners into order
  std::size_t pairs_at, cells_at, before_at;
  std::size_t counters_at;  // of the digits' counters, behind the pairs that take the row's place
};

constexpr std::size_t round128(std::size_t bytes) { return (bytes + 127) / 128 * 128; }

inline SelectSortShape select_sort_shape(const Problem& p, int blocks, bool aligned) {
  SelectSortShape shape{};
  shape.row = select_shape(p, 0, aligned);
  shape.blocks = static_cast<std::uint32_t>(blocks);
  const std::int64_t k = std::clamp<std::int64_t>(p.k, 1, std::max<std::int64_t>(p.cols, 1));
  shape.most = static_cast<std::uint32_t>((k + blocks - 1) / blocks);
  constexpr std::int64_t kOfThread = kMostSelectSorted / kMostSelectThreads;
  const std::int64_t threads = std::max<std::int64_t>(shape.row.threads, (shape.most + kOfThread - 1) / kOfThread);
  shape.row.threads = static_cast<int>((threads + kSelectSortThreads - 1) / kSelectSortThreads * kSelectSortThreads);
  const std::size_t row_bytes = shape.row.shared_bytes - shape.row.share_at;
  const std::size_t others =
      round128(std::size_t{8} * shape.most);  // pairs that take the row's place, before the counters
  const std::size_t area =
      std::max(row_bytes, others + static_cast<std::size_t>(shape.row.threads) / 32 * kSelectSortDigits * 4);
  // A key of each bin before there are pairs.
  const std::size_t pairs = std::max(
      round128(std::size_t{8} * (shape.most + 2 * (bytes(p.dtype) == 4 ? kMostOfPair : kMostOfCell))), kSelectBinBytes);
  shape.pairs_at = kSelectBinBytes;
  shape.cells_at = shape.pairs_at + pairs;
  const std::int64_t cells = (k + kSpareCells + 3) / 4 * 4;
  shape.before_at = shape.cells_at + round128(static_cast<std::size_t>(cells));
  const std::size_t behind = shape.before_at + round128(static_cast<std::size_t>(cells) / 2);
  constexpr std::int64_t kMostElements = 65535;
  const std::int64_t most_cells = bytes(p.dtype) == 4 ? 32767 : kMostElements;
  if (cells <= most_cells && p.cols <= kMostElements && behind + area <= kSelectShared) {
    shape.cells = static_cast<std::uint32_t>(cells);
    shape.row.share_at = behind;
  } else {
    shape.row.share_at = shape.cells_at;
  }
  shape.counters_at = shape.row.share_at + others;
  shape.row.shared_bytes = shape.row.share_at + area;
  return shape;
}

inline bool select_can_sort(const Problem& p, int blocks) {
  return p.cols * bytes(p.dtype) <= kMostSelectShare && std::min(p.k, p.cols) <= kMostSelectSorted * blocks &&
         select_sort_shape(p, blocks, false).row.shared_bytes <= kSelectShared;
}

inline bool select_can(const Problem& p) {
  if (p.order != Order::value) return select_can_pick(p);
  return (bytes(p.dtype) == 2 || bytes(p.dtype) == 4) && select_can_sort(p, kMostSelectBlocks);
}

// Blocks for a row, order value: as many as fill the device, and enough for its winners. 0: none are.
inline int select_sort_blocks(const Problem& p, int sms) {
  const std::int64_t few = std::clamp<std::int64_t>(sms / std::max<std::int64_t>(p.rows, 1), 1, kMostSelectBlocks);
  for (auto blocks = static_cast<int>(few); blocks <= kMostSelectBlocks; ++blocks)
    if (select_can_sort(p, blocks)) return blocks;
  return 0;
}

}  // namespace topkit::cuda
