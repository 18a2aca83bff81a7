#include <CLI/CLI.hpp>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>

#include "bench/machine.hpp"
#include "cli/commands.hpp"
#include "cli/error.hpp"
#include "cli/output_file.hpp"
#include "cli/tune/fit.hpp"
#include "cli/tune/timing.hpp"
#include "tuning_table.hpp"

namespace topkit::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLeastCells = 24;  // fewer say nothing

struct TuneOptions {
  std::string device = "cpu", isa, output = "topkit-tuning.json", commit;
  double minutes = 3;
  bool resume = false;
};

std::string isa_of(const TuneOptions& options) {
  const Device& cpu = cpu_device();
  for (int i = 0; i < kIsas; ++i) {
    const Isa isa = static_cast<Isa>(i);
    if (cpu.has(isa) && (options.isa.empty() || name(isa) == options.isa)) return std::string(name(isa));
  }
  invalid("--isa = {}: this machine or build does not have it; topkit info lists those it has", quote(options.isa));
}

void measure(tune::CellsFile& file, DeviceKind kind, const std::string& isa, double minutes, Console& console) {
  const std::unique_ptr<tune::Timing> timing = kind == DeviceKind::cpu ? tune::cpu_timing(isa) : tune::cuda_timing();
  const std::vector<Problem> all = tune::grid(kind);
  const Clock::time_point start = Clock::now();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double left = minutes * 60 - std::chrono::duration<double>(Clock::now() - start).count();
    if (left <= 0) break;
    if (file.has(all[i])) continue;
    if (console.err_terminal)
      console.err << formatted("\r\x1b[K{}/{} {}, {:.0f} s left", i + 1, all.size(), to_string(all[i]), left)
                  << std::flush;
    file.add(timing->time(all[i]));
  }
  if (console.err_terminal) console.err << "\r\x1b[K" << std::flush;
  if (file.cells().size() < kLeastCells)
    throw std::runtime_error(formatted("{} cells in {} minutes, {} are needed: --resume goes on", file.cells().size(),
                                       minutes, kLeastCells));
}

std::string lead_text(const std::string& what, double before, double after, std::size_t cells) {
  return formatted(
      "{}: the plan is within {:.1f} % of the best algorithm in the geometric mean over {} cells (built-in table: "
      "{:.1f} %)",
      what, (after - 1) * 100, cells, (before - 1) * 100);
}

struct Tuned {
  TuningTable table;
  std::string inc, summary;
};

Tuned tuned_cpu(const std::vector<tune::Cell>& cells, const std::string& isa, TuningTable table) {
  for (const CpuTuning& row : built_in_tuning().cpu) {
    if (name(row.isa) != isa) continue;
    const CpuTuning fitted = tune::fit(cells, row);
    table.cpu = {fitted};
    const std::string lead =
        lead_text(isa, tune::mean_slowdown(cells, row), tune::mean_slowdown(cells, fitted), cells.size());
    return {table, formatted("// CpuTuning in src/tuning.hpp, by topkit tune.\n// {}\n{}", lead, to_inc(fitted, table)),
            lead};
  }
  fail(TK_INTERNAL, "the built-in table has no row for {}", isa);
}

Tuned tuned_cuda(const std::vector<tune::Cell>& cells, const Device& device, TuningTable table) {
  CudaTuning row = built_in_tuning().cuda.front();
  for (const CudaTuning& each : built_in_tuning().cuda)
    if (each.capability <= device.capability) row = each;
  row.capability = device.capability;
  const CudaTuning fitted = tune::fit(cells, row, device);
  table.cuda = {fitted};
  const std::string lead = lead_text(device.name, tune::mean_slowdown(cells, row, device),
                                     tune::mean_slowdown(cells, fitted, device), cells.size());
  return {table, formatted("// CudaTuning in src/tuning.hpp, by topkit tune.\n// {}\n{}", lead, to_inc(fitted, table)),
          lead};
}

void write(const std::string& path, const std::string& text) {
  OutputFile file(path, text.size());
  std::memcpy(file.data(), text.data(), text.size());
  file.commit();
}

void run_tune(const TuneOptions& options, Console& console) {
  if (options.device != "cpu" && options.device != "cuda")
    invalid("--device = {}: must be cpu or cuda", quote(options.device));
  const bool cpu = options.device == "cpu";
  if (!cpu && !options.isa.empty()) invalid("--isa = {}: instruction sets are the CPU's", quote(options.isa));
  const Device& device = cpu ? cpu_device() : cuda_device(0);
  const std::string isa = cpu ? isa_of(options) : "";
  tune::CellsFile file(options.output + ".cells",
                       {.device = options.device, .machine = device.name, .isa = isa, .commit = options.commit},
                       options.resume);
  measure(file, device.kind, isa, options.minutes, console);
  const TuningTable head{.device = device.kind,
                         .machine = device.name,
                         .date = bench::today(),
                         .commit = options.commit,
                         .cpu = {},
                         .cuda = {}};
  const Tuned tuned = cpu ? tuned_cpu(file.cells(), isa, head) : tuned_cuda(file.cells(), device, head);
  const std::string inc = std::filesystem::path(options.output).replace_extension(".inc").string();
  write(options.output, to_json(tuned.table));
  write(inc, tuned.inc);
  console.out << tuned.summary << '\n' << options.output << '\n' << inc << '\n';
}

}  // namespace

void add_tune(CLI::App& app, Console& console) {
  auto options = std::make_shared<TuneOptions>();
  CLI::App* command =
      app.add_subcommand("tune", "Measure where the algorithms change over on this device: a table of it");
  command->add_option("--device", options->device, "Which")->type_name("cpu|cuda")->capture_default_str();
  command->add_option("--isa", options->isa, "Of the CPU (default: the best it has)")->type_name("NAME");
  command->add_option("--minutes", options->minutes, "Measure so long at most")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      ->add_option("-o,--output", options->output,
                   "The table, JSON; beside it FILE.cells, what was measured, and an .inc for src/tuning")
      ->type_name("FILE")
      ->capture_default_str();
  command->add_flag("--resume", options->resume, "Go on with FILE.cells");
  command->add_option("--commit", options->commit, "Written into the table beside the date");
  command->footer(
      "A table changes the speed of a call, never its answer. Use it by --tuning FILE or TOPKIT_TUNING=FILE (topk, "
      "explain,\n"
      "bench), or by tk_tuning_read in a program. One of another device is refused.\n"
      "Ctrl-C loses the cell it stops: --resume goes on.\n"
      "Examples:\n  topkit tune --minutes 2 && TOPKIT_TUNING=topkit-tuning.json topkit bench --quick\n"
      "  topkit tune --device cuda --minutes 8 -o h200.json");
  command->callback([options, &console] { run_tune(*options, console); });
}

}  // namespace topkit::cli
