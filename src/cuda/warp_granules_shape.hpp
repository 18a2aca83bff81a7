// Which rows a thread takes by their granules, and how a warp brings them. Host code.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "../algorithms.hpp"
#include "../args.hpp"
#include "../dtype.hpp"

namespace topkit::cuda {

// Lists of 16 words are full of elements that were looked into where four granules of four elements were.
inline constexpr int kWarpGranulesLeastK = 4, kWarpGranulesMostK = 16;
inline constexpr int kMostGranules = 64;  // of a row
inline constexpr int kStepGranules = 8;   // whose maxima are put into order at once

// Rows that warp_granules_hold() says of. topk_warp_granules.cu
void run_warp_granules(const Args& args, void* stream);

struct WarpGranulesShape {
  int granules;  // of 16 bytes, of a row, the last one may be a part
  int cols, row_bytes;
  int unit;          // bytes of a copy: 4, 8 or 16
  bool is_direct;    // so few granules that all are looked into
  int pitch;         // bytes from row to row: an odd number of granules, so that eight lanes read all banks
  int warp_bytes;    // of the rows, and of the granules' numbers or the winners' columns behind them
  int log_together;  // 1 << log_together lanes bring a row
  std::uint32_t low_bits, granule_bits;  // of a column, of a granule: one less than a power of two
  std::uint32_t reciprocal;              // of k, times 65536: j * reciprocal >> 16 is j / k for j < 512
};

inline int granules_of(const Problem& p) { return static_cast<int>((p.cols * bytes(p.dtype) + 15) / 16); }

// What base, rows and their distances are multiples of, up to 16.
inline int unit_of(const Args& args) {
  const std::int64_t size = bytes(args.problem.dtype);
  const auto all = reinterpret_cast<std::uintptr_t>(args.x) |
                   static_cast<std::uintptr_t>(args.problem.layout.outer_stride * size | args.problem.cols * size | 16);
  return static_cast<int>(all & (~all + 1));
}

inline WarpGranulesShape warp_granules_shape(const Args& args) {
  const Problem& p = args.problem;
  const auto k = static_cast<unsigned>(p.k);
  const int size = bytes(p.dtype);
  WarpGranulesShape shape{};
  shape.granules = granules_of(p);
  shape.cols = static_cast<int>(p.cols);
  shape.row_bytes = shape.cols * size;
  shape.unit = unit_of(args);
  // To look into a granule costs thrice what its maximum does.
  shape.is_direct = 3 * shape.granules <= 4 * static_cast<int>(p.k);
  const int room = (shape.granules + 1) / 2 * 2;  // two granules are looked into at once
  shape.pitch = 16 * (room | 1);
  shape.warp_bytes = 32 * shape.pitch + 32 * 2 * kWarpGranulesMostK;
  shape.log_together = std::min<int>(std::bit_width(static_cast<unsigned>(shape.row_bytes / shape.unit) - 1), 5);
  shape.low_bits = std::bit_ceil(static_cast<unsigned>(room * 16 / size)) - 1;
  shape.granule_bits = std::bit_ceil(static_cast<unsigned>(shape.granules)) - 1;
  shape.reciprocal = (0xffffU + k) / k;
  return shape;
}

// Rows of whole words, whose outputs follow one another.
inline bool warp_granules_hold(const Args& args) {
  const Problem& p = args.problem;
  const auto dense = [&](const void* output, const Layout& layout) {
    return output == nullptr || layout.outer_stride == p.k;
  };
  return dense(args.values, args.values_layout) && dense(args.indices, args.indices_layout) &&
         p.k >= kWarpGranulesLeastK && p.k <= kWarpGranulesMostK && bytes(p.dtype) <= 4 &&
         granules_of(p) <= kMostGranules && !p.has_lengths && !p.has_row_k && args.ids == nullptr &&
         p.layout.inner == 1 && unit_of(args) >= 4;
}

// Rows from which on a thread each takes less time than a group of lanes each, or than warp_rows (H200, 132 multiprocessors, timed
// at 2000 to 200000 rows of 16 to 512 columns, k = 5, 6, 8, 9, 10, 12 and 16, f32 and bf16); 0: never.
inline std::int64_t warp_granules_least(const Problem& p) {
  constexpr std::int64_t kMany = 65536;
  const bool wide = bytes(p.dtype) == 4;
  const std::int64_t granules = granules_of(p);
  if (p.k < 5 || p.k > kWarpGranulesMostK || granules > kMostGranules || p.cols * bytes(p.dtype) % 4 != 0) return 0;
  if (p.k <= 8) {  // against warp_rows, which needs whole granules
    if (granules <= 8 || granules > 32 || (!wide && granules > 25)) return 0;
    return wide ? (granules <= 16 ? 0 : kMany) : 16384;
  }
  if (granules > 32) return granules <= 50 || (wide && p.k <= 12) ? kMany / 2 : wide ? kMany : 2 * kMany;
  if (granules <= 8) return p.cols <= 32 ? 2048 : 4096;
  if (p.k <= 10) return 8192;
  return wide && p.k > 12 ? (granules <= 16 ? 16384 : 2 * 16384) : 16384;
}
inline bool warp_granules_pay(const Problem& p) {
  const std::int64_t least = warp_granules_least(p);
  return least > 0 && p.rows >= least;
}

}  // namespace topkit::cuda
