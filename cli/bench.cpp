#include <CLI/CLI.hpp>
#include <memory>

#include "bench/command.hpp"
#include "cli/commands.hpp"

namespace topkit::cli {

void add_bench(CLI::App& app, Console& console) {
  auto options = std::make_shared<bench::Command>();
  CLI::App* command = app.add_subcommand("bench", "Measure topkit beside the floor and its peers, on this machine");
  command->add_option("--case", options->names, "Built-in cases by name; a trailing * takes all that begin so");
  command->add_option("--rows", options->rows, "A case of its own: rows (1)");
  command->add_option("--cols", options->cols, "A case of its own: columns");
  command->add_option("-k", options->k, "A case of its own: winners of each row");
  command->add_option("--dtype", options->dtype, "Only this type (a case of its own: f32)");
  command->add_option("--order", options->order, "Only this order (a case of its own: value)")
      ->type_name("value|index|any");
  command->add_option("--distribution", options->distributions, "Inputs by name, or all")->capture_default_str();
  command->add_option("--device", options->device, "cpu or cuda")->capture_default_str();
  command->add_option("--threads", options->choice.threads, "CPU threads of topkit; floor and peers have one")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_option("--algorithm", options->choice.algorithm, "Force an algorithm");
  command->add_option("--isa", options->choice.isa, "Force an instruction set of the CPU");
  command->add_option("--rounds", options->choice.rounds, "Rounds in which all take turns")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_flag("!--no-peers", options->choice.peers, "The floor and topkit alone");
  command->add_flag("--quick", options->quick, "Three rounds, and of the built-in cases those of at most 4 MiB");
  command->add_flag("--list", options->list, "Name the built-in cases");
  command->add_flag("--json", options->json, "One JSON object a line for each who was timed");
  command->add_option("--commit", options->commit, "Written into the JSON beside the date");
  command->footer(
      "hot us: copies of the input take turns so that it comes from L3 (cases named -l2: from L2).\n"
      "cold us: every cache line of the input is flushed before the call. Medians over the rounds.\n"
      "floor us: a streaming maximum over the same rows in the same rounds.\n"
      "Examples:\n  topkit bench --quick\n  topkit bench --case 'cpu-f32-*' --json > results.jsonl\n"
      "  topkit bench --rows 64 --cols 5000 -k 20 --distribution all");
  command->callback(
      [options, &console] { bench::run(*options, console.out, console.err_terminal ? &console.err : nullptr); });
}

}  // namespace topkit::cli
