// What the standard's algorithms have in common as peers: a row as (value, index) pairs, its winners written back.
#pragma once

#include <algorithm>
#include <tuple>
#include <vector>

#include "peer.hpp"

namespace topkit::bench {

// move_best(first, nth, last): the best pairs of the row, by before<T>, come to stand in [first, nth).
template <class T, class MoveBest>
void select_pairs(const Case& c, const T* x, T* values, std::int64_t* indices, MoveBest move_best) {
  std::vector<Pair<T>> row(static_cast<std::size_t>(c.cols));
  for (std::int64_t r = 0; r < c.rows; ++r) {
    for (std::int64_t i = 0; i < c.cols; ++i) row[static_cast<std::size_t>(i)] = {x[r * c.cols + i], i};
    move_best(row.begin(), row.begin() + c.k, row.end());
    if (c.order == Order::index)
      std::sort(row.begin(), row.begin() + c.k, [](const auto& a, const auto& b) { return a.second < b.second; });
    for (std::int64_t j = 0; j < c.k; ++j)
      std::tie(values[r * c.k + j], indices[r * c.k + j]) = row[static_cast<std::size_t>(j)];
  }
}

// The same over the C++ type of the case. make_move_best(T{}) gives its move_best.
template <class MakeMoveBest>
void run_pairs(const Case& c, const void* x, void* values, std::int64_t* indices, MakeMoveBest make_move_best) {
  with_native_type(c.dtype, [&](auto zero) {
    using T = decltype(zero);
    select_pairs(c, static_cast<const T*>(x), static_cast<T*>(values), indices, make_move_best(zero));
  });
}

}  // namespace topkit::bench
