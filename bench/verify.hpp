// The answer that a timed result is held against, by a sort that shares no code with the engines.
#pragma once

#include <cstdint>
#include <vector>

#include "cases.hpp"

namespace topkit::bench {

// Columns of the winners of every row, [rows, k], best first, ties by lower column.
std::vector<std::int64_t> expected_columns(const Case& c, const void* x);

// True when `indices` (and the values beside them) are the expected ones; with Order::any, in any order.
bool same_winners(const Case& c, const void* x, const std::vector<std::int64_t>& expected, const void* values,
                  const std::int64_t* indices);

}  // namespace topkit::bench
