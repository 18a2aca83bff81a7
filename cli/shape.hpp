// Extents of a tensor and the arithmetic on them that must not overflow.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dtype.hpp"

namespace topkit::cli {

using Shape = std::vector<std::int64_t>;

inline constexpr std::size_t kMostAxes = 64;

// "32x50304", "[32, 50304]" or "32,50304". Throws Failure naming `argument`.
Shape parse_shape(std::string_view text, std::string_view argument);

// 32x50304
std::string shape_text(std::span<const std::int64_t> shape);

// Bytes of a dense tensor. Throws Failure naming `what` when the shape has no axis, more than kMostAxes, a negative extent
// or more than 2^63 - 1 bytes; after that every product of extents is safe, an extent of 0 counted as 1.
std::int64_t dense_bytes(std::span<const std::int64_t> shape, DType dtype, std::string_view what);

Shape row_major_strides(std::span<const std::int64_t> shape);
Shape column_major_strides(std::span<const std::int64_t> shape);

// A whole decimal number of 64 bits. Throws Failure naming `argument`, the text and the rule.
std::int64_t parse_integer(std::string_view text, std::string_view argument);

}  // namespace topkit::cli
