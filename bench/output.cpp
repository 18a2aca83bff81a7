#include "output.hpp"

#include <filesystem>
#include <fstream>
#include <ostream>

#include "results_file.hpp"
#include "status.hpp"

namespace topkit::bench {
namespace {

void append(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::app | std::ios::binary);
  file << text << std::flush;
  if (!file) throw std::runtime_error(fmt::format("--resume {}: cannot be written", path));
}

void expect_same(const ResultsFile& file, const char* field, const std::string& now) {
  if (file.header.is_null()) invalid("--resume {} line 1: is no header of topkit bench", file.path);
  const std::string then = file.header.value(field, std::string());
  if (then != now) invalid("--resume {}: {} is '{}', here it is '{}'", file.path, field, then, now);
}

}  // namespace

Output::Output(const Command& command, DeviceKind device, Provenance from, std::ostream& out)
    : format_(command.format), path_(command.resume), device_(device), from_(std::move(from)), out_(out) {
  if (!path_.empty()) open_resumed();
  switch (format_) {
    case Format::table: out_ << from_.facts.machine << '\n' << table_head(device); break;
    case Format::json: out_ << header_json(device, from_) << '\n'; break;
    case Format::csv: out_ << csv_head(); break;
  }
}

void Output::open_resumed() {
  std::error_code none;
  if (!std::filesystem::exists(path_, none) || std::filesystem::file_size(path_, none) == 0) {
    append(path_, header_json(device_, from_) + '\n');
    return;
  }
  const ResultsFile file = read_results(path_);
  expect_same(file, "device", std::string(name(device_)));
  expect_same(file, "machine", from_.facts.machine);
  expect_same(file, "commit", from_.commit);
  for (const Record& record : file.records) done_.insert(record.text("case") + " " + record.text("distribution"));
  if (file.cut_off.empty()) return;
  // A run was killed while it wrote: the case it wrote is measured again, and of its lines the later ones count.
  std::filesystem::resize_file(path_, static_cast<std::uintmax_t>(file.whole_bytes));
  if (!file.records.empty()) {
    const Record& last = file.records.back();
    done_.erase(last.text("case") + " " + last.text("distribution"));
  }
}

std::string Output::json_lines(const Case& c, const Measured& measured) const {
  std::string text;
  for (const Result& result : measured.results) text += to_json(result, from_) + '\n';
  for (const Refusal& refusal : measured.refusals) text += to_json(c, refusal) + '\n';
  return text;
}

void Output::write(const Case& c, const Measured& measured) {
  if (!path_.empty()) append(path_, json_lines(c, measured));
  switch (format_) {
    case Format::table: out_ << table_lines(c, measured, from_); break;
    case Format::json: out_ << json_lines(c, measured); break;
    case Format::csv:
      for (const Result& result : measured.results) out_ << to_csv(result, from_);
      break;
  }
  out_.flush();
}

void Output::note(const std::string& text) {
  if (format_ == Format::table) (out_ << text << '\n').flush();
}

}  // namespace topkit::bench
