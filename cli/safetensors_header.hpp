// The JSON header of a .safetensors file.
#pragma once

#include <string_view>
#include <vector>

#include "cli/safetensors.hpp"

namespace topkit::cli {

// Offsets are as the header has them: within the data, unchecked. Throws Failure when the text is not such a header.
std::vector<SafeTensor> parse_safetensors_header(std::string_view text, std::string_view file);

}  // namespace topkit::cli
