// From a path to a tensor, whatever the format.
#pragma once

#include <optional>
#include <string>

#include "cli/tensor.hpp"

namespace topkit::cli {

struct OpenOptions {
  std::string tensor;          // of a .safetensors file
  std::optional<DType> dtype;  // of raw bytes, or of a type that .npy cannot name
  std::optional<Shape> shape;  // the file is raw bytes of this shape
};

// Raw when a shape is given, else by the first bytes, else by the name. Throws Failure or IoError.
Tensor open_tensor(const std::string& path, const OpenOptions& options);

}  // namespace topkit::cli
