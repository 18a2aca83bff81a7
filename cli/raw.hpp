// Bytes without a header: --dtype and --shape say what they are.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "cli/tensor.hpp"

namespace topkit::cli {

// Row-major from the first byte to the last. Throws Failure when the file's size is not what shape and dtype need.
TensorView read_raw(std::span<const std::byte> bytes, std::string_view file, DType dtype, Shape shape);

}  // namespace topkit::cli
