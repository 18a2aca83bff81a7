// std::nth_element over (value, index) pairs, then std::sort of the winners where an order is asked for: what torch does
// on the CPU for larger k.
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
    if (c.k < c.cols) std::nth_element(row.begin(), row.begin() + c.k, row.end(), before<T>);
    if (c.order == Order::value) std::sort(row.begin(), row.begin() + c.k, before<T>);
    if (c.order == Order::index)
      std::sort(row.begin(), row.begin() + c.k, [](const auto& a, const auto& b) { return a.second < b.second; });
    for (std::int64_t j = 0; j < c.k; ++j)
      std::tie(values[r * c.k + j], indices[r * c.k + j]) = row[static_cast<std::size_t>(j)];
  }
}

}  // namespace

const Peer kNthElement{"std::nth_element", [](const Case& c, const void* x, void* values, std::int64_t* indices) {
                         with_native_type(c.dtype, [&](auto zero) {
                           using T = decltype(zero);
                           run_rows(c, static_cast<const T*>(x), static_cast<T*>(values), indices);
                         });
                       }};

}  // namespace topkit::bench
