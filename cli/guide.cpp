#include <CLI/CLI.hpp>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/error.hpp"
#include "cli/guide/sections.hpp"
#include "cli/output_file.hpp"

namespace topkit::cli {
namespace {

struct GuideOptions {
  std::vector<std::string> results;
  std::string folder, docs;
};

guide::Document document_of(const std::vector<guide::Machine>& machines, const std::string& docs) {
  guide::Document document;
  std::string names;
  int results = 0;
  std::size_t files = 0;
  for (const guide::Machine& machine : machines) {
    names += formatted("{}{}", names.empty() ? "" : " and ", guide::plain(machine.model));
    files += machine.origins.size();
    for (const guide::Origin& origin : machine.origins) results += origin.results;
  }
  document.title = "The k best of each row: a guide made of measurements";
  document.lead =
      formatted("Made by `topkit guide` of {} results in {} file{} from {}. Every number here is one of them.", results,
                files, files == 1 ? "" : "s", names);
  add_quick_answers(document, machines);
  add_glance(document, machines);
  add_decision_tree(document, machines);
  add_plots(document, machines);
  add_quick_checks(document);
  add_limits(document, machines);
  add_documentation_map(document, docs);
  add_method(document, machines);
  return document;
}

void run_guide(const GuideOptions& options, Console& console) {
  std::vector<bench::ResultsFile> files;
  for (const std::string& path : options.results) files.push_back(bench::read_whole_results(path));
  const std::vector<guide::Machine> machines = guide::machines_of(files);
  const guide::Document document = document_of(machines, options.docs);
  const std::string html = guide::to_html(document), markdown = guide::to_markdown(document);
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  if (error) invalid("-o = {}: is no folder and cannot be made one: {}", quote(options.folder), error.message());
  const auto path = [&](const char* name) { return (std::filesystem::path(options.folder) / name).string(); };
  OutputFile page(path("index.html"), html.size()), twin(path("guide.md"), markdown.size());
  std::memcpy(page.data(), html.data(), html.size());
  std::memcpy(twin.data(), markdown.data(), markdown.size());
  const SignalsHeld held;
  page.commit();
  twin.commit();
  console.out << page.path() << '\n' << twin.path() << '\n';
}

}  // namespace

void add_guide(CLI::App& app, Console& console) {
  auto options = std::make_shared<GuideOptions>();
  CLI::App* command = app.add_subcommand("guide", "Make a guide of measurements: one HTML file and its Markdown twin");
  command
      ->add_option("RESULTS", options->results,
                   "Files of topkit bench --json (or --resume) and of python -m topkit.bench -o")
      ->required();
  command->add_option("-o,--output", options->folder, "The folder for index.html and guide.md")->required();
  command->add_option("--docs", options->docs, "Link topkit's pages there, for example . or ../docs");
  command->footer(
      "Examples:\n  topkit bench --suite llm --resume llm.jsonl && topkit guide -o guide llm.jsonl\n"
      "  topkit guide -o guide llm.jsonl peers.json");
  command->callback([options, &console] { run_guide(*options, console); });
}

}  // namespace topkit::cli
