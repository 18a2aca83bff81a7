// std::partial_sort over (value, index) pairs: what one writes first in C++, and what torch does on the CPU for k << n.
#include <algorithm>
#include <tuple>
#include <vector>

#include "peer.hpp"

namespace topkit::bench {
namespace {

template <class T>
void run_rows(const Case& c, const T* x, T* values, std::int64_t* indices) {
  std::vector<Pair<T>> row(static_cast<std::size_t>(c.cols));
  for (std::int64_t r = 0; r < c.rows; ++r) {
    for (std::int64_t i = 0; i < c.cols; ++i) row[static_cast<std::size_t>(i)] = {x[r * c.cols + i], i};
    std::partial_sort(row.begin(), row.begin() + c.k, row.end(), before<T>);
    if (c.order == Order::index)
      std::sort(row.begin(), row.begin() + c.k, [](const auto& a, const auto& b) { return a.second < b.second; });
    for (std::int64_t j = 0; j < c.k; ++j)
      std::tie(values[r * c.k + j], indices[r * c.k + j]) = row[static_cast<std::size_t>(j)];
  }
}

}  // namespace

const Peer kPartialSort{"std::partial_sort", [](const Case& c, const void* x, void* values, std::int64_t* indices) {
                          with_native_type(c.dtype, [&](auto zero) {
                            using T = decltype(zero);
                            run_rows(c, static_cast<const T*>(x), static_cast<T*>(values), indices);
                          });
                        }};

}  // namespace topkit::bench
