#include <CLI/CLI.hpp>
#include <memory>

#include "bench/command.hpp"
#include "cli/commands.hpp"
#include "cli/tuning_file.hpp"

namespace topkit::cli {
namespace {

void add_case_options(CLI::App* command, bench::Command& options) {
  command->add_option("--case", options.names, "Built-in cases by name; a trailing * takes all that begin so");
  command->add_option("--suite", options.suite, "Of the built-in cases those of a suite")
      ->type_name("llm|small|attention|search|all");
  command->add_option("--rows", options.rows, "A case of its own: rows (1)");
  command->add_option("--cols", options.cols, "A case of its own: columns");
  command->add_option("-k", options.k, "A case of its own: winners of each row");
  command->add_option("--dtype", options.dtype, "Only this type (a case of its own: f32)");
  command->add_option("--order", options.order, "CPU: only this order. CUDA: every case in this order. Else value")
      ->type_name("value|index|any");
  command->add_option("--distribution", options.distributions, "Inputs by name, or all")->capture_default_str();
  command->add_option("--lengths", options.lengths, "CUDA: rows that end anywhere; the floor reads what takes part")
      ->type_name("none|full|uniform|short|one_long|bimodal");
  command->add_option("--device", options.device, "cpu or cuda")->capture_default_str();
  command->add_option("--op", options.op, "topk, or with --device cuda sample: all its cases, or --case")
      ->capture_default_str();
  command->add_option("--index-type", options.index_type, "Of the indices written on CUDA: i32 (default) or i64");
  command->add_flag("--list", options.list, "Name the built-in cases");
}

void add_run_options(CLI::App* command, bench::Command& options) {
  command->add_option("--threads", options.choice.threads, "CPU threads of topkit; floor and peers have one")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_option("--algorithm", options.choice.algorithm, "Force an algorithm; all: the plan's and each of them");
  command->add_option("--tuning", options.tuning, kTuningHelp)->type_name("FILE");
  command->add_option("--isa", options.choice.isa, "Force an instruction set of the CPU");
  command->add_option("--rounds", options.choice.rounds, "Rounds in which all take turns")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_flag("--peers,!--no-peers", options.choice.peers,
                    "Peers beside the floor and topkit (default), or none");
  command->add_flag("--quick", options.quick, "Three rounds. CPU: cases of at most 4 MiB; CUDA: without peers");
  command->add_option("--minutes", options.minutes, "Begin no case after so long")->check(CLI::PositiveNumber);
  command->add_option("--resume", options.resume, "Add to this file of JSON lines; do not repeat what it holds");
}

void add_output_options(CLI::App* command, bench::Command& options) {
  auto* json = command->add_flag_callback(
      "--json", [&options] { options.format = bench::Format::json; }, "A header line, then one JSON object a line");
  command
      ->add_flag_callback(
          "--csv", [&options] { options.format = bench::Format::csv; }, "The same as CSV with a head")
      ->excludes(json);
  command->add_option("--commit", options.commit, "Written into the results beside the date");
  command->add_option("--compare", options.compare, "Two files of JSON lines: a verdict a case; exit code 1 if slower")
      ->expected(2)
      ->type_name("BEFORE AFTER");
  command->add_option("--tolerance", options.tolerance, "Of --compare: what counts as slower, as a share")
      ->check(CLI::Range(0.0, 10.0))
      ->capture_default_str();
}

}  // namespace

void add_bench(CLI::App& app, Console& console) {
  auto options = std::make_shared<bench::Command>();
  CLI::App* command = app.add_subcommand("bench", "Measure topkit beside the floor and its peers, on this machine");
  add_case_options(command, *options);
  add_run_options(command, *options);
  add_output_options(command, *options);
  command->footer(
      "CPU, hot us: copies of the input take turns so that it comes from L3 (cases named -l2: from L2); cold us: "
      "every\n"
      "cache line of the input is flushed before the call.\n"
      "CUDA: a graph of many calls is replayed; hot us: all on one input; cold us: on copies that the cache cannot "
      "hold.\n"
      "floor us: a streaming maximum over the same rows in the same rounds. All times: medians over the rounds.\n"
      "Examples:\n  topkit bench --quick\n  topkit bench --case 'cpu-f32-*' --json > results.jsonl\n"
      "  topkit bench --rows 64 --cols 5000 -k 20 --distribution all\n"
      "  topkit bench --device cuda --suite llm --algorithm all --no-peers\n"
      "  topkit bench --device cuda --resume h200.jsonl --minutes 5\n"
      "  topkit bench --compare before.jsonl after.jsonl");
  command->callback([options, &console] {
    const TuningFile tuning = open_tuning(options->tuning);
    options->choice.tuning = tuning.get();
    bench::run(*options, console.out, console.err_terminal ? &console.err : nullptr);
  });
}

}  // namespace topkit::cli
