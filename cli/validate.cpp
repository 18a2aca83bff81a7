#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/error.hpp"
#include "cli/known_devices.hpp"
#include "cli/validate/contestant.hpp"

namespace topkit::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct ValidateOptions {
  std::string device = "auto";
  std::uint64_t seed = 1;
  double share = 0.5;  // about a minute
  bool json = false;
};

struct Tally {
  validate::Contestant who;
  std::int64_t right = 0, declined = 0, wrong = 0;
  double seconds = 0;  // inside the library, its outputs' verdict included
  std::string first;   // what was wrong first, and on what
};

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void put(Tally& tally, const validate::Reply& reply, const validate::Check& check) {
  switch (reply.outcome) {
    case validate::Outcome::right: ++tally.right; break;
    case validate::Outcome::declined: ++tally.declined; break;
    default:
      if (tally.wrong++ == 0) tally.first = formatted("{}: {}", validate::to_string(check), reply.complaint);
  }
}

std::vector<Tally> run_device(DLDeviceType device, const ValidateOptions& options, Console& console) {
  const std::unique_ptr<validate::Side> side = device == kDLCPU ? validate::cpu_side() : validate::cuda_side();
  std::vector<Tally> tallies;
  for (validate::Contestant& who : validate::contestants(device)) tallies.push_back({.who = std::move(who)});
  const std::vector<validate::Check> all = validate::checks(options.seed, options.share);
  Clock::time_point shown{};
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (console.err_terminal && seconds_since(shown) > 0.2) {
      shown = Clock::now();
      console.err << formatted("\r\x1b[K{} {}/{}: {}", device == kDLCPU ? "cpu" : "cuda", i + 1, all.size(),
                               validate::to_string(all[i]))
                  << std::flush;
    }
    const validate::Question question(all[i]);
    side->put(question);
    for (Tally& tally : tallies) {
      const Clock::time_point start = Clock::now();
      put(tally, side->ask(tally.who, i % 4 == 0 ? 2 : 1), all[i]);
      tally.seconds += seconds_since(start);
    }
  }
  if (console.err_terminal) console.err << "\r\x1b[K" << std::flush;
  return tallies;
}

std::int64_t print(const std::string& device, const std::vector<Tally>& tallies, const ValidateOptions& options,
                   Console& console) {
  std::int64_t wrong = 0;
  if (!options.json)
    console.out << console.bold(formatted("{:<28} {:>8} {:>9} {:>7} {:>8}  {}", device, "exact", "declined", "WRONG",
                                          "seconds", "first wrong"))
                << '\n';
  for (const Tally& tally : tallies) {
    wrong += tally.wrong;
    if (options.json) {
      const nlohmann::ordered_json line{{"device", tally.who.device == kDLCPU ? "cpu" : "cuda"},
                                        {"algorithm", tally.who.algorithm},
                                        {"isa", tally.who.isa},
                                        {"exact", tally.right},
                                        {"declined", tally.declined},
                                        {"wrong", tally.wrong},
                                        {"seconds", tally.seconds},
                                        {"first_wrong", tally.first}};
      console.out << line.dump() << '\n';
    } else {
      console.out << formatted("{:<28} {:>8} {:>9} {:>7} {:>8.2f}  {}\n", tally.who.name(), tally.right, tally.declined,
                               tally.wrong, tally.seconds, tally.first);
    }
  }
  return wrong;
}

void run_validate(const ValidateOptions& options, Console& console) {
  if (options.device != "auto" && options.device != "cpu" && options.device != "cuda")
    invalid("--device = {}: must be auto, cpu or cuda", quote(options.device));
  std::int64_t wrong = 0;
  if (options.device != "cuda") wrong += print("on the CPU", run_device(kDLCPU, options, console), options, console);
  if (options.device != "cpu") {
    const std::string missing = gpu_trouble();
    if (missing.empty())
      wrong += print(device_text(cuda_device(0)), run_device(kDLCUDA, options, console), options, console);
    else if (options.device == "cuda")
      fail(TK_UNSUPPORTED, "--device = 'cuda': {}", missing);
    else if (!options.json)
      console.out << "no GPU was asked: " << missing << '\n';
  }
  if (wrong > 0) throw std::runtime_error(formatted("{} answers were wrong", wrong));
}

}  // namespace

void add_validate(CLI::App& app, Console& console) {
  auto options = std::make_shared<ValidateOptions>();
  CLI::App* command =
      app.add_subcommand("validate", "Hold every algorithm on this machine to a stable sort, bit for bit");
  command->add_option("--device", options->device, "Which: auto is the CPU, and the GPU where there is one")
      ->type_name("auto|cpu|cuda")
      ->capture_default_str();
  command->add_option("--share", options->share, "Of all combinations, drawn by the seed; 1: every one")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Of the inputs and of the options that are drawn")
      ->capture_default_str();
  command->add_flag("--json", options->json, "One JSON object a line for each algorithm");
  command->footer(
      "Every algorithm on every instruction set that this machine has, and on its GPU: all types, adversarial inputs, "
      "shapes\n"
      "around every threshold, drawn options. Declined: a forced algorithm that cannot solve a problem says so.\n"
      "Exit code 1 when an answer was wrong. python -m topkit.validate asks the other implementations too.");
  command->callback([options, &console] { run_validate(*options, console); });
}

}  // namespace topkit::cli
