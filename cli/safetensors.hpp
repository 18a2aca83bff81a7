// The .safetensors format: 8 bytes of length, a JSON header of tensors, their bytes without holes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/tensor.hpp"

namespace topkit::cli {

struct SafeTensor {
  std::string name;
  std::string dtype;  // the file's own word; not all of them are types of topkit
  Shape shape;
  std::size_t begin = 0, end = 0;  // bytes of the file
};

// All tensors in order of their bytes. Throws Failure when the header is not one, or its ranges overlap, leave holes or leave
// the file.
std::vector<SafeTensor> list_safetensors(std::span<const std::byte> bytes, std::string_view file);

// The tensor called `tensor`; "" means the only one of the file.
TensorView read_safetensors(std::span<const std::byte> bytes, std::string_view file, std::string_view tensor);

}  // namespace topkit::cli
