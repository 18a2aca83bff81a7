// A tuning table that the user points to: --tuning FILE, or TOPKIT_TUNING in the environment, which only the command line reads.
#pragma once

#include <memory>
#include <string>

#include "topkit/topkit.h"

namespace topkit::cli {

struct FreeTuning {
  void operator()(tk_tuning* tuning) const { tk_tuning_free(tuning); }
};
using TuningFile = std::unique_ptr<tk_tuning, FreeTuning>;

// option: of the command line; empty: the environment's. Nothing when there is neither. Throws Failure naming the file.
TuningFile open_tuning(const std::string& option);

inline constexpr const char* kTuningHelp =
    "A table of topkit tune (default: the environment's TOPKIT_TUNING, or the built-in one)";

}  // namespace topkit::cli
