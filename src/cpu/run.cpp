#include <algorithm>
#include <numeric>
#include <vector>

#include "../key.hpp"
#include "engine.hpp"

namespace topkit::cpu {
namespace {

template <class U>
void select(const Args& args) {
  const Problem& p = args.problem;
  const auto map = key_map<U>(info(p.dtype), p.largest, p.nan);
  std::vector<std::int64_t> columns(static_cast<std::size_t>(p.cols));
  for (std::int64_t r = 0; r < p.rows; ++r) {
    const Args::Span span = args.span(r);
    const U* x = static_cast<const U*>(args.x) + p.layout.row(r);
    const auto key = [&](std::int64_t c) { return map(x[c * p.layout.col_stride]); };
    const auto end = columns.begin() + (span.end - span.begin), middle = columns.begin() + span.count;
    std::iota(columns.begin(), end, span.begin);
    std::partial_sort(columns.begin(), middle, end, [&](std::int64_t a, std::int64_t b) {
      const U key_a = key(a), key_b = key(b);
      return key_a != key_b ? key_a > key_b : a < b;
    });
    if (p.order == Order::index) std::sort(columns.begin(), middle);
    for (std::int64_t j = 0; j < p.k; ++j) {
      const bool chosen = j < span.count;
      const std::int64_t column = chosen ? columns[static_cast<std::size_t>(j)] : 0;
      if (args.values != nullptr)
        static_cast<U*>(args.values)[args.values_layout.row(r) + j * args.values_layout.col_stride] =
            chosen ? x[column * p.layout.col_stride] : static_cast<U>(args.fill);
      if (args.indices == nullptr) continue;
      const std::int64_t from = args.ids_layout.row(r) + column * args.ids_layout.col_stride;
      const std::int64_t to = args.indices_layout.row(r) + j * args.indices_layout.col_stride;
      const auto write = [&]<class I>(I* out, const I* ids) {
        out[to] = !chosen ? I{-1} : ids != nullptr ? ids[from] : static_cast<I>(column);
      };
      if (p.index_type == IndexType::i64)
        write(static_cast<std::int64_t*>(args.indices), static_cast<const std::int64_t*>(args.ids));
      else
        write(static_cast<std::int32_t*>(args.indices), static_cast<const std::int32_t*>(args.ids));
    }
  }
}

}  // namespace

void run(const Plan&, const Args& args, const Pool&) {
  switch (bytes(args.problem.dtype)) {
    case 1:
      return select<std::uint8_t>(args);
    case 2:
      return select<std::uint16_t>(args);
    case 4:
      return select<std::uint32_t>(args);
    default:
      return select<std::uint64_t>(args);
  }
}

}  // namespace topkit::cpu
