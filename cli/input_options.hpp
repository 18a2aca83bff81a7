// --tensor, --dtype, --shape: what a file does not say of itself.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "cli/open.hpp"

namespace topkit::cli {

struct InputOptions {
  std::string tensor, dtype, shape;

  void add_to(CLI::App& command);
  OpenOptions parse() const;  // throws Failure
};

DType parse_dtype(std::string_view text, std::string_view argument);

}  // namespace topkit::cli
