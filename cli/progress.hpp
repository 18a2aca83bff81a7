// One line on a terminal's standard error while work is long; nothing anywhere else.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "cli/console.hpp"

namespace topkit::cli {

class Progress {
 public:
  Progress(Console& console, std::string what, std::int64_t total_bytes);
  ~Progress();  // wipes the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(std::int64_t bytes);

 private:
  using Clock = std::chrono::steady_clock;

  Console& console_;
  std::string what_;
  std::int64_t total_, done_ = 0;
  Clock::time_point start_ = Clock::now(), shown_ = start_;
  bool visible_ = false;
};

// 5.2 GB
std::string bytes_text(double bytes);

}  // namespace topkit::cli
