// How cuda_partition lays out a problem: samples, buckets, chunks of a row, and the caller's workspace.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "../problem.hpp"
#include "radix_shape.hpp"

namespace topkit::cuda {

inline constexpr int kPartitionThreads = 512;
inline constexpr std::int64_t kPartitionOrdered = 4096;  // what a block puts into order at once
inline constexpr int kMostPartitionBuckets = 4096;
inline constexpr std::int64_t kMostPartitionChunks = 2048;
inline constexpr int kMostSampleVecs = 16;

inline constexpr int kPartitionCells = 4096;     // by which a candidate's bucket is found
inline constexpr int kPartitionCellsBefore = 8;  // in front of them, to a boundary of 16 bytes
inline constexpr std::size_t kPartitionCellBytes = 2 * (kPartitionCells + kPartitionCellsBefore);

struct PartitionShape {
  std::uint32_t buckets;   // of a row, at most
  std::uint32_t chunks;    // of a row, a block each
  std::uint32_t tiles;     // of a chunk
  int sample_vecs;         // granules that a thread of the sample has, at most
  float winners_a_bucket;  // wanted
  float sampled_winners;   // of a row
  bool own_rooms;          // of a chunk's candidates, in the order of chunks
  std::uint32_t capacity;  // candidates of a row that are kept
  std::int64_t rows;       // of one round of launches
  std::size_t cells_at, splitters_at, bases_at, offsets_at, candidates_at, row_bytes;
  std::size_t workspace_bytes;
};

inline bool partition_can(const Problem& p) { return bytes(p.dtype) <= 4; }

constexpr std::int64_t partition_tile_vecs(int element_bytes) { return element_bytes == 4 ? 2 : 1; }

// What a count of `expected` in a sample of whole granules hardly ever exceeds: neighbours may win together.
template <class Root>
constexpr float partition_at_most(float expected, int granule, Root root) {
  return expected + 5.0F * root(expected * static_cast<float>(granule) / 2.0F) + 2.0F * static_cast<float>(granule);
}

// Granules that a thread of the sample may have, in what shared memory holds beside the list that is ordered.
constexpr int partition_sample_vecs(std::int64_t shared_bytes) {
  constexpr std::int64_t kOther = kPartitionOrdered * 8 + 28 * 1024, kVec = kPartitionThreads * 16;
  return static_cast<int>(std::clamp<std::int64_t>((shared_bytes - kOther) / kVec, 1, kMostSampleVecs));
}

inline PartitionShape partition_shape(const Problem& p, int sample_vecs) {
  constexpr std::int64_t kBlocks = 264;  // that sort at once on a large device
  constexpr std::size_t kMostBytes = std::size_t{256} << 20;
  PartitionShape shape{};
  const std::int64_t rows = std::max<std::int64_t>(p.rows, 1), cols = std::max<std::int64_t>(p.cols, 1);
  const std::int64_t k = std::clamp<std::int64_t>(std::min(p.k, p.cols), 1, cols);
  const std::int64_t granule = 16 / bytes(p.dtype), granules = cols / granule + 2;

  const std::int64_t bucket = std::clamp<std::int64_t>(k * rows / kBlocks, 512, 2048);
  shape.winners_a_bucket = static_cast<float>(bucket);
  // Sixteen for each bucket, or six where that takes more of the row than four granules a thread.
  const std::int64_t cheap = 4 * kPartitionThreads * granule * k / cols;
  const std::int64_t samples =
      std::clamp<std::int64_t>(std::max(6 * k / bucket, std::min(16 * k / bucket, cheap)), 128, 3072);
  shape.sampled_winners = static_cast<float>(samples);
  const double sampled_granules =
      static_cast<double>(samples) * static_cast<double>(cols) / static_cast<double>(k) / static_cast<double>(granule);
  shape.sample_vecs = static_cast<int>(
      std::clamp<double>(std::ceil(sampled_granules / kPartitionThreads), 1.0, static_cast<double>(sample_vecs)));
  const std::int64_t sampled = shape.sample_vecs * kPartitionThreads * granule;
  const std::int64_t least = std::min<std::int64_t>(bucket, kPartitionOrdered / 4);
  shape.buckets = static_cast<std::uint32_t>(std::min<std::int64_t>(k * 3 / (2 * least) + 4, kMostPartitionBuckets));

  // A chunk brings twice as many candidates as there are buckets, where that leaves enough chunks for all blocks.
  const std::int64_t tile = kPartitionThreads * partition_tile_vecs(bytes(p.dtype));
  const std::int64_t tiles = (granules + tile - 1) / tile;
  const double winners_a_tile =
      static_cast<double>(tile * granule) * static_cast<double>(k) / static_cast<double>(cols);
  const auto wanted = static_cast<std::int64_t>(2.0 * shape.buckets / winners_a_tile);
  const std::int64_t most = std::max<std::int64_t>(tiles * rows / kBlocks, 1);
  const std::int64_t fewest = (tiles + kMostPartitionChunks - 1) / kMostPartitionChunks;
  const std::int64_t each = std::max(std::clamp<std::int64_t>(wanted, 1, most), fewest);
  shape.tiles = static_cast<std::uint32_t>(each);
  shape.chunks = static_cast<std::uint32_t>((tiles + each - 1) / each);

  // Each chunk has room for all of it where that is not much more than what is needed.
  const std::int64_t all = static_cast<std::int64_t>(shape.chunks) * each * tile * granule;
  shape.own_rooms = all <= 4 * k;
  const auto most_of = [&](float expected) {
    return partition_at_most(expected, static_cast<int>(granule), [](float v) { return std::sqrt(v); });
  };
  // Where the sample meets few winners, what it wants of them for safety is many times k.
  const auto met = static_cast<float>(std::min(static_cast<double>(samples), static_cast<double>(sampled) * k / cols));
  const double kept = static_cast<double>(k) * most_of(most_of(met)) / std::max(met, 1e-9F) + kPartitionOrdered;
  shape.capacity = static_cast<std::uint32_t>(
      shape.own_rooms ? all : static_cast<std::int64_t>(std::min(static_cast<double>(cols), kept)));
  constexpr std::size_t kHeadBytes = 64;
  shape.cells_at = kHeadBytes;
  shape.splitters_at = shape.cells_at + kPartitionCellBytes;
  shape.bases_at = shape.splitters_at + round16(std::size_t{8} * shape.buckets);
  shape.offsets_at = shape.bases_at + round16(std::size_t{4} * shape.chunks);
  shape.candidates_at = shape.offsets_at + round16(std::size_t{4} * shape.chunks * (shape.buckets + 1));
  shape.row_bytes = shape.candidates_at + round16(std::size_t{8} * shape.capacity);
  constexpr std::int64_t kMostBlocks = 1 << 30;  // of a launch
  const std::int64_t blocks = std::max(shape.chunks, shape.buckets);
  shape.rows = std::clamp<std::int64_t>(static_cast<std::int64_t>(kMostBytes / shape.row_bytes), 1,
                                        std::min(rows, std::max<std::int64_t>(kMostBlocks / blocks, 1)));
  shape.workspace_bytes = shape.row_bytes * static_cast<std::size_t>(shape.rows);
  return shape;
}

// Launches of one call.
inline int partition_launches(const Problem& p, const PartitionShape& shape) {
  const std::int64_t rounds = (p.rows + shape.rows - 1) / shape.rows;
  return static_cast<int>(rounds) * (p.order == Order::index ? 5 : 3);
}

}  // namespace topkit::cuda
