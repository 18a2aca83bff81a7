// How cuda_radix lays out a problem: what it keeps in shared memory and what it needs of the caller's workspace.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../problem.hpp"

namespace topkit::cuda {

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
