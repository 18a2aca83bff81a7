// One line of a plan as tk_explain prints it.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace topkit::bench {

// What stands behind "key: "; "" when no line has it.
inline std::string line_of(const std::string& plan, std::string_view key) {
  const std::size_t begin = plan.find(fmt::format("{}: ", key));
  if (begin == std::string::npos) return "";
  const std::size_t value = begin + key.size() + 2;
  return plan.substr(value, plan.find('\n', value) - value);
}

}  // namespace topkit::bench
