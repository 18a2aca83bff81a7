#include "results_file.hpp"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <sstream>

#include "status.hpp"

namespace topkit::bench {
namespace {

constexpr std::array kTexts{"case", "dtype", "order", "distribution", "device", "peer", "algorithm"};
constexpr std::array kNumbers{"rows", "cols", "k", "hot_us"};

bool is_blank(const std::string& line) { return line.find_first_not_of(" \t\r") == std::string::npos; }

void expect_fields(const std::string& path, const Record& record) {
  const auto& object = record.object;
  for (const char* field : kTexts)
    if (!object.contains(field) || !object.at(field).is_string())
      invalid("{} line {}: field {} is missing or no text", path, record.line, field);
  for (const char* field : kNumbers)
    if (!object.contains(field) || !object.at(field).is_number())
      invalid("{} line {}: field {} is missing or no number", path, record.line, field);
  if (!object.contains("verified") || !object.at("verified").is_boolean())
    invalid("{} line {}: field verified is missing or neither true nor false", path, record.line);
  for (const char* field : {"cold_us", "mad_us", "floor_us", "floor_cold_us"})
    if (object.contains(field) && !object.at(field).is_number() && !object.at(field).is_null())
      invalid("{} line {}: field {} is neither a number nor null", path, record.line, field);
}

}  // namespace

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
  ResultsFile file{.path = path, .header = nullptr, .records = {}, .cut_off = "", .whole_bytes = 0};
  std::size_t begin = 0;
  for (int number = 1; begin < content.size(); ++number) {
    const std::size_t newline = content.find('\n', begin);
    const bool whole = newline != std::string::npos;
    std::string line = content.substr(begin, whole ? newline - begin : std::string::npos);
    begin = whole ? newline + 1 : content.size();
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == ',')) line.pop_back();
    if (is_blank(line) || line == "[" || line == "]") {
      file.whole_bytes = static_cast<std::int64_t>(begin);
      continue;
    }
    Record record{.line = number, .object = nlohmann::ordered_json::parse(line, nullptr, false)};
    if (record.object.is_discarded()) {
      if (whole) invalid("{} line {}: is no JSON", path, number);
      file.cut_off = line;
      break;
    }
    if (!record.object.is_object()) invalid("{} line {}: is no JSON object", path, number);
    file.whole_bytes = static_cast<std::int64_t>(begin);
    if (record.object.contains("header")) {
      if (file.header.is_null()) file.header = record.object;
      continue;
    }
    if (record.object.contains("refused")) continue;
    expect_fields(path, record);
    file.records.push_back(std::move(record));
  }
  if (file.records.empty() && file.header.is_null() && file.cut_off.empty())
    invalid("{}: holds no results of topkit bench", path);
  return file;
}

}  // namespace topkit::bench
