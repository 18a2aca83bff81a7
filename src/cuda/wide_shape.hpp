// How cuda_wide lays out a problem: the sample, the buckets, the chunks of a row, and the caller's workspace.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "../problem.hpp"
#include "radix_shape.hpp"
#include "sort_shape.hpp"

namespace topkit::cuda {

inline constexpr int kMostWideThreads = 256,
                     kFewWideThreads = 64;  // of a block that puts kSortItems words each into order
inline constexpr int kWideFilterThreads = 256, kWideFilterItems = 8;
inline constexpr std::int64_t kWideWordBytes = 16, kMostWideBuckets = 2048;
inline constexpr std::int64_t kWideBucket = 2000;  // winners of a bucket, of up to 4096 that a block orders at once
inline constexpr std::int64_t kWideListedWinners = 3000;  // up to which a row has one bucket

// What a count of `expected` in the sample hardly ever exceeds.
template <class Root>
constexpr float wide_at_most(float expected, Root root) {
  return expected + 5.0F * root(expected) + 8.0F;
}

struct WideShape {
  int threads;             // of the blocks that sample and that order; kSortItems samples each
  std::uint32_t buckets;   // of a row, at most
  std::uint32_t chunk;     // elements
  std::uint32_t chunks;    // of a row, a block each
  std::uint32_t capacity;  // words of a row that are kept
  std::int64_t rows;       // of one round of launches
  std::size_t splitters_at, counts_at, words_at, row_bytes;
  std::size_t workspace_bytes;
};

// By ascending index one block must see all winners.
inline bool wide_can(const Problem& p) {
  return bytes(p.dtype) == 8 && (p.order != Order::index || p.k <= kMostWideThreads * kSortItems);
}

inline WideShape wide_shape(const Problem& p) {
  constexpr std::int64_t kBlocks = 2112;  // of the filter, that a large device holds twice over
  constexpr std::int64_t kMostBlocks = 1 << 30, kMostTiles = 16;
  constexpr std::size_t kMostBytes = std::size_t{64} << 20, kHeadBytes = 16;
  constexpr double kFewWords = 1000;  // far enough below what few threads order at once
  WideShape shape{};
  const std::int64_t rows = std::max<std::int64_t>(p.rows, 1), cols = std::max<std::int64_t>(p.cols, 1);
  const std::int64_t k = std::clamp<std::int64_t>(p.k, 1, cols);
  const auto samples = [&](int threads) { return static_cast<double>(threads * kSortItems); };
  const auto words = [&](int threads) {
    const double share = samples(threads) / static_cast<double>(cols);
    const auto met = static_cast<float>(static_cast<double>(k) * share);
    return static_cast<double>(wide_at_most(met, [](float v) { return std::sqrt(v); })) / share;
  };
  shape.threads = words(kFewWideThreads) <= kFewWords ? kFewWideThreads : kMostWideThreads;
  const double expected = words(shape.threads);
  const bool one = p.order == Order::index || k <= kWideListedWinners;
  const auto buckets = one ? 1 : static_cast<std::int64_t>(expected / kWideBucket * 1.5) + 2;
  shape.buckets = static_cast<std::uint32_t>(std::min(buckets, kMostWideBuckets));
  // Of one bucket twice what is expected: that many of the sample's few are never so far apart.
  const double kept = one ? 2 * expected + 512 : expected * 1.2 + 8192;
  const auto least = static_cast<std::int64_t>(samples(shape.threads));  // rows without a sample are kept whole
  shape.capacity =
      static_cast<std::uint32_t>(std::max(least, static_cast<std::int64_t>(std::min(kept, static_cast<double>(cols)))));

  constexpr std::int64_t kTile = kWideFilterThreads * kWideFilterItems;
  const std::int64_t tiles = (cols + kTile - 1) / kTile;
  const std::int64_t each = std::clamp<std::int64_t>(tiles * std::min(rows, kBlocks) / kBlocks, 1, kMostTiles);
  shape.chunk = static_cast<std::uint32_t>(each * kTile);
  shape.chunks = static_cast<std::uint32_t>((tiles + each - 1) / each);

  shape.splitters_at = kHeadBytes;
  shape.counts_at = shape.splitters_at + static_cast<std::size_t>(kWideWordBytes) * shape.buckets;
  shape.words_at = shape.counts_at + round16(std::size_t{8} * shape.buckets);
  shape.row_bytes = shape.words_at + static_cast<std::size_t>(kWideWordBytes) * shape.capacity;
  shape.rows = std::clamp<std::int64_t>(
      static_cast<std::int64_t>(kMostBytes / shape.row_bytes), 1,
      std::min(rows, kMostBlocks / static_cast<std::int64_t>(std::max(shape.chunks, shape.buckets))));
  shape.workspace_bytes = shape.row_bytes * static_cast<std::size_t>(shape.rows);
  return shape;
}

// Launches of one call.
inline int wide_launches(const Problem& p, const WideShape& shape) {
  const std::int64_t rounds = (p.rows + shape.rows - 1) / shape.rows;
  return static_cast<int>(rounds) * (shape.buckets == 1 ? 3 : 4);
}

}  // namespace topkit::cuda
