#include "cli/error.hpp"

namespace topkit::cli {

int exit_code(tk_status status) {
  switch (status) {
    case TK_OK: return 0;
    case TK_INVALID_ARGUMENT:
    case TK_UNSUPPORTED: return kExitUsage;
    default: return kExitFailed;
  }
}

std::string quote(std::string_view text) {
  constexpr std::size_t kLongest = 200;
  std::string out = "'";
  for (const char c : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      out += formatted("\\x{:02x}", byte);
    else
      out += c;
  }
  out += text.size() > kLongest ? "...'" : "'";
  return out;
}

}  // namespace topkit::cli
