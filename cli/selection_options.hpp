// The options of a selection, shared by topk and explain.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <string>

#include "cli/tuning_file.hpp"
#include "problem.hpp"
#include "topkit/topkit.h"

namespace topkit::cli {

struct SelectionOptions {
  std::string k, order = "value", nan = "largest", axis = "-1", algorithm, isa, threads = "0", index_dtype = "i64",
                 tuning;
  bool smallest = false;

  void add_to(CLI::App& command);

  // Each throws Failure naming its argument.
  std::int64_t parse_k() const;
  IndexType parse_index_type() const;
  // The axis of a tensor of `rank` axes, counted from 0.
  std::size_t parse_axis(std::size_t rank) const;
  // Everything but the axis; borrows from this object.
  tk_options parse() const;

 private:
  mutable TuningFile tuning_;  // of the options that were parsed
};

}  // namespace topkit::cli
