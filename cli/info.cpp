#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "algorithms.hpp"
#include "cli/commands.hpp"
#include "cli/error.hpp"
#include "cli/known_devices.hpp"
#include "cli/progress.hpp"
#include "cuda/engine.hpp"

namespace topkit::cli {
namespace {

struct Isas {
  std::vector<std::string> usable, lacking;
};

Isas isas() {
  Isas result;
  for (int i = 0; i < tk_isa_count(); ++i)
    (tk_isa_available(i) != 0 ? result.usable : result.lacking).emplace_back(tk_isa_name(i));
  return result;
}

// The GPUs that the CUDA engine sees, or why there is none.
struct Gpus {
  std::vector<Device> devices;
  std::string trouble;
};

Gpus gpus() {
  Gpus result{.devices = {}, .trouble = gpu_trouble()};
  if (!result.trouble.empty()) return result;
  const int count = cuda::engine().device_count();
  for (int i = 0; i < count; ++i) result.devices.push_back(cuda_device(i));
  return result;
}

void print_json(Console& console, const Isas& sets, const Gpus& cuda) {
  const Device& cpu = cpu_device();
  nlohmann::ordered_json json;
  json["version"] = tk_version();
  json["cpu"] = {{"model", cpu.name},           {"threads", cpu.threads},   {"l1_bytes", cpu.l1_bytes},
                 {"l2_bytes", cpu.l2_bytes},    {"l3_bytes", cpu.l3_bytes}, {"isas", sets.usable},
                 {"isas_lacking", sets.lacking}};
  json["gpus"] = nlohmann::ordered_json::array();
  for (const Device& gpu : cuda.devices)
    json["gpus"].push_back({{"model", gpu.name}, {"capability", gpu.capability}, {"sms", gpu.sms}});
  if (!cuda.trouble.empty()) json["gpus_lacking"] = cuda.trouble;
  for (const AlgorithmInfo& row : algorithms())
    json["algorithms"].push_back({{"name", row.name},
                                  {"device", name(row.device)},
                                  {"regime", row.regime},
                                  {"needs", row.needs},
                                  {"passes", row.passes}});
  console.out << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

std::string joined(const std::vector<std::string>& words) {
  return words.empty() ? "none" : formatted("{}", fmt::join(words, " "));
}

void print_words(Console& console, const Isas& sets, const Gpus& cuda) {
  const Device& cpu = cpu_device();
  const auto line = [&](std::string_view key, const std::string& text) {
    console.out << formatted("  {:<10} {}\n", key, text);
  };
  console.out << console.bold(formatted("topkit {}", tk_version())) << '\n';
  line("cpu", formatted("{}, {} {}", cpu.name, cpu.threads, cpu.threads == 1 ? "thread" : "threads"));
  line("caches",
       formatted("L1 {} KiB, L2 {} KiB, L3 {} KiB", cpu.l1_bytes >> 10, cpu.l2_bytes >> 10, cpu.l3_bytes >> 10));
  line("isas",
       joined(sets.usable) +
           (sets.lacking.empty() ? "" : formatted("  (built, but not on this machine: {})", joined(sets.lacking))));
  for (const Device& gpu : cuda.devices) line("gpu", formatted("{}, {} SMs", device_text(gpu), gpu.sms));
  if (!cuda.trouble.empty()) line("gpu", "none: " + cuda.trouble);
  for (const DeviceKind kind : {DeviceKind::cpu, DeviceKind::cuda}) {
    console.out << console.bold(formatted("algorithms on {}", name(kind))) << '\n';
    for (const AlgorithmInfo& row : algorithms())
      if (row.device == kind) line(row.name, formatted("{} ({})", row.regime, row.needs));
  }
}

}  // namespace

void add_info(CLI::App& app, Console& console) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("info", "This machine, what is built, what is missing, all algorithms");
  command->add_flag("--json", *json, "As a JSON object");
  command->callback([json, &console] {
    if (*json)
      print_json(console, isas(), gpus());
    else
      print_words(console, isas(), gpus());
  });
}

}  // namespace topkit::cli
