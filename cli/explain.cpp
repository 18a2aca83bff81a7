#include <CLI/CLI.hpp>
#include <array>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "algorithms.hpp"
#include "bench/results_file.hpp"
#include "cli/commands.hpp"
#include "cli/error.hpp"
#include "cli/input_options.hpp"
#include "cli/known_devices.hpp"
#include "cli/progress.hpp"
#include "cli/selection_options.hpp"
#include "cli/words.hpp"
#include "plan.hpp"
#include "tuning.hpp"
#include "validate.hpp"

namespace topkit::cli {
namespace {

struct ExplainOptions {
  std::string what;  // a shape or a file
  InputOptions input;
  SelectionOptions selection;
  std::string device = "auto";
  std::vector<std::string> results;  // files of topkit bench: what was measured next to it
  bool json = false;
};

// The measured case of this device and type that is nearest, in the logarithms of rows, columns and k.
struct Expected {
  std::string text;  // of the case
  double hot_us;
  std::optional<double> cold_us;
  std::string machine, algorithm;
  bool exact = false;
};

double distance(const bench::Record& record, const Problem& p) {
  const auto part = [&](const char* field, std::int64_t value) {
    const double log = std::log(record.number(field).value() / static_cast<double>(std::max<std::int64_t>(value, 1)));
    return log * log;
  };
  return part("rows", p.rows) + part("cols", p.cols) + part("k", p.k);
}

std::optional<Expected> expected(const std::vector<std::string>& files, const Problem& p) {
  std::optional<Expected> nearest;
  double least = 0;
  for (const std::string& path : files) {
    const bench::ResultsFile file = bench::read_whole_results(path);
    for (const bench::Record& record : file.records) {
      if (record.text("peer") != "topkit" || record.object.value("forced", false) ||
          !record.object.at("verified").get<bool>() || record.text("distribution") != "normal" ||
          record.text("device") != name(p.device) || record.text("dtype") != name(p.dtype) ||
          record.text("order") != name(p.order))
        continue;
      const double far = distance(record, p);
      if (nearest && far >= least) continue;
      least = far;
      nearest = {
          .text = formatted("{} x {}, k = {}", record.object.at("rows").get<std::int64_t>(),
                            record.object.at("cols").get<std::int64_t>(), record.object.at("k").get<std::int64_t>()),
          .hot_us = record.number("hot_us").value(),
          .cold_us = record.number("cold_us"),
          .machine = record.text("machine"),
          .algorithm = record.text("algorithm"),
          .exact = far == 0};
    }
  }
  return nearest;
}

bool is_shape(const std::string& text) {
  return text.find_first_not_of("0123456789x,[] ") == std::string::npos && !std::filesystem::exists(text);
}

// What is asked, as the library itself reads a call.
Call read_call(const ExplainOptions& options, DeviceKind kind) {
  Shape shape, strides;
  DType dtype = DType::f32;
  if (is_shape(options.what)) {
    const OpenOptions open = options.input.parse();
    if (open.shape || !open.tensor.empty())
      invalid("--shape and --tensor belong to files; {} is a shape", quote(options.what));
    shape = parse_shape(options.what, "SHAPE");
    dtype = open.dtype.value_or(DType::f32);
    dense_bytes(shape, dtype, "SHAPE");
    strides = row_major_strides(shape);
  } else {
    const Tensor tensor = open_tensor(options.what, options.input.parse());
    shape = tensor.view().shape;
    strides = tensor.view().strides;
    dtype = tensor.view().dtype;
  }
  const DLDevice device{kind == DeviceKind::cpu ? kDLCPU : kDLCUDA, 0};
  const DLTensor x{nullptr, device, static_cast<int>(shape.size()), info(dtype).dl, shape.data(), strides.data(), 0};
  tk_options selection = options.selection.parse();
  selection.axis = static_cast<std::int32_t>(options.selection.parse_axis(shape.size()));
  Call call = validate({&x, options.selection.parse_k(), &selection, nullptr, nullptr, nullptr, nullptr}, Use::query);
  call.args.problem.index_type = options.selection.parse_index_type();
  return call;
}

nlohmann::ordered_json to_json(const Problem& problem, const Device& device, const Plan& plan,
                               const std::optional<Expected>& measured) {
  nlohmann::ordered_json json;
  json["problem"] = {{"rows", problem.rows},     {"cols", problem.cols},          {"dtype", name(problem.dtype)},
                     {"k", problem.k},           {"largest", problem.largest},    {"order", name(problem.order)},
                     {"nan", name(problem.nan)}, {"device", name(problem.device)}};
  json["algorithm"] = info(plan.algorithm).name;
  json["why"] = plan.why;
  if (device.kind == DeviceKind::cpu) {
    json["isa"] = name(plan.isa);
    json["threads"] = plan.threads;
    json["rows_per_task"] = plan.rows_per_task;
    json["row_parts"] = plan.row_parts;
  } else {
    json["launches"] = plan.launches;
    json["block_threads"] = plan.block_threads;
    json["cluster_blocks"] = plan.cluster_blocks;
    json["items_per_thread"] = plan.items_per_thread;
  }
  json["workspace_bytes"] = plan.workspace_bytes;
  json["passes"] = info(plan.algorithm).passes;
  if (measured) {
    json["measured"] = {{"case", measured->text}, {"same", measured->exact},      {"hot_us", measured->hot_us},
                        {"cold_us", nullptr},     {"machine", measured->machine}, {"algorithm", measured->algorithm}};
    if (measured->cold_us) json["measured"]["cold_us"] = *measured->cold_us;
  }
  return json;
}

void print_words(Console& console, const Problem& p, const Device& device, const Plan& plan,
                 const std::optional<Expected>& measured) {
  const auto line = [&](std::string_view key, const std::string& text) {
    console.out << formatted("  {:<10} {}\n", key, text);
  };
  const AlgorithmInfo& chosen = info(plan.algorithm);
  console.out << console.bold(formatted("{} {} of {}, the {} {} of each row, on {}", p.rows,
                                        p.rows == 1 ? "row" : "rows", p.cols, p.k, p.largest ? "largest" : "smallest",
                                        device_text(device)))
              << '\n';
  line("type", formatted("{}, {} of input", name(p.dtype),
                         bytes_text(static_cast<double>(p.rows) * static_cast<double>(p.cols) * bytes(p.dtype))));
  line("order", formatted("{}, NaN {}",
                          p.order == Order::value   ? "best first, the lower index first among equals"
                          : p.order == Order::index ? "by index"
                                                    : "any",
                          p.nan == Nan::largest ? "above all numbers" : "never before a number"));
  line("algorithm", formatted("{}: {}", chosen.name, chosen.regime));
  line("why", std::string(plan.why));
  if (device.kind == DeviceKind::cpu) {
    line("vectors", std::string(name(plan.isa)));
    line("threads", plan.threads == 1    ? "1, the calling thread"
                    : plan.row_parts > 1 ? formatted("{}, a row in {} parts", plan.threads, plan.row_parts)
                                         : formatted("{}, {} rows a task", plan.threads, plan.rows_per_task));
  } else {
    std::string launch = plan.launches == 1 ? "1 kernel" : formatted("{} kernels", plan.launches);
    if (plan.block_threads > 0) launch += formatted(", {} threads a block", plan.block_threads);
    if (plan.cluster_blocks > 1) launch += formatted(", {} blocks a row", plan.cluster_blocks);
    line("launch", launch);
    line("workspace", bytes_text(static_cast<double>(plan.workspace_bytes)));
  }
  line("passes", std::string(chosen.passes));
  if (measured)
    line("measured",
         formatted("{:.1f} us hot{}{} on {}", measured->hot_us,
                   measured->cold_us ? formatted(", {:.1f} us cold", *measured->cold_us) : std::string(),
                   measured->exact ? std::string() : formatted(" for {}, the nearest case,", measured->text),
                   quote(measured->machine)));
  std::string others;
  for (const AlgorithmInfo& row : algorithms())
    if (row.device == device.kind && row.algorithm != plan.algorithm && row.can(p))
      others += formatted("{}{}", others.empty() ? "" : ", ", row.name);
  line("or force", others.empty() ? "no other algorithm can" : others);
}

void run_explain(const ExplainOptions& options, Console& console) {
  const Device device = find_device(options.device);
  const Call call = read_call(options, device.kind);
  if (call.tuning != nullptr) expect_device(*call.tuning, device, "--tuning");
  const Plan plan =
      choose(call.args.problem, device, call.tuning != nullptr ? call.tuning->view() : built_in_tuning(), call.wish);
  const std::optional<Expected> measured = expected(options.results, call.args.problem);
  if (options.json)
    console.out << to_json(call.args.problem, device, plan, measured).dump() << '\n';
  else
    print_words(console, call.args.problem, device, plan, measured);
}

}  // namespace

void add_explain(CLI::App& app, Console& console) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* command = app.add_subcommand("explain", "Say how a selection would be done, without doing it");
  command->add_option("WHAT", options->what, "A shape such as 32x50304, or a file")->required();
  options->selection.add_to(*command);
  options->input.add_to(*command);
  command->add_option("--device", options->device, "cpu, cuda, or a GPU that need not be here")
      ->type_name("auto|cpu|cuda|sm_80|sm_90|sm_100")
      ->capture_default_str();
  command
      ->add_option("--results", options->results,
                   "Files of topkit bench: the time of the nearest case that was measured")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "The plan as a JSON object");
  command->footer(
      "Examples:\n  topkit explain 32x50304 -k 50\n  topkit explain 1x1000000 --dtype bf16 -k 1000 --device sm_90\n"
      "  topkit explain scores.npy -k 10 --threads 1 --json\n"
      "  topkit explain 1x50304 -k 50 --device sm_90 --results bench/results/h200.json");
  command->callback([options, &console] { run_explain(*options, console); });
}

}  // namespace topkit::cli
