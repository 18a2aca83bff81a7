#include "report.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "lengths.hpp"

namespace topkit::bench {
namespace {

double rounded(double us) { return std::round(us * 1000) / 1000; }

nlohmann::ordered_json or_null(std::optional<double> us) {
  if (!us) return nullptr;
  return rounded(*us);
}

// Of the memory roof: what the input's bytes in this time are of the bandwidth measured on a large one.
std::optional<double> roof_percent(const Result& r, const Provenance& from) {
  if (!r.cold_us || from.facts.roof_gbps <= 0 || *r.cold_us <= 0) return std::nullopt;
  return static_cast<double>(bytes_that_take_part(r.what)) / *r.cold_us / 1000 / from.facts.roof_gbps * 100;
}

nlohmann::ordered_json object_of(const Result& r, const Provenance& from) {
  nlohmann::ordered_json line;
  line["case"] = r.what.name;
  if (!r.what.suite.empty()) line["suite"] = r.what.suite;
  line["op"] = "topk";
  line["dtype"] = name(r.what.dtype);
  line["rows"] = r.what.rows;
  line["cols"] = r.what.cols;
  line["k"] = r.what.k;
  line["order"] = name(r.what.order);
  line["distribution"] = r.what.distribution;
  if (!r.what.lengths.empty()) line["lengths"] = r.what.lengths;
  line["device"] = name(r.what.device);
  if (r.what.device == DeviceKind::cpu) {
    line["cache"] = r.what.cache == Cache::l2 ? "l2" : "l3";
    line["threads"] = r.threads;
  } else {
    line["index_type"] = r.index_bytes == 4 ? "i32" : "i64";
    line["launches"] = r.who.launches;
  }
  line["peer"] = r.who.peer;
  line["algorithm"] = r.who.algorithm;
  if (r.who.forced) line["forced"] = true;
  if (!r.who.sorted) line["sorted"] = false;
  line["rounds"] = r.rounds;
  line["hot_us"] = rounded(r.hot_us);
  line["cold_us"] = or_null(r.cold_us);
  line["mad_us"] = rounded(r.mad_us);
  line["cold_mad_us"] = or_null(r.cold_mad_us);
  line["floor_us"] = rounded(r.floor_us);
  line["floor_cold_us"] = or_null(r.floor_cold_us);
  if (const auto percent = roof_percent(r, from)) line["roof_percent"] = std::round(*percent * 10) / 10;
  if (r.what.target_hot_us) line["target_hot_us"] = *r.what.target_hot_us;
  if (r.what.target_cold_us) line["target_cold_us"] = *r.what.target_cold_us;
  line["verified"] = r.verified;
  if (!r.complaint.empty()) line["complaint"] = r.complaint;
  return line;
}

std::string csv_field(const nlohmann::ordered_json& value) {
  if (value.is_null()) return "";
  if (!value.is_string()) return value.dump();
  std::string text = value;
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

constexpr std::array kCsvColumns{"case",    "op",           "dtype",    "rows",          "cols",      "k",
                                 "order",   "distribution", "device",   "peer",          "algorithm", "hot_us",
                                 "cold_us", "mad_us",       "floor_us", "floor_cold_us", "verified",  "machine",
                                 "date",    "commit"};

const Result* find(const std::vector<Result>& results, std::string_view peer) {
  for (const Result& result : results)
    if (result.who.peer == peer) return &result;
  return nullptr;
}

std::string optional_us(std::optional<double> us) { return us ? fmt::format("{:.2f}", *us) : "-"; }

std::string over_target(std::optional<double> us, std::optional<double> target) {
  return us && target ? fmt::format("{:.2f}", *us / *target) : "-";
}

std::string exactness(const Result& r) { return r.verified ? "yes" : fmt::format("NO: {}", r.complaint); }

std::string cpu_line(const Result& ours, const std::vector<Result>& results) {
  const auto ratio = [&](std::string_view peer) {
    const Result* other = find(results, peer);
    return other == nullptr ? std::string("-") : fmt::format("{:.1f}x", other->hot_us / ours.hot_us);
  };
  return fmt::format("{:<34} {:<19} {:<15} {:>10.2f} {:>10.2f} {:>6.2f} {:>10} {:>13} {:>13} {}\n", ours.what.name,
                     ours.what.distribution, ours.who.algorithm, ours.floor_us, ours.hot_us,
                     ours.hot_us / ours.floor_us, optional_us(ours.cold_us), ratio("std::partial_sort"),
                     ratio("std::nth_element"), exactness(ours));
}

std::string cuda_line(const Result& ours, const std::vector<Result>& results, const Provenance& from) {
  std::string peers;
  for (const Result& peer : results)
    if (peer.who.peer != "floor" && peer.who.peer != "topkit")
      peers += fmt::format("  {} {:.2f}x{}", peer.who.peer, peer.hot_us / ours.hot_us,
                           peer.verified ? std::string() : fmt::format(" (WRONG: {})", peer.complaint));
  const auto percent = roof_percent(ours, from);
  return fmt::format(
      "{:<30} {:<12} {:<9} {:>2} {:>8.2f} {:>8} {:>9.2f} {:>9} {:>6.2f} {:>5} {:>5} {:>6} {}{}\n", ours.what.name,
      ours.what.distribution, fmt::format("{}{}", ours.who.algorithm, ours.who.forced ? "*" : ""), ours.who.launches,
      ours.floor_us, optional_us(ours.floor_cold_us), ours.hot_us, optional_us(ours.cold_us), ours.mad_us,
      over_target(ours.hot_us, ours.what.target_hot_us), over_target(ours.cold_us, ours.what.target_cold_us),
      percent ? fmt::format("{:.0f}%", *percent) : "-", exactness(ours), peers);
}

// Of the algorithms that were forced: which is the one that the plan should have chosen?
std::string fastest_line(const Case& c, const std::vector<Result>& results) {
  const Result *planned = nullptr, *hot = nullptr, *cold = nullptr;
  for (const Result& r : results) {
    if (r.who.peer != "topkit" || !r.verified) continue;
    if (!r.who.forced) {
      planned = &r;
      continue;
    }
    if (hot == nullptr || r.hot_us < hot->hot_us) hot = &r;
    if (r.cold_us && (cold == nullptr || *r.cold_us < *cold->cold_us)) cold = &r;
  }
  if (planned == nullptr || hot == nullptr) return "";
  std::string text = fmt::format("{:<30} fastest hot: {} (the plan's takes {:.2f}x)", c.name, hot->who.algorithm,
                                 planned->hot_us / hot->hot_us);
  if (cold != nullptr && planned->cold_us)
    text += fmt::format(", cold: {} ({:.2f}x)", cold->who.algorithm, *planned->cold_us / *cold->cold_us);
  return text + '\n';
}

}  // namespace

std::string header_json(DeviceKind device, const Provenance& from) {
  nlohmann::ordered_json line;
  line["header"] = "topkit bench";
  line["device"] = name(device);
  line["machine"] = from.facts.machine;
  line["date"] = from.date;
  line["commit"] = from.commit;
  if (from.facts.roof_gbps > 0) line["roof_gbps"] = std::round(from.facts.roof_gbps * 10) / 10;
  if (device == DeviceKind::cuda) {
    line["gpu"] = from.facts.gpu;
    line["driver"] = from.facts.driver;
    line["cuda"] = from.facts.cuda;
    line["clock_mhz"] = from.facts.clock_mhz;
    line["capability"] = from.facts.capability;
    line["sms"] = from.facts.sms;
    line["shared_bytes"] = from.facts.shared_bytes;
    line["empty_kernel_us"] = rounded(from.facts.empty_kernel_us);
  }
  return line.dump();
}

std::string to_json(const Result& result, const Provenance& from) {
  nlohmann::ordered_json line = object_of(result, from);
  line["machine"] = from.facts.machine;
  line["date"] = from.date;
  line["commit"] = from.commit;
  return line.dump();
}

std::string to_json(const Case& c, const Refusal& refusal) {
  nlohmann::ordered_json line;
  line["refused"] = refusal.why;
  line["case"] = c.name;
  line["distribution"] = c.distribution;
  line["peer"] = refusal.who.peer;
  line["algorithm"] = refusal.who.algorithm;
  return line.dump();
}

std::string csv_head() { return fmt::format("{}\n", fmt::join(kCsvColumns, ",")); }

std::string to_csv(const Result& result, const Provenance& from) {
  const auto line = nlohmann::ordered_json::parse(to_json(result, from));
  std::string text;
  for (const char* column : kCsvColumns)
    text += fmt::format("{}{}", text.empty() ? "" : ",", csv_field(line.at(column)));
  return text + '\n';
}

std::string table_head(DeviceKind device) {
  if (device == DeviceKind::cpu)
    return fmt::format("{:<34} {:<19} {:<15} {:>10} {:>10} {:>6} {:>10} {:>13} {:>13} {}\n", "case", "distribution",
                       "algorithm", "floor us", "hot us", "/floor", "cold us", "partial_sort", "nth_element", "exact");
  return fmt::format("{:<30} {:<12} {:<9} {:>2} {:>8} {:>8} {:>9} {:>9} {:>6} {:>5} {:>5} {:>6} {}\n", "case",
                     "distribution", "algorithm", "n", "floor", "cold", "hot us", "cold us", "mad", "/tgt", "cold",
                     "roof", "exact, peers");
}

std::string table_lines(const Case& c, const Measured& measured, const Provenance& from) {
  std::string text;
  for (const Result& ours : measured.results) {
    if (ours.who.peer != "topkit") continue;
    const std::vector<Result> others = ours.who.forced ? std::vector<Result>() : measured.results;
    text += c.device == DeviceKind::cpu ? cpu_line(ours, others) : cuda_line(ours, others, from);
  }
  text += fastest_line(c, measured.results);
  for (const Refusal& refusal : measured.refusals)
    text += fmt::format("{:<34} {} {}: {}\n", c.name, refusal.who.peer, refusal.who.algorithm, refusal.why);
  return text;
}

}  // namespace topkit::bench
