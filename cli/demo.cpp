#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/demo/demos.hpp"

namespace topkit::cli {

void add_demo(CLI::App& app, Console& console) {
  CLI::App* command = app.add_subcommand("demo", "Write text with a small GPT, or find the nearest meanings of words");
  command->require_subcommand(1);
  demo::add_text(*command, console);
  demo::add_words(*command, console);
}

}  // namespace topkit::cli
