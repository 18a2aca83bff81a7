// Which rows are so many, so short and so plain that a thread takes each, and how a warp brings them. Host code.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "../algorithms.hpp"
#include "../args.hpp"
#include "../dtype.hpp"

namespace topkit::cuda {

inline constexpr std::int64_t kWarpRowsMostK = 8;
inline constexpr std::int64_t kWarpRowsMostCols = 256;   // a column is a byte
inline constexpr std::int64_t kWarpRowsMostBytes = 512;  // of a row: a warp's take 16 KB
inline constexpr int kChunkGranules = 8;                 // of 16 bytes: what is waited for at once
inline constexpr int kMostChunks = 4;

// Rows that warp_rows_hold() says of. topk_warp_rows.cu
void run_warp_rows(const Args& args, void* stream);

struct WarpRowsShape {
  int granules;  // of 16 bytes, of a row
  int pitch;  // bytes from row to row in shared memory: an odd number of granules, so that eight lanes read all banks
  int log_together;          // 1 << log_together lanes bring a row's chunk
  std::uint32_t low_bits;    // of a column: one less than a power of two
  std::uint32_t reciprocal;  // of k, times 65536: j * reciprocal >> 16 is j / k for j < 256

  static constexpr int warp_bytes(int pitch) { return 32 * pitch + 32 * 8; }  // rows, and their winners' columns
};

inline WarpRowsShape warp_rows_shape(const Problem& p) {
  const std::int64_t row_bytes = p.cols * bytes(p.dtype);
  const auto granules = static_cast<unsigned>(row_bytes / 16);
  const auto padded = static_cast<unsigned>((p.cols + 7) / 8 * 8);
  const unsigned room = bytes(p.dtype) == 4 ? (granules + 1) / 2 * 2 : granules;  // eight elements are two granules
  const auto k = static_cast<std::uint32_t>(p.k);
  return {static_cast<int>(granules), static_cast<int>((room | 1) * 16),
          static_cast<int>(std::bit_width(std::min<unsigned>(granules, kChunkGranules) - 1)), std::bit_ceil(padded) - 1,
          (0xffffU + k) / k};
}

// Rows whose granules lie at multiples of 16 bytes and are all theirs, and whose outputs follow one another.
inline bool warp_rows_hold(const Args& args) {
  const Problem& p = args.problem;
  const std::int64_t size = bytes(p.dtype);
  const auto aligned = [](const void* base, std::int64_t row_bytes) {
    return (reinterpret_cast<std::uintptr_t>(base) | static_cast<std::uintptr_t>(row_bytes)) % 16 == 0;
  };
  return args.values_layout.outer_stride == p.k && args.indices_layout.outer_stride == p.k && p.k > 0 &&
         p.k <= kWarpRowsMostK && p.cols <= kWarpRowsMostCols && p.cols * size <= kWarpRowsMostBytes && size <= 4 &&
         !p.has_lengths && !p.has_row_k && args.ids == nullptr && p.layout.inner == 1 && p.cols * size % 16 == 0 &&
         aligned(args.x, p.layout.outer_stride * size);
}

// Where a group of lanes a row takes longer: from 4096 rows on where they are short, of longer ones where a thread's instructions
// for many winners are still fewer. (H200, us of a group and of a thread: bf16, 65536 x 128, k = 8 15.9 and 11.4, k = 4 6.6 and 8.8;
// f32, 65536 x 64, k = 8 18.1 and 13.0, k = 4 9.6 and 11.1.) General elements' rows would have a warp each.
inline bool warp_rows_pay(const Problem& p) {
  constexpr std::int64_t kFew = 4096;
  const bool many_win = p.k > 4;
  if (p.rows < kFew) return false;
  if (!is_fast(p)) return p.cols <= 128;
  if (bytes(p.dtype) == 4) return p.cols <= 32 || (p.cols <= 64 && many_win && p.rows >= 8 * kFew);
  return p.cols <= 64 || (p.cols <= 128 && many_win && p.rows >= 2 * kFew);
}

}  // namespace topkit::cuda
