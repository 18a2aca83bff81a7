#include "request.hpp"

#include <array>

#include "distributions.hpp"

namespace topkit::test {

std::ostream& operator<<(std::ostream& out, const Request& r) {
  static constexpr std::array kShapeNames{"packed", "padded",     "overlapping", "broadcast",
                                          "spread", "axis_first", "axis_middle", "cube"};
  static constexpr std::array kIdNames{"none", "per_column", "per_place"};
  return out << r.rows << "x" << r.cols << " " << name(r.dtype) << " k=" << r.k
             << (r.largest ? " largest" : " smallest") << " nan=" << name(r.nan) << " order=" << name(r.order)
             << (r.index_type == IndexType::i32 ? " i32" : " i64") << (r.values ? "" : " indices-only")
             << (r.indices ? "" : " values-only") << (r.lengths ? " lengths" : "") << (r.starts ? " starts" : "")
             << (r.row_k ? " row_k" : "") << (r.row_type == IndexType::i32 ? "" : " (i64 by row)")
             << " ids=" << kIdNames[static_cast<std::size_t>(r.ids)] << (r.fill ? " fill" : "")
             << (r.padded_output ? " padded-output" : "") << " shape=" << kShapeNames[static_cast<std::size_t>(r.shape)]
             << (r.edge == Edge::end ? " at-end" : " at-start") << " " << r.distribution << " seed=" << r.seed;
}

Request drawn(DType dtype, std::int64_t rows, std::int64_t cols, std::int64_t k, std::uint64_t seed) {
  bench::Random random(seed);
  const auto one_in = [&](std::int64_t n) { return random.below(n) == 0; };
  Request r;
  r.dtype = dtype, r.rows = rows, r.cols = cols, r.k = k, r.seed = seed;
  r.largest = !one_in(2);
  r.nan = one_in(2) ? Nan::last : Nan::largest;
  r.order = static_cast<Order>(random.below(3));
  r.index_type = one_in(2) ? IndexType::i32 : IndexType::i64;
  const std::int64_t outputs = random.below(4);
  r.values = outputs != 0, r.indices = outputs != 1;
  if (one_in(3)) r.lengths = one_in(2), r.starts = !r.lengths || one_in(2);
  r.row_k = one_in(4);
  r.row_type = one_in(2) ? IndexType::i32 : IndexType::i64;
  r.ids = one_in(4) ? (one_in(2) ? Ids::per_column : Ids::per_place) : Ids::none;
  if (!r.indices) r.ids = Ids::none;
  if (r.lengths && one_in(4)) r.k = cols + 2;
  r.fill = one_in(3);
  r.padded_output = one_in(2);
  r.shape = static_cast<Shape>(one_in(2) ? 0 : random.below(kShapes));
  r.edge = one_in(2) ? Edge::start : Edge::end;
  const auto all = bench::distributions();
  r.distribution = all[static_cast<std::size_t>(one_in(3) ? 0 : random.below(std::ssize(all)))].name;
  return r;
}

Request ragged(DType dtype, std::int64_t rows, std::int64_t cols, std::int64_t k, int choice) {
  Request r{.dtype = dtype, .rows = rows, .cols = cols, .k = k};
  r.lengths = k > cols || (choice & 1) != 0;
  r.starts = (choice & 2) != 0;
  r.row_k = (choice & 4) != 0;
  r.fill = (choice & 8) != 0;
  r.order = static_cast<Order>(choice % 3);
  r.row_type = choice % 5 == 0 ? IndexType::i64 : IndexType::i32;
  r.seed = static_cast<std::uint64_t>(choice * 10000 + cols);
  return r;
}

}  // namespace topkit::test
