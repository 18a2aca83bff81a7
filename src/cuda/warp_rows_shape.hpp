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
inline constexpr std::int64_t kWarpRowsMostCols = 256;  // a column is a byte
inline constexpr int kChunkGranules = 8;                // of 16 bytes: what is waited for at once

// Rows that warp_rows_hold() says of. topk_warp_rows.cu
void run_warp_rows(const Args& args, void* stream);

struct WarpRowsShape {
  int granules;  // of 16 bytes, of a row
  // Two chunks of a warp's rows are in shared memory at a time, which is all of rows of 256 bytes.
  bool is_whole;
  int pitch;                 // bytes from row to row: an odd number of granules, so that eight lanes read all banks
  int chunk_bytes;           // from a chunk of a row to the next
  int warp_bytes;            // of two chunks, and of the winners' columns behind them
  int log_together;          // 1 << log_together lanes bring a row's chunk
  std::uint32_t low_bits;    // of a column: one less than a power of two
  std::uint32_t reciprocal;  // of k, times 65536: j * reciprocal >> 16 is j / k for j < 256
};

inline WarpRowsShape warp_rows_shape(const Problem& p) {
  const auto granules = static_cast<int>(p.cols * bytes(p.dtype) / 16);
  const auto padded = static_cast<unsigned>((p.cols + 7) / 8 * 8), k = static_cast<unsigned>(p.k);
  WarpRowsShape shape{};
  shape.granules = granules;
  shape.is_whole = granules <= 2 * kChunkGranules;
  const int room = bytes(p.dtype) == 4 ? (granules + 1) / 2 * 2 : granules;  // eight elements are two granules
  shape.pitch = 16 * (shape.is_whole ? room | 1 : kChunkGranules + 1);
  shape.chunk_bytes = shape.is_whole ? 16 * kChunkGranules : 32 * shape.pitch;
  shape.warp_bytes = 32 * shape.pitch * (shape.is_whole ? 1 : 2) + 32 * static_cast<int>(kWarpRowsMostK);
  shape.log_together = std::bit_width(static_cast<unsigned>(std::min(granules, kChunkGranules)) - 1);
  shape.low_bits = std::bit_ceil(padded) - 1;
  shape.reciprocal = (0xffffU + k) / k;
  return shape;
}

// Rows whose granules lie at multiples of 16 bytes and are all theirs, and whose outputs follow one another.
inline bool warp_rows_hold(const Args& args) {
  const Problem& p = args.problem;
  const std::int64_t size = bytes(p.dtype);
  const auto aligned = [](const void* base, std::int64_t row_bytes) {
    return (reinterpret_cast<std::uintptr_t>(base) | static_cast<std::uintptr_t>(row_bytes)) % 16 == 0;
  };
  const auto dense = [&](const void* output, const Layout& layout) {
    return output == nullptr || layout.outer_stride == p.k;
  };
  return dense(args.values, args.values_layout) && dense(args.indices, args.indices_layout) && p.k > 0 &&
         p.k <= kWarpRowsMostK && p.cols <= kWarpRowsMostCols && size <= 4 && !p.has_lengths && !p.has_row_k &&
         args.ids == nullptr && p.layout.inner == 1 && p.cols * size % 16 == 0 &&
         aligned(args.x, p.layout.outer_stride * size);
}

// Rows from which on a thread each takes less time than a group of lanes each (H200, 132 multiprocessors, both timed at 1024 to
// 1000000 rows of 8, 32, 64, 128 and 256 columns, k = 1, 2, 4, 6 and 8); 0: never. Of types that are not fast a group is a warp.
inline std::int64_t warp_rows_least(const Problem& p) {
  const bool few_win = p.k <= 4;
  if (!is_fast(p)) return p.cols <= 128 ? 4096 : 16384;
  if (bytes(p.dtype) == 4) {
    if (p.cols <= 32) return 4096;
    if (p.cols <= 64) return few_win ? 32768 : 16384;
    return few_win || p.cols > 128 ? 0 : 65536;
  }
  if (p.cols <= 64) return few_win || p.cols <= 32 ? 1024 : 8192;
  if (p.cols <= 128 && !few_win) return 16384;
  return p.k == 1 ? 32768 : 0;
}
inline bool warp_rows_pay(const Problem& p) {
  const std::int64_t least = warp_rows_least(p);
  return least > 0 && p.rows >= least;
}

}  // namespace topkit::cuda
