#include "results_file.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <fstream>
#include <string_view>

#include "dtype.hpp"
#include "status.hpp"

namespace topkit::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kTexts{"case", "dtype", "order", "distribution", "device", "peer", "algorithm"};
constexpr std::array kCounts{"rows", "cols", "k"};
constexpr std::array kTimes{"hot_us",        "cold_us",   "mad_us",         "cold_mad_us", "floor_us",
                            "floor_cold_us", "topkit_us", "topkit_cold_us", "ratio",       "ratio_cold"};

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

template <std::size_t N>
bool is_one_of(const std::string& text, const std::array<std::string_view, N>& known) {
  for (const std::string_view word : known)
    if (text == word) return true;
  return false;
}

// One line of a file, and what its fields must be.
class Line {
 public:
  Line(const std::string& path, const Record& record) : path_(path), record_(record) {}

  void expect_result() const {
    for (const char* field : kTexts)
      if (!has(field) || !at(field).is_string()) wrong(field, "is missing or no text");
    for (const char* field : kCounts)
      if (!has(field) || !at(field).is_number_integer()) wrong(field, "is missing or no whole number");
    if (!has("hot_us") || !at("hot_us").is_number()) wrong("hot_us", "is missing or no number");
    for (const char* field : kTimes) expect_time(field);
    if (at("hot_us").get<double>() <= 0) wrong("hot_us", "is not above 0");
    if (!has("verified") || !at("verified").is_boolean()) wrong("verified", "is missing or neither true nor false");
    expect_problem();
    for (const char* field : {"suite", "index_type", "machine", "date", "commit", "cache"})
      if (has(field) && !at(field).is_string()) wrong(field, "is no text");
    for (const char* field : {"forced", "sorted"})
      if (has(field) && !at(field).is_boolean()) wrong(field, "is neither true nor false");
    if (has("threads") && !at("threads").is_number_integer()) wrong("threads", "is no whole number");
  }

  void expect_header() const {
    for (const char* field : {"header", "device", "machine", "date", "commit", "gpu", "driver", "cuda"})
      if (has(field) && !at(field).is_string()) wrong(field, "is no text");
    for (const char* field : {"roof_gbps", "empty_kernel_us", "capability", "sms", "shared_bytes", "clock_mhz"})
      if (has(field) && !at(field).is_number()) wrong(field, "is no number");
  }

 private:
  bool has(const char* field) const { return record_.object.contains(field); }
  const Json& at(const char* field) const { return record_.object.at(field); }

  [[noreturn]] void wrong(const char* field, std::string_view rule) const {
    invalid("{} line {}: field {} {}", path_, record_.line, field, rule);
  }

  void expect_time(const char* field) const {
    if (!has(field) || at(field).is_null()) return;
    if (!at(field).is_number()) wrong(field, "is neither a number nor null");
    const auto value = at(field).get<double>();
    if (!std::isfinite(value) || value < 0) wrong(field, "is negative or not finite");
  }

  void expect_problem() const {
    const auto cols = at("cols").get<std::int64_t>(), k = at("k").get<std::int64_t>();
    if (at("rows").get<std::int64_t>() < 1) wrong("rows", "is below 1");
    if (cols < 1) wrong("cols", "is below 1");
    if (k < 1 || k > cols) wrong("k", fmt::format("is not in 1..{}, the columns", cols));
    if (!dtype_from(at("dtype").get<std::string>())) wrong("dtype", "is no type of topkit");
    if (!is_one_of(at("device"), std::array<std::string_view, 2>{"cpu", "cuda"}))
      wrong("device", "is neither cpu nor cuda");
    if (!is_one_of(at("order"), std::array<std::string_view, 3>{"value", "index", "any"}))
      wrong("order", "is none of value, index, any");
  }

  const std::string& path_;
  const Record& record_;
};

// Where the parser stopped, for a line that is no JSON.
std::size_t column_of_error(const std::string& line) {
  try {
    const Json unused = Json::parse(line);
  } catch (const Json::parse_error& error) {
    return error.byte;
  }
  return 0;
}

}  // namespace

std::optional<double> Record::number(const char* field) const {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::string Record::key() const {
  const std::string who =
      object.value("forced", false) ? fmt::format("{}/{}", text("peer"), text("algorithm")) : text("peer");
  return fmt::format("{} {} {} {} {}", text("case"), text("distribution"), text("index_type"),
                     object.value("threads", 1), who);
}

ResultsFile read_results(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) invalid("{}: cannot be read", path);
  const std::string content((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (stream.bad()) invalid("{}: cannot be read", path);
  ResultsFile file;
  file.path = path;
  std::size_t begin = 0;
  for (int number = 1; begin < content.size(); ++number) {
    file.lines = number;
    const std::size_t newline = content.find('\n', begin);
    const bool whole = newline != std::string::npos;
    std::string line = content.substr(begin, whole ? newline - begin : std::string::npos);
    begin = whole ? newline + 1 : content.size();
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == ',')) line.pop_back();
    if (is_blank(line) || line == "[" || line == "]") {
      if (!is_blank(line)) file.open_array = line == "[";
      file.whole_bytes = static_cast<std::int64_t>(begin);
      continue;
    }
    Record record{.line = number, .object = Json::parse(line, nullptr, false)};
    if (record.object.is_discarded()) {
      if (whole)
        invalid("{} line {}: is no JSON, from column {} on; one object a line is", path, number, column_of_error(line));
      file.cut_off = line;
      break;
    }
    if (!record.object.is_object()) invalid("{} line {}: is no JSON object", path, number);
    file.whole_bytes = static_cast<std::int64_t>(begin);
    if (record.object.contains("header")) {
      Line(path, record).expect_header();
      if (file.header.is_null()) file.header = record.object;
      continue;
    }
    if (record.object.contains("refused")) continue;
    Line(path, record).expect_result();
    file.records.push_back(std::move(record));
  }
  if (file.records.empty() && file.header.is_null() && file.cut_off.empty())
    invalid("{}: holds no results of topkit bench", path);
  return file;
}

ResultsFile read_whole_results(const std::string& path) {
  ResultsFile file = read_results(path);
  if (!file.cut_off.empty())
    invalid("{} line {}: is cut off: topkit bench --resume with this file measures what is missing", path, file.lines);
  if (file.open_array) invalid("{} line {}: the array's ] is missing: the file has lost its end", path, file.lines);
  if (file.records.empty()) invalid("{}: holds a header, and no result of topkit bench", path);
  return file;
}

}  // namespace topkit::bench
