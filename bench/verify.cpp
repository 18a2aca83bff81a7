#include "verify.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "tests/support/oracle.hpp"

namespace topkit::bench {

std::vector<std::int64_t> expected_columns(const Case& c, const void* x) {
  std::vector<std::int64_t> result;
  std::vector<long double> row(static_cast<std::size_t>(c.cols));
  std::vector<std::int64_t> columns(row.size());
  for (std::int64_t r = 0; r < c.rows; ++r) {
    for (std::int64_t i = 0; i < c.cols; ++i)
      row[static_cast<std::size_t>(i)] = test::decode(c.dtype, test::load_raw(c.dtype, x, r * c.cols + i));
    std::iota(columns.begin(), columns.end(), 0);
    const auto before = [&](std::int64_t a, std::int64_t b) {
      const long double va = row[static_cast<std::size_t>(a)], vb = row[static_cast<std::size_t>(b)];
      if (test::better(va, vb, true, Nan::largest)) return true;
      return !test::better(vb, va, true, Nan::largest) && a < b;
    };
    const auto end = columns.begin() + c.k;
    if (c.k < c.cols) std::nth_element(columns.begin(), end, columns.end(), before);
    std::sort(columns.begin(), end, before);
    result.insert(result.end(), columns.begin(), end);
  }
  return result;
}

bool same_winners(const Case& c, const void* x, const std::vector<std::int64_t>& expected, const void* values,
                  const std::int64_t* indices) {
  const auto size = static_cast<std::size_t>(bytes(c.dtype));
  std::vector<std::int64_t> wanted(static_cast<std::size_t>(c.k)), actual(wanted);
  for (std::int64_t r = 0; r < c.rows; ++r) {
    for (std::int64_t j = 0; j < c.k; ++j) {
      const std::int64_t index = indices[r * c.k + j];
      if (index < 0 || index >= c.cols) return false;
      if (std::memcmp(static_cast<const char*>(values) + static_cast<std::size_t>(r * c.k + j) * size,
                      static_cast<const char*>(x) + static_cast<std::size_t>(r * c.cols + index) * size, size) != 0)
        return false;
      wanted[static_cast<std::size_t>(j)] = expected[static_cast<std::size_t>(r * c.k + j)];
      actual[static_cast<std::size_t>(j)] = index;
    }
    if (c.order == Order::any) std::sort(actual.begin(), actual.end());
    if (c.order != Order::value) std::sort(wanted.begin(), wanted.end());
    if (wanted != actual) return false;
  }
  return true;
}

}  // namespace topkit::bench
