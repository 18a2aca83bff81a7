#include "cases.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace topkit::bench {

extern const char* const kCasesJson;  // cases.json, embedded by CMake

namespace {

std::optional<double> number(const nlohmann::json& row, const char* key) {
  if (!row.contains(key)) return std::nullopt;
  return row.at(key).get<double>();
}

Case parse(const nlohmann::json& row) {
  Case c;
  c.name = row.at("name");
  c.suite = row.at("suite");
  c.device = row.at("device") == "cuda" ? DeviceKind::cuda : DeviceKind::cpu;
  c.dtype = dtype_from(row.at("dtype").get<std::string>()).value();
  c.rows = row.at("rows");
  c.cols = row.at("cols");
  c.k = row.at("k");
  const std::string order = row.value("order", "value");
  c.order = order == "any" ? Order::any : order == "index" ? Order::index : Order::value;
  c.cache = row.value("cache", "l3") == "l2" ? Cache::l2 : Cache::l3;
  c.target_floors = number(row, "target_floors");
  c.target_hot_us = number(row, "target_hot_us");
  c.target_cold_us = number(row, "target_cold_us");
  return c;
}

}  // namespace

const std::vector<Case>& built_in_cases() {
  static const std::vector<Case> cases = [] {
    std::vector<Case> all;
    for (const nlohmann::json& row : nlohmann::json::parse(kCasesJson)) all.push_back(parse(row));
    return all;
  }();
  return cases;
}

std::string default_name(const Case& c) {
  std::string text = fmt::format("{}-{}-{}x{}-{}", name(c.device), name(c.dtype), c.rows, c.cols, c.k);
  if (c.cache == Cache::l2) text += "-l2";
  if (!c.lengths.empty()) text += fmt::format("-{}", c.lengths);
  if (c.order != Order::value) text += fmt::format("-{}", name(c.order));
  return text;
}

}  // namespace topkit::bench
