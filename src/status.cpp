#include "status.hpp"

#include <bit>
#include <string>

namespace topkit {
namespace {
thread_local std::string last_error;
}

void set_last_error(const char* message) noexcept {
  try {
    last_error = message;
  } catch (...) {
    last_error.clear();
  }
}

}  // namespace topkit

const char* tk_last_error(void) { return topkit::last_error.c_str(); }

const char* tk_status_name(tk_status status) {
  switch (std::bit_cast<int>(status)) {  // a C program may hand in any int; as a tk_status only some may be read
    case TK_OK: return "ok";
    case TK_INVALID_ARGUMENT: return "invalid argument";
    case TK_UNSUPPORTED: return "unsupported";
    case TK_OUT_OF_MEMORY: return "out of memory";
    case TK_DEVICE_ERROR: return "device error";
    case TK_INTERNAL: return "internal error";
  }
  return "unknown status";
}
