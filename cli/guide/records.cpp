#include "cli/guide/records.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "cli/known_devices.hpp"
#include "status.hpp"

namespace topkit::cli::guide {
namespace {

using bench::Record;

std::string first_part(const std::string& text) { return text.substr(0, text.find(',')); }
std::string first_word(const std::string& text) { return text.substr(0, text.find(' ')); }

// A result of topkit by the plan's choice. `python -m topkit.bench` names a forced algorithm without saying forced.
bool is_own(const Record& record) {
  return record.text("peer") == "topkit" && !record.object.value("forced", false) &&
         (record.object.contains("launches") || record.number("floor_us") || record.text("algorithm").empty());
}

const bench::Case* built_in(const std::string& name) {
  for (const bench::Case& c : bench::built_in_cases())
    if (c.name == name) return &c;
  return nullptr;
}

Order order_of(const std::string& word) {
  return word == "any" ? Order::any : word == "index" ? Order::index : Order::value;
}

Row row_of(const Record& record) {
  Row row;
  const bench::Case* known = built_in(record.text("case"));
  row.built_in = known != nullptr;
  row.what.name = record.text("case");
  row.what.suite = record.object.contains("suite") ? record.text("suite") : known != nullptr ? known->suite : "";
  row.what.device = record.text("device") == "cuda" ? DeviceKind::cuda : DeviceKind::cpu;
  row.what.dtype = dtype_from(record.text("dtype")).value();
  row.what.rows = record.object.at("rows");
  row.what.cols = record.object.at("cols");
  row.what.k = record.object.at("k");
  row.what.order = order_of(record.text("order"));
  row.what.cache = record.text("cache") == "l2" ? bench::Cache::l2 : bench::Cache::l3;
  row.what.distribution = record.text("distribution");
  row.threads = std::max(record.object.value("threads", 1), 1);
  row.index_type = record.text("index_type");
  row.algorithm = record.text("algorithm");
  row.hot_us = record.number("hot_us").value();
  row.cold_us = record.number("cold_us");
  row.floor_us = record.number("floor_us");
  row.floor_cold_us = record.number("floor_cold_us");
  row.roof_percent = record.number("roof_percent");
  return row;
}

// Who was measured in one run stands beside each other: the case, its input and topkit's threads.
std::string place_of(const Record& record) {
  return formatted("{}\n{}\n{}", record.text("case"), record.text("distribution"),
                   std::max(record.object.value("threads", 1), 1));
}

class Joiner {
 public:
  void add(const bench::ResultsFile& file) {
    expect_one_device(file);
    const std::string text =
        file.header.is_null() ? file.records.front().text("machine") : file.header.value("machine", std::string());
    Machine& machine = machine_of(file, text);
    Origin origin{.file = std::filesystem::path(file.path).filename().string(),
                  .machine = text,
                  .date = text_of(file, "date"),
                  .commit = commits_of(file),
                  .roof_gbps = number_of(file, "roof_gbps"),
                  .empty_kernel_us = number_of(file, "empty_kernel_us"),
                  .results = static_cast<int>(file.records.size()),
                  .inexact = {}};
    count_rounds(file, origin);
    std::map<std::string, const Record*> own;
    for (const Record& record : file.records) {
      if (!record.object.at("verified").get<bool>()) {
        origin.inexact.push_back(formatted("{} in {}", record.text("peer"), record.text("case")));
      } else if (is_own(record)) {
        own[place_of(record)] = &record;  // of repeated lines the last
        add_row(machine, record);
      }
    }
    for (const Record& record : file.records) {
      if (!record.object.at("verified").get<bool>() || record.text("peer") == "topkit" ||
          record.text("peer") == "floor")
        continue;
      const auto found = own.find(place_of(record));
      add_rival(machine, record, found == own.end() ? nullptr : found->second);
    }
    machine.origins.push_back(std::move(origin));
  }

  std::vector<Machine> take() {
    std::vector<Machine> found;
    for (const DeviceKind kind : {DeviceKind::cuda, DeviceKind::cpu})
      for (Machine& machine : machines_)
        if (machine.kind == kind && !machine.rows.empty()) found.push_back(std::move(machine));
    return found;
  }

 private:
  static void count_rounds(const bench::ResultsFile& file, Origin& origin) {
    for (const Record& record : file.records) {
      const int rounds = static_cast<int>(record.number("rounds").value_or(0));
      if (rounds < 1) continue;
      origin.least_rounds = origin.least_rounds == 0 ? rounds : std::min(origin.least_rounds, rounds);
      origin.most_rounds = std::max(origin.most_rounds, rounds);
    }
  }

  static void expect_one_device(const bench::ResultsFile& file) {
    const std::string device = file.records.front().text("device");
    for (const Record& record : file.records)
      if (record.text("device") != device)
        invalid("{} line {}: field device is {}, and was {} before: a file is of one machine", file.path, record.line,
                record.text("device"), device);
  }

  static std::string text_of(const bench::ResultsFile& file, const char* field) {
    return file.header.is_null() ? file.records.front().text(field) : file.header.value(field, std::string());
  }
  // The header's, and those of lines that an earlier run left in the file.
  static std::string commits_of(const bench::ResultsFile& file) {
    std::vector<std::string> all;
    const auto add = [&](const std::string& commit) {
      if (!commit.empty() && std::find(all.begin(), all.end(), commit) == all.end()) all.push_back(commit);
    };
    add(text_of(file, "commit"));
    for (const Record& record : file.records) add(record.object.value("commit", std::string()));
    std::string text;
    for (std::size_t i = 0; i < all.size(); ++i) text += (i == 0 ? "" : i == 1 ? ", some lines " : " and ") + all[i];
    return text;
  }
  static std::optional<double> number_of(const bench::ResultsFile& file, const char* field) {
    if (!file.header.contains(field)) return std::nullopt;
    return file.header.at(field).get<double>();
  }

  Machine& machine_of(const bench::ResultsFile& file, const std::string& text) {
    const bool cuda = file.records.front().text("device") == "cuda";
    const DeviceKind kind = cuda ? DeviceKind::cuda : DeviceKind::cpu;
    const std::string model = first_part(text.empty() ? std::string("a machine without a name") : text);
    for (Machine& machine : machines_)
      if (machine.kind == kind && machine.model == model) return machine;
    Machine& made = machines_.emplace_back();
    made.kind = kind;
    made.model = model;
    const std::optional<Device> device = cuda ? recorded_gpu(file.header, model) : recorded_cpu(text);
    made.device_known = device.has_value();
    if (device) made.device = *device;
    return made;
  }

  // The file with the floor says where a case's time comes from; Python's own time of topkit only stands beside its peers.
  void add_row(Machine& machine, const Record& record) {
    Row row = row_of(record);
    const std::string place = formatted("{}\n{}", machine.model, place_of(record));
    const auto found = rows_.find(place);
    if (found == rows_.end()) {
      rows_[place] = machine.rows.size();
      machine.rows.push_back(std::move(row));
      return;
    }
    Row& old = machine.rows[found->second];
    if (old.floor_us && !row.floor_us) return;
    if (old.index_type == "i32" && row.index_type == "i64") return;
    row.rivals = std::move(old.rivals);
    old = std::move(row);
  }

  void add_rival(Machine& machine, const Record& record, const Record* own) {
    const auto found = rows_.find(formatted("{}\n{}", machine.model, place_of(record)));
    if (found == rows_.end()) return;
    Row& row = machine.rows[found->second];
    const auto ratio = [&](const char* time, const char* beside) -> std::optional<double> {
      const auto theirs = record.number(time);
      auto ours = record.number(beside);
      if (!ours && own != nullptr) ours = own->number(time);
      if (!theirs || !ours || *ours <= 0) return std::nullopt;
      return *theirs / *ours;
    };
    const auto hot = ratio("hot_us", "topkit_us");
    if (!hot) return;
    Rival rival{.name = record.text("peer"),
                .hot_us = record.number("hot_us").value(),
                .hot = *hot,
                .cold = ratio("cold_us", "topkit_cold_us"),
                .sorted = record.object.value("sorted", true)};
    for (Rival& old : row.rivals)
      if (old.name == rival.name) {
        old = std::move(rival);
        return;
      }
    row.rivals.push_back(std::move(rival));
  }

  std::vector<Machine> machines_;
  std::map<std::string, std::size_t> rows_;
};

}  // namespace

const Rival* Row::rival(std::string_view name) const {
  for (const Rival& r : rivals)
    if (first_word(r.name) == name) return &r;
  return nullptr;
}

const Rival* Row::best() const {
  const auto found =
      std::min_element(rivals.begin(), rivals.end(), [](const Rival& a, const Rival& b) { return a.hot < b.hot; });
  return found == rivals.end() ? nullptr : &*found;
}

std::vector<const Row*> Machine::plain_rows() const {
  std::vector<const Row*> plain;
  for (const Row& row : rows)
    if (row.what.distribution == "normal" && row.threads == 1) plain.push_back(&row);
  return plain;
}

std::vector<Machine> machines_of(const std::vector<bench::ResultsFile>& files) {
  Joiner joiner;
  for (const bench::ResultsFile& file : files) joiner.add(file);
  std::vector<Machine> found = joiner.take();
  if (found.empty()) {
    std::string names;
    for (const bench::ResultsFile& file : files) names += formatted("{}{}", names.empty() ? "" : ", ", file.path);
    invalid("{}: no exact result of topkit itself, and the guide is about it beside others", names);
  }
  return found;
}

}  // namespace topkit::cli::guide
