// The options of sample and logprobs as words on the command line.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "topkit/sampling.h"

namespace topkit::cli {

struct SamplingOptions {
  std::string temperature = "1", top_k = "0", top_p = "1", min_p = "0", seed = "0", position = "0", softcap = "0",
              preset, isa, threads = "0";

  // What topn_logprobs uses too, and what only sample does.
  void add_common(CLI::App& command);
  void add_filters(CLI::App& command);

  // Throws Failure naming the argument; ranges are the library's to check. Borrows from this object.
  tk_sampling parse() const;
};

}  // namespace topkit::cli
