#include "cli/app.hpp"

#include <CLI/CLI.hpp>
#include <exception>
#include <new>
#include <ostream>
#include <string>

#include "cli/commands.hpp"
#include "cli/error.hpp"

namespace topkit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  topkit topk scores.npy -k 10                      the 10 largest of each row
  topkit topk model.safetensors --tensor w -k 5 --smallest --json
  topkit topk a.npy b.npy -k 100 --axis 0 -o best   writes best.a.values.npy, best.a.indices.npy, ...
  head -c 4096 x.bin | topkit topk - --dtype f32 --shape 1024 -k 3
  topkit sample logits.npy --temperature 0.8 --top-p 0.9    a token of each row
  topkit logprobs logits.npy -n 5                   the likeliest tokens
  topkit explain 32x50304 -k 50                     what would be done, and why
  topkit info                                       this machine, and what is built
  topkit bench --quick                              how fast, beside the floor and std::partial_sort

Exit codes: 0 done, 1 failed, 2 wrong input or usage, 130 interrupted.)";

int complain(Console& console, const char* message, int code) {
  console.err << "topkit: " << message << '\n';
  return code;
}

// CLI11 says of an unknown first word only that a subcommand is missing.
void check_command(const CLI::App& app, int argc, const char* const* argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::string names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == argv[1]) return;
    names += (names.empty() ? "" : ", ") + command->get_name();
  }
  invalid("COMMAND = {}: must be one of {}", quote(argv[1]), names);
}

int parse_and_run(int argc, const char* const* argv, Console& console) {
  CLI::App app("The k best of each row, exactly: largest or smallest, the lower index wins ties.", "topkit");
  app.set_version_flag("--version", std::string("topkit ") + tk_version());
  app.footer(kExamples);
  app.require_subcommand(1);
  add_topk(app, console);
  add_sample(app, console);
  add_logprobs(app, console);
  add_explain(app, console);
  add_info(app, console);
  add_bench(app, console);
  add_tune(app, console);
  add_validate(app, console);
  add_guide(app, console);
  add_demo(app, console);
  check_command(app, argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {  // --help, --version
    return app.exit(wanted, console.out, console.err);
  } catch (const CLI::ParseError& error) {
    console.err << "topkit: " << error.what() << "\nSee topkit --help, topkit COMMAND --help.\n";
    return kExitUsage;
  }
  return 0;
}

}  // namespace

int run(int argc, const char* const* argv, Console& console) {
  try {
    const int code = parse_and_run(argc, argv, console);
    if (code == 0 && !console.out.flush()) io_error("standard output cannot be written");
    return code;
  } catch (const Failure& failure) {
    return complain(console, failure.what(), exit_code(failure.status()));
  } catch (const std::bad_alloc&) {
    return complain(console, "out of memory", kExitFailed);
  } catch (const std::exception& error) {
    return complain(console, error.what(), kExitFailed);
  }
}

}  // namespace topkit::cli
