// Failures: thrown inside the library, turned into a status and a thread-local sentence at the C interface.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "text.hpp"
#include "topkit/topkit.h"

namespace topkit {

class Failure : public std::runtime_error {
 public:
  Failure(tk_status status, const std::string& message) : std::runtime_error(message), status_(status) {}
  tk_status status() const { return status_; }

 private:
  tk_status status_;
};

// The sentence names the argument, the value and the rule: "k = 9: must be in 0..8, the columns of x".
template <class... T>
[[noreturn]] void fail(tk_status status, fmt::format_string<T...> format, T&&... values) {
  throw Failure(status, formatted(format, std::forward<T>(values)...));
}

template <class... T>
[[noreturn]] void invalid(fmt::format_string<T...> format, T&&... values) {
  throw Failure(TK_INVALID_ARGUMENT, formatted(format, std::forward<T>(values)...));
}

// Runs a body of the C interface: every exception becomes a status, its sentence what tk_last_error returns.
template <class Body>
tk_status guarded(Body&& body) noexcept;

void set_last_error(const char* message) noexcept;

template <class Body>
tk_status guarded(Body&& body) noexcept {
  try {
    body();
    set_last_error("");
    return TK_OK;
  } catch (const Failure& failure) {
    set_last_error(failure.what());
    return failure.status();
  } catch (const std::bad_alloc&) {
    set_last_error("out of memory: scratch for this call could not be allocated; nothing was written");
    return TK_OUT_OF_MEMORY;
  } catch (const std::exception& error) {
    set_last_error(error.what());
    return TK_INTERNAL;
  } catch (...) {
    set_last_error("an unknown exception reached the C interface");
    return TK_INTERNAL;
  }
}

}  // namespace topkit
