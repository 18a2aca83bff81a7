// What `topkit bench` does once its arguments are read.
#pragma once

#include <iosfwd>
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

// Writes results to `out` as they come and, where `progress` is not null, what is being measured to it. Throws Failure for
// wrong arguments, and std::runtime_error at the end when a result was not exact.
void run(const Command& command, std::ostream& out, std::ostream* progress);

}  // namespace topkit::bench
