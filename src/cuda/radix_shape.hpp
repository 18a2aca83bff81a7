// How cuda_radix lays out a problem: what it keeps in shared memory and what it needs of the caller's workspace.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "../problem.hpp"

namespace topkit::cuda {

// A row in the registers of one block or a cluster: what shared memory holds of it.
struct RadixResident {
  int blocks;  // of a row; 0: this row or k is for the passes over memory
  int blocks_log;
  int dealt_log;  // blocks_log, or 0 where each block has a contiguous piece
  int depth;      // stages of kStageVecs granules a thread that are loaded ahead
  std::size_t shared_bytes;
};

inline constexpr int kMostRadixBlocks = 16;
inline constexpr std::int64_t kRadixCapacity = 4096;
inline constexpr std::int64_t kMostRadixK = 3072;    // what radix_exact.cuh puts into order at once
inline constexpr std::int64_t kMostClusterK = 8192;  // not of order index, and where lists hold what passes
// Two stages are room for a list, which is put into order there once the row has been read.
inline constexpr int kDeepRing = 6, kRing = 3, kShallowRing = 2, kStageVecs = 2;
inline constexpr std::int64_t kRadixBlockThreads = 512;
inline constexpr std::int64_t kStageBytes = kRadixBlockThreads * 16 * kStageVecs;
static_assert(kShallowRing * kStageBytes >= kRadixCapacity * 8);
// Shared memory: a list, a granule a thread of the sample, the stages, and of a cluster what other blocks send.
inline constexpr std::int64_t kSampleAt = kRadixCapacity * 8, kRingAt = kSampleAt + kRadixBlockThreads * 16;

constexpr std::int64_t radix_received_at(int depth) { return kRingAt + depth * kStageBytes; }

inline void set_depth(RadixResident& shape, int depth) {
  shape.depth = depth;
  shape.shared_bytes = static_cast<std::size_t>(radix_received_at(depth) + (shape.blocks > 1 ? kRadixCapacity * 8 : 0));
}

// `blocks` as asked, or 0 where that cannot be: types of 8 and 64 bits, more winners than shared memory has room for.
// deep: a multiprocessor has one block, whose loads alone keep it busy.
inline RadixResident radix_resident_shape(const Problem& p, int blocks, std::int64_t shared_bytes, bool deep = false) {
  constexpr std::int64_t kStateBytes = 20 * 1024;
  RadixResident shape{};
  const std::int64_t k = std::min(p.k, p.cols);
  const std::int64_t granule = 16 / bytes(p.dtype);
  if (bytes(p.dtype) > 4 || bytes(p.dtype) == 1 || blocks < 1 || blocks > kMostRadixBlocks || k < 1) return shape;
  // For order index a block has a bit for each element of its share, which is rounded up.
  constexpr std::int64_t kShareBits = 65536;
  if (p.order == Order::index && p.cols / blocks + 16 * granule > kShareBits) return shape;
  // The bound lets a quarter more than k pass, of long rows up to twice as many.
  if (k > (p.order == Order::index ? kMostRadixK : kMostClusterK)) return shape;
  const std::int64_t received = blocks > 1 ? kRadixCapacity * 8 : 0;
  const std::int64_t stages = (shared_bytes - kStateBytes - kRingAt - received) / kStageBytes;
  if (stages < kShallowRing) return shape;
  shape.blocks = blocks;
  set_depth(shape, deep && stages >= kDeepRing ? kDeepRing : stages >= kRing ? kRing : kShallowRing);
  while (1 << shape.blocks_log < blocks) ++shape.blocks_log;
  shape.dealt_log = p.order == Order::index ? 0 : shape.blocks_log;  // which has a bit for each element of a share
  return shape;
}

// The sample is halved, to 2^kLeastSampleLog granules at least, while more than this of it are expected among the winners: ranks
// among fewer are less certain, among more hardly more.
inline constexpr float kMostReach = 384;
inline constexpr int kLeastSampleLog = 5;

// Of `expected` elements that are as many as lie above `of` of a sample: no more in all but one of a thousand rows.
inline constexpr double kListDeviations = 3.2;
inline double most_listed(double expected, double of) {
  return expected * (1 + kListDeviations / std::sqrt(of) + 2.5 / of);
}

// Whether what reaches the bound (RadixSample::of) fits the lists of so many blocks, and what one sends another its room there, in
// all but one of a thousand rows. The longer the row, the fewer of its sample tell where the k-th is, and the less certain is
// how many pass.
inline bool radix_lists_hold(const Problem& p, int blocks) {
  constexpr double kCapacity = kRadixCapacity;
  const auto cols = static_cast<double>(std::max<std::int64_t>(p.cols, 1));
  const double won = static_cast<double>(std::min(p.k, p.cols)) / cols;
  const std::int64_t per_granule = 16 / bytes(p.dtype);
  std::int64_t sample = kRadixBlockThreads * per_granule;
  while (sample > per_granule << kLeastSampleLog && won * static_cast<double>(sample) > kMostReach) sample /= 2;
  const double part = std::min(static_cast<double>(sample) / cols, 1.0);
  const double wanted = won * cols * part, reach = wanted + 3.5 * std::sqrt(wanted) + 3;
  const double listed = most_listed(reach / part / blocks, reach / blocks), sent = blocks == 1 ? 0 : listed / blocks;
  return listed <= kCapacity && sent + kListDeviations * std::sqrt(sent) <= kCapacity / blocks;
}

// Blocks for a row of this problem on a device of `sms` multiprocessors, or 0.
inline int radix_blocks(const Problem& p, int sms, bool clusters, std::int64_t shared_bytes) {
  // Columns of a block below which more blocks do not pay, nor a second one its hop.
  constexpr std::int64_t kLeastShare = 4096, kLeastShareOfTwo = 8192;
  constexpr std::int64_t kLargestClusters = 4;  // of kMostRadixBlocks that surely are resident together
  // Clusters are placed within groups of 16 or 18 multiprocessors: of the larger ones an eighth of a device holds none.
  const auto resident = [&](int of_row) { return of_row * p.rows <= (of_row > 2 ? sms - sms / 8 : sms); };
  int blocks = 1;
  while (clusters && blocks < kMostRadixBlocks &&
         (radix_resident_shape(p, blocks, shared_bytes).blocks == 0 || !radix_lists_hold(p, blocks) ||
          (resident(2 * blocks) && p.cols / (2 * blocks) >= (blocks == 1 ? kLeastShareOfTwo : kLeastShare) &&
           (2 * blocks < kMostRadixBlocks || p.rows <= kLargestClusters))))
    blocks *= 2;
  if (std::min(p.k, p.cols) > kMostRadixK &&
      (!radix_lists_hold(p, blocks) || (blocks == kMostRadixBlocks && p.rows > kLargestClusters)))
    return 0;
  return radix_resident_shape(p, blocks, shared_bytes).blocks;
}

// Rows of one block that it takes into registers, 16384 elements after the other (radix_rows.cuh).
inline constexpr std::int64_t kMostRowsCols = 32768;
// A list, and the place in which radix_exact.cuh puts kMostRadixK winners into order.
inline constexpr std::size_t kRadixRowsBytes = kSampleAt + (kMostRadixK + 4) * 8;

// Of very many rows of a 16-bit type a block takes two, each with a shorter list (radix_pairs.cuh).
inline constexpr std::int64_t kPairsFromRows =
    265;  // more than a block a row leaves no place for on a device of 132 multiprocessors
inline constexpr std::int64_t kRadixPairCapacity = 3072;
// Each list has words of 32 bits, and as much room behind kSampleAt for the same in bins; behind those are the bins of one row.
inline constexpr std::int64_t kSecondListAt = kRadixPairCapacity * 4 + 128;
inline constexpr std::size_t kRadixPairBytes = kSampleAt + (kMostRadixK + 32) * 8 + 4096 * 4;

// Winners in order are in any order, and sooner than radix_resident's.
inline bool radix_rows_hold(const Problem& p) {
  return p.order != Order::index && p.cols <= kMostRowsCols && std::min(p.k, p.cols) <= kMostRadixK;
}

struct RadixShape {
  std::int64_t blocks;
  bool caches;  // a row's keys fit shared memory
  std::uint32_t
      pairs;  // room for this many winners in shared memory, a power of two; 0: they are sorted in the workspace
  std::size_t indices_at;  // their indices lie at this offset of shared memory
  std::size_t shared_bytes;
  std::int64_t most_winners;  // of a row
  std::size_t workspace_bytes;
};

constexpr std::size_t round16(std::size_t bytes) { return (bytes + 15) / 16 * 16; }
constexpr std::size_t sort_keys_bytes(std::size_t width, std::int64_t k) {
  return round16(2 * width * static_cast<std::size_t>(k));
}
constexpr std::size_t sort_space_bytes(std::size_t width, std::int64_t k) {
  return sort_keys_bytes(width, k) + round16(8 * static_cast<std::size_t>(k));
}

inline RadixShape radix_shape(const Problem& p) {
  constexpr std::int64_t kSharedPairs = 4096, kCacheBytes = 64 * 1024, kSortingBlocks = 264, kMostBlocks = 1 << 20;
  const auto width = static_cast<std::size_t>(bytes(p.dtype));
  RadixShape shape{};
  shape.blocks = std::min(p.rows, kMostBlocks);
  shape.most_winners = std::min(p.k, p.cols);
  const bool sorts = p.order == Order::value;
  if (sorts && shape.most_winners > kSharedPairs) {
    shape.blocks = std::min(p.rows, kSortingBlocks);
    shape.workspace_bytes = static_cast<std::size_t>(shape.blocks) * sort_space_bytes(width, shape.most_winners);
    return shape;
  }
  shape.caches = p.cols * static_cast<std::int64_t>(width) <= kCacheBytes;
  if (sorts) {
    shape.pairs = 1;
    while (shape.pairs < shape.most_winners) shape.pairs *= 2;
  }
  const std::size_t keys = (shape.caches ? static_cast<std::size_t>(p.cols) : 0) + shape.pairs;
  shape.indices_at = round16(keys * width);
  shape.shared_bytes = shape.indices_at + shape.pairs * std::size_t{4};
  return shape;
}

}  // namespace topkit::cuda
