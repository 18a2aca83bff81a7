// How long something took.
#pragma once

#include <chrono>

namespace topkit::cli::demo {

template <class Body>
double seconds(Body&& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace topkit::cli::demo
