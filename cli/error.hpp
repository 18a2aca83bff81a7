// How the command line fails. A topkit::Failure (wrong input or usage, or what this machine cannot do) ends with exit
// code 2, or 1 when it is no fault of the caller; an IoError is the machine's fault and ends with 1.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "status.hpp"

namespace topkit::cli {

class IoError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <class... T>
[[noreturn]] void io_error(fmt::format_string<T...> format, T&&... values) {
  throw IoError(formatted(format, std::forward<T>(values)...));
}

inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInterrupted = 130;

int exit_code(tk_status status);

// Text from a file or an argument, safe on a terminal: in quotes, control characters escaped, cut after 200 bytes.
std::string quote(std::string_view text);

}  // namespace topkit::cli
