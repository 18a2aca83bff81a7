#include "report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace topkit::bench {
namespace {

double rounded(double us) { return std::round(us * 1000) / 1000; }

nlohmann::ordered_json or_null(std::optional<double> us) {
  if (!us) return nullptr;
  return rounded(*us);
}

const Result* find(const std::vector<Result>& results, std::string_view peer) {
  for (const Result& result : results)
    if (result.who.peer == peer) return &result;
  return nullptr;
}

}  // namespace

std::string to_json(const Result& r, const Provenance& from) {
  nlohmann::ordered_json line;
  line["case"] = r.what.name;
  line["op"] = "topk";
  line["dtype"] = name(r.what.dtype);
  line["rows"] = r.what.rows;
  line["cols"] = r.what.cols;
  line["k"] = r.what.k;
  line["order"] = name(r.what.order);
  line["distribution"] = r.what.distribution;
  line["device"] = name(r.what.device);
  line["cache"] = r.what.cache == Cache::l2 ? "l2" : "l3";
  line["threads"] = r.threads;
  line["peer"] = r.who.peer;
  line["algorithm"] = r.who.algorithm;
  line["hot_us"] = rounded(r.hot_us);
  line["cold_us"] = or_null(r.cold_us);
  line["mad_us"] = rounded(r.mad_us);
  line["floor_us"] = rounded(r.floor_us);
  line["floor_cold_us"] = or_null(r.floor_cold_us);
  line["verified"] = r.verified;
  line["machine"] = from.machine;
  line["date"] = from.date;
  line["commit"] = from.commit;
  return line.dump();
}

std::string table_head() {
  return fmt::format("{:<34} {:<19} {:<15} {:>10} {:>10} {:>6} {:>10} {:>13} {:>13} {}\n", "case", "distribution",
                     "algorithm", "floor us", "hot us", "/floor", "cold us", "partial_sort", "nth_element", "exact");
}

std::string table_line(const std::vector<Result>& results) {
  const Result* ours = find(results, "topkit");
  if (ours == nullptr) return "";
  const auto ratio = [&](std::string_view peer) {
    const Result* other = find(results, peer);
    return other == nullptr ? std::string("-") : fmt::format("{:.1f}x", other->hot_us / ours->hot_us);
  };
  bool verified = true;
  for (const Result& result : results) verified = verified && result.verified;
  return fmt::format("{:<34} {:<19} {:<15} {:>10.2f} {:>10.2f} {:>6.2f} {:>10} {:>13} {:>13} {}\n", ours->what.name,
                     ours->what.distribution, ours->who.algorithm, ours->floor_us, ours->hot_us,
                     ours->hot_us / ours->floor_us, ours->cold_us ? fmt::format("{:.2f}", *ours->cold_us) : "-",
                     ratio("std::partial_sort"), ratio("std::nth_element"), verified ? "yes" : "NO");
}

}  // namespace topkit::bench
