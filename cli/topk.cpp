#include <CLI/CLI.hpp>
#include <cstring>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "cli/error.hpp"
#include "cli/input_options.hpp"
#include "cli/interrupt.hpp"
#include "cli/npy.hpp"
#include "cli/output_file.hpp"
#include "cli/result.hpp"
#include "cli/selection_options.hpp"
#include "cli/words.hpp"

namespace topkit::cli {
namespace {

struct TopkOptions {
  std::vector<std::string> files;
  InputOptions input;
  SelectionOptions selection;
  std::string device = "auto";
  bool json = false, csv = false;
  std::string prefix;
};

// Files are on the host, and a copy to the GPU costs more than the selection, so auto means the CPU.
DeviceKind parse_device(const std::string& text) {
  return word<DeviceKind>("--device", text,
                          {{"auto", DeviceKind::cpu}, {"cpu", DeviceKind::cpu}, {"cuda", DeviceKind::cuda}});
}

Task make_task(const TopkOptions& options, const Tensor& x) {
  Task task;
  task.x = &x;
  const TensorView& view = x.view();
  task.selection = {.shape = view.shape,
                    .strides = view.strides,
                    .axis = options.selection.parse_axis(view.shape.size()),
                    .k = options.selection.parse_k(),
                    .element_bytes = bytes(view.dtype)};
  task.index_type = options.selection.parse_index_type();
  task.options = options.selection.parse();
  task.device = parse_device(options.device);
  return task;
}

// PREFIX, or PREFIX.STEM when several files must not meet in one.
std::vector<std::string> prefixes(const TopkOptions& options) {
  std::vector<std::string> result;
  for (const std::string& file : options.files) {
    const std::string stem = file == "-" ? "stdin" : std::filesystem::path(file).stem().string();
    result.push_back(options.files.size() == 1 ? options.prefix : options.prefix + "." + stem);
  }
  if (std::set<std::string>(result.begin(), result.end()).size() != result.size())
    invalid("-o = {}: two of the files have the same name, their outputs would meet", quote(options.prefix));
  return result;
}

void write_files(const Task& task, const std::string& prefix, Progress& progress) {
  const Shape shape = task.selection.out_shape();
  const std::string values_header = npy_header(task.x->view().dtype, shape);
  const std::string indices_header = npy_header(task.index_type == IndexType::i32 ? DType::i32 : DType::i64, shape);
  OutputFile values(prefix + ".values.npy", values_header.size() + task.values_bytes());
  OutputFile indices(prefix + ".indices.npy", indices_header.size() + task.indices_bytes());
  std::memcpy(values.data(), values_header.data(), values_header.size());
  std::memcpy(indices.data(), indices_header.data(), indices_header.size());
  select(task, values.data() + values_header.size(), indices.data() + indices_header.size(), progress);
  const SignalsHeld hold;
  values.commit();
  indices.commit();
}

void show(const TopkOptions& options, const Task& task, const std::string& plan, Progress& progress, Console& console) {
  MappedFile values(task.values_bytes()), indices(task.indices_bytes());
  Result result{.task = &task, .values = values.data(), .indices = indices.data(), .seconds = 0, .plan = plan};
  result.seconds = select(task, values.data(), indices.data(), progress);
  if (options.json)
    print_json(console, result);
  else if (options.csv)
    print_csv(console, result);
  else
    print_table(console, result);
}

void run_topk(const TopkOptions& options, Console& console) {
  if (options.json + options.csv + !options.prefix.empty() > 1)
    invalid("--json, --csv and -o exclude each other: give one");
  const OpenOptions open = options.input.parse();
  const std::vector<std::string> outputs = prefixes(options);
  // Everything that can be wrong with any file is found before anything is computed or written.
  std::deque<Tensor> tensors;
  std::vector<Task> tasks;
  std::vector<std::string> plans;
  for (const std::string& file : options.files) {
    tensors.push_back(open_tensor(file, open));
    tasks.push_back(make_task(options, tensors.back()));
    plans.push_back(check(tasks.back()));
    tasks.back().values_bytes();
  }
  if (options.csv) print_csv_header(console);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const Selection& s = tasks[i].selection;
    Progress progress(console, tensors[i].name(), s.rows() * s.cols() * s.element_bytes);
    if (options.prefix.empty())
      show(options, tasks[i], plans[i], progress, console);
    else
      write_files(tasks[i], outputs[i], progress);
  }
}

}  // namespace

void add_topk(CLI::App& app, Console& console) {
  auto options = std::make_shared<TopkOptions>();
  CLI::App* command = app.add_subcommand("topk", "Select the k best of each row of files");
  command->add_option("FILE", options->files, ".npy, .safetensors or raw bytes; - is standard input")->required();
  options->selection.add_to(*command);
  options->input.add_to(*command);
  command->add_option("--device", options->device, "Where to select")
      ->type_name("auto|cpu|cuda")
      ->capture_default_str();
  command->add_flag("--json", options->json, "One JSON object a file, a line each");
  command->add_flag("--csv", options->csv, "Lines of file,row,rank,index,value");
  command->add_option("-o", options->prefix, "Write PREFIX.values.npy and PREFIX.indices.npy")->type_name("PREFIX");
  command->footer(
      "Examples:\n  topkit topk scores.npy -k 10\n  topkit topk a.npy b.npy -k 3 --smallest --csv\n"
      "  topkit topk model.safetensors --tensor lm_head.weight -k 5 --axis 0 -o best");
  command->callback([options, &console] { run_topk(*options, console); });
}

}  // namespace topkit::cli
