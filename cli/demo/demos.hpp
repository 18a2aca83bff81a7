// The demos: each has a file of its name and adds itself to `topkit demo`.
#pragma once

#include <CLI/App.hpp>

#include "cli/console.hpp"

namespace topkit::cli::demo {

void add_text(CLI::App& app, Console& console);
void add_words(CLI::App& app, Console& console);

}  // namespace topkit::cli::demo
