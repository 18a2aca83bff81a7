// Words of an option: looked up, or refused with the list of those that are known.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "cli/error.hpp"

namespace topkit::cli {

template <class T>
T word(std::string_view argument, std::string_view text, std::initializer_list<std::pair<std::string_view, T>> known) {
  std::string list;
  for (const auto& [name, value] : known) {
    if (name == text) return value;
    list += (list.empty() ? "" : ", ") + std::string(name);
  }
  invalid("{} = {}: must be one of {}", argument, quote(text), list);
}

}  // namespace topkit::cli
