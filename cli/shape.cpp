#include "cli/shape.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "cli/error.hpp"

namespace topkit::cli {

std::int64_t parse_integer(std::string_view text, std::string_view argument) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::result_out_of_range) invalid("{} = {}: is beyond 64 bits", argument, quote(text));
  if (error != std::errc() || stop != end) invalid("{} = {}: must be a whole number", argument, quote(text));
  return value;
}

Shape parse_shape(std::string_view text, std::string_view argument) {
  const std::string_view whole = text;
  const auto trim = [](std::string_view part) {
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    return part;
  };
  text = trim(text);
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  Shape shape;
  for (;;) {
    const std::size_t stop = text.find_first_of("x,");
    const std::string_view part = trim(text.substr(0, stop));
    std::int64_t extent = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), extent);
    if (error == std::errc::result_out_of_range)
      invalid("{} = {}: an extent is beyond 64 bits", argument, quote(whole));
    if (error != std::errc() || end != part.data() + part.size() || extent < 0)
      invalid("{} = {}: must be extents like 32x50304", argument, quote(whole));
    shape.push_back(extent);
    if (shape.size() > kMostAxes) invalid("{} = {}: has more than {} axes", argument, quote(whole), kMostAxes);
    if (stop == std::string_view::npos) return shape;
    text.remove_prefix(stop + 1);
  }
}

std::string shape_text(std::span<const std::int64_t> shape) {
  return shape.empty() ? "()" : formatted("{}", fmt::join(shape, "x"));
}

std::int64_t dense_bytes(std::span<const std::int64_t> shape, DType dtype, std::string_view what) {
  if (shape.empty()) invalid("{}: shape () has no axis to select along", what);
  if (shape.size() > kMostAxes) invalid("{}: shape has {} axes, more than {}", what, shape.size(), kMostAxes);
  std::int64_t total = bytes(dtype);
  bool nothing = false;
  for (const std::int64_t extent : shape) {
    if (extent < 0) invalid("{}: shape {} has a negative extent", what, shape_text(shape));
    nothing = nothing || extent == 0;
    const std::int64_t factor = std::max<std::int64_t>(extent, 1);
    if (total > std::numeric_limits<std::int64_t>::max() / factor)
      invalid("{}: shape {} of {} is more than 2^63 - 1 bytes", what, shape_text(shape), name(dtype));
    total *= factor;
  }
  return nothing ? 0 : total;
}

Shape row_major_strides(std::span<const std::int64_t> shape) {
  Shape strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t axis = shape.size(); axis-- > 0; stride *= std::max<std::int64_t>(shape[axis], 1))
    strides[axis] = stride;
  return strides;
}

Shape column_major_strides(std::span<const std::int64_t> shape) {
  Shape strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t axis = 0; axis < shape.size(); stride *= std::max<std::int64_t>(shape[axis], 1), ++axis)
    strides[axis] = stride;
  return strides;
}

}  // namespace topkit::cli
