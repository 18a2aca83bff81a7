#include "cli/console.hpp"

#include <unistd.h>

#include <cstdlib>

#include "text.hpp"

namespace topkit::cli {

std::string Console::bold(std::string_view text) const {
  return color ? formatted("\x1b[1m{}\x1b[0m", text) : std::string(text);
}

std::string Console::dim(std::string_view text) const {
  return color ? formatted("\x1b[2m{}\x1b[0m", text) : std::string(text);
}

Console standard_console() {
  Console console;
  console.out_terminal = ::isatty(STDOUT_FILENO) != 0;
  console.err_terminal = ::isatty(STDERR_FILENO) != 0;
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  console.color = console.out_terminal && (no_color == nullptr || *no_color == '\0') &&
                  !(terminal != nullptr && std::string_view(terminal) == "dumb");
  return console;
}

}  // namespace topkit::cli
