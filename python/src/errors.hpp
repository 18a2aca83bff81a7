// A failed tk_status as the exception that Python will see.
#pragma once

#include <tvm/ffi/error.h>

#include <string>
#include <string_view>

#include "topkit/topkit.h"

namespace topkit::python {

// The sentence begins with the argument it is about, which decides between the kinds that Python tells apart.
inline const char* kind_of(tk_status status, std::string_view words) {
  switch (status) {
    case TK_INVALID_ARGUMENT: break;
    case TK_UNSUPPORTED: return "topkit.UnsupportedError";
    case TK_OUT_OF_MEMORY: return "MemoryError";
    default: return "topkit.DeviceError";
  }
  const std::string_view argument = words.substr(0, words.find(' '));
  if (argument == "axis") return "topkit.AxisError";
  if (argument.size() > 6 && argument.substr(argument.size() - 6) == ".dtype") return "topkit.DTypeError";
  return "topkit.ArgumentError";
}

inline void check(tk_status status) {
  if (status == TK_OK) return;
  const std::string words = tk_last_error();
  throw tvm::ffi::Error(kind_of(status, words), words, "");
}

}  // namespace topkit::python
