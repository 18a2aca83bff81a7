// The command line run inside the test.
#pragma once

#include <initializer_list>
#include <sstream>
#include <string>
#include <vector>

#include "cli/app.hpp"

namespace topkit::cli::test {

struct Run {
  int code = 0;
  std::string out, err;
};

inline Run topkit(const std::vector<std::string>& arguments, bool terminal = false) {
  std::ostringstream out, err;
  Console console{.out = out, .err = err, .out_terminal = terminal, .err_terminal = terminal, .color = false};
  std::vector<const char*> argv{"topkit"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  Run run;
  run.code = cli::run(static_cast<int>(argv.size()), argv.data(), console);
  run.out = out.str();
  run.err = err.str();
  return run;
}

}  // namespace topkit::cli::test
