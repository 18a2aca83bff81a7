// Where a command writes, and what is at the other end.
#pragma once

#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>

namespace topkit::cli {

// Of a long table a person at a terminal sees this many lines; a pipe gets all of them.
inline constexpr std::int64_t kTerminalLines = 100;

struct Console {
  std::ostream& out = std::cout;
  std::ostream& err = std::cerr;
  bool out_terminal = false;
  bool err_terminal = false;
  bool color = false;  // escapes are welcome on `out`

  std::string bold(std::string_view text) const;
  std::string dim(std::string_view text) const;
};

// Standard output and error of this process. NO_COLOR (no-color.org) and TERM=dumb are heard.
Console standard_console();

}  // namespace topkit::cli
