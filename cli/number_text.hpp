// One element as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "dtype.hpp"

namespace topkit::cli {

// The shortest decimal that reads back as the same number (16- and 8-bit floats: as float32). NaN, Infinity and -Infinity
// are the words that Python's float() and JavaScript's Number() read.
void append_number(std::string& out, DType dtype, const std::byte* element);

// The same; the three words in quotes, as JSON has no numbers for them.
void append_json_number(std::string& out, DType dtype, const std::byte* element);

}  // namespace topkit::cli
