// NumPy's .npy format, versions 1 to 3: read as a view of its bytes, written as a header before them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cli/tensor.hpp"

namespace topkit::cli {

inline constexpr std::string_view kNpyMagic = "\x93NUMPY";

// `file` names the bytes in messages. `dtype` names the element where NumPy has no type of its own (bf16, f8: it writes V2,
// V1, f1). Throws Failure when the bytes are not a whole .npy of a type and size that topkit takes.
TensorView read_npy(std::span<const std::byte> bytes, std::string_view file, std::optional<DType> dtype);

// The header (version 1) of a row-major array; its size is a multiple of 64. bf16 is written as V2
// and f8 as V1, as ml_dtypes does: view() them in NumPy.
std::string npy_header(DType dtype, std::span<const std::int64_t> shape);

}  // namespace topkit::cli
