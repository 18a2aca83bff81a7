// The subcommands: each has a file of its name and adds itself to the program.
#pragma once

#include <CLI/App.hpp>

#include "cli/console.hpp"

namespace topkit::cli {

void add_topk(CLI::App& app, Console& console);
void add_sample(CLI::App& app, Console& console);
void add_logprobs(CLI::App& app, Console& console);
void add_explain(CLI::App& app, Console& console);
void add_info(CLI::App& app, Console& console);
void add_bench(CLI::App& app, Console& console);
void add_tune(CLI::App& app, Console& console);
void add_validate(CLI::App& app, Console& console);
void add_guide(CLI::App& app, Console& console);
void add_demo(CLI::App& app, Console& console);

}  // namespace topkit::cli
