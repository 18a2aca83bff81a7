// fmt::format with one copy of its machinery: inlined into every caller it takes seconds of compile time a file.
#pragma once

#include <fmt/format.h>

#include <string>

namespace topkit {

std::string formatted_by(fmt::string_view format, fmt::format_args values);

template <class... T>
std::string formatted(fmt::format_string<T...> format, T&&... values) {
  return formatted_by(format, fmt::make_format_args(values...));
}

}  // namespace topkit
