// Rows that need no care at their ends, nor in what is written of them: most calls. Pure host code.
#pragma once

#include <cstdint>

#include "../args.hpp"
#include "../dtype.hpp"

namespace topkit::cuda {

struct PlainRows {
  bool are;      // parts are the whole rows
  bool parts;    // each row begins with an aligned granule of 16 bytes and ends with one; values and columns are wanted
  int together;  // winners that one store may write: 1, 2 or 4
};

inline PlainRows plain_rows(const Args& args) {
  const Problem& p = args.problem;
  const std::int64_t size = bytes(p.dtype), index_size = p.index_type == IndexType::i64 ? 8 : 4;
  const auto aligned = [](const void* base, std::int64_t row_bytes, std::int64_t to) {
    return (reinterpret_cast<std::uintptr_t>(base) | static_cast<std::uintptr_t>(row_bytes)) %
               static_cast<std::uintptr_t>(to) ==
           0;
  };
  PlainRows rows{false,
                 args.ids == nullptr && args.values != nullptr && args.indices != nullptr && p.order != Order::index &&
                     p.layout.inner == 1 && p.k > 0 && p.cols * size % 16 == 0 &&
                     aligned(args.x, p.layout.outer_stride * size, 16),
                 1};
  rows.are = rows.parts && !p.has_lengths && !p.has_row_k;
  for (const int together : {2, 4}) {
    const std::int64_t index_bytes = together * index_size < 16 ? together * index_size : 16;
    if (p.k % together == 0 && aligned(args.values, args.values_layout.outer_stride * size, together * size) &&
        aligned(args.indices, args.indices_layout.outer_stride * index_size, index_bytes))
      rows.together = together;
  }
  return rows;
}

}  // namespace topkit::cuda
