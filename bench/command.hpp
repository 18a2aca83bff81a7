// What `topkit bench` does once its arguments are read.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "runner.hpp"

namespace topkit::bench {

struct Command {
  std::vector<std::string> names;  // of built-in cases; "cpu-f32-*" takes all with that beginning; empty: all
  std::optional<std::int64_t> rows, cols, k;  // cols and k given: one case of this size instead of the built-in ones
  std::optional<std::string> dtype, order;
  std::vector<std::string> distributions{"normal"};  // "all": every one
  std::string device = "cpu";
  Choice choice;
  bool list = false, quick = false, json = false;
  std::string commit;
};

// Writes to `out` and progress to stderr. Returns the exit code: 0; 1 when a result was wrong or a case failed. Throws
// std::invalid_argument with a sentence about wrong arguments.
int run(const Command& command, std::FILE* out);

}  // namespace topkit::bench
