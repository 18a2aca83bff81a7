#include "compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "statistics.hpp"
#include "status.hpp"

namespace topkit::bench {
namespace {

constexpr double kDeviations = 5;

std::map<std::string, const Record*> own_results(const ResultsFile& file) {
  std::map<std::string, const Record*> own;
  for (const Record& record : file.records)
    if (record.text("peer") == "topkit") own[record.key()] = &record;  // of repeated lines the last
  return own;
}

std::string describe(const Record& record, const char* heat) {
  std::string input, algorithm;
  if (record.text("distribution") != "normal") input = fmt::format(" {}", record.text("distribution"));
  if (record.object.value("forced", false)) algorithm = fmt::format(" {}", record.text("algorithm"));
  return fmt::format("{}{}{} {}", record.text("case"), input, algorithm, heat);
}

double deviation_us(const Record& record, std::string_view heat) {
  const double hot = record.number("mad_us").value_or(0);
  return heat == "hot" ? hot : record.number("cold_mad_us").value_or(hot);
}

std::string machine_of(const ResultsFile& file) {
  return file.records.empty() ? "" : file.records.front().text("machine");
}

Verdict judge(double ratio, double tolerance, bool exact) {
  if (!exact) return Verdict::inexact;
  return ratio > 1 + tolerance ? Verdict::slower : ratio < 1 / (1 + tolerance) ? Verdict::faster : Verdict::same;
}

const char* word(Verdict verdict) {
  switch (verdict) {
    case Verdict::same: return "same";
    case Verdict::faster: return "faster";
    case Verdict::slower: return "SLOWER";
    default: return "NOT EXACT";
  }
}

double ratio_of(const Comparison& c) { return c.after_us / c.before_us; }

}  // namespace

bool Verdicts::regressed() const {
  return std::any_of(all.begin(), all.end(),
                     [](const Comparison& c) { return c.verdict == Verdict::slower || c.verdict == Verdict::inexact; });
}

Verdicts compare(const ResultsFile& before, const ResultsFile& after, double tolerance) {
  Verdicts verdicts;
  verdicts.same_machine = machine_of(before) == machine_of(after);
  const auto old_results = own_results(before), new_results = own_results(after);
  std::vector<double> ratios;
  for (const auto& [key, old_record] : old_results) {
    const auto found = new_results.find(key);
    if (found == new_results.end()) {
      verdicts.only_before.push_back(key);
      continue;
    }
    const Record& new_record = *found->second;
    for (const char* heat : {"hot", "cold"}) {
      const std::string field = fmt::format("{}_us", heat);
      const auto was = old_record->number(field.c_str()), is = new_record.number(field.c_str());
      if (!was || !is || *was <= 0) continue;
      const double noise_us = deviation_us(*old_record, heat) + deviation_us(new_record, heat);
      const double allowed = std::max(tolerance, kDeviations * noise_us / *was);
      const double ratio = *is / *was;
      ratios.push_back(ratio);
      verdicts.all.push_back({.what = describe(new_record, heat),
                              .before_us = *was,
                              .after_us = *is,
                              .tolerance = allowed,
                              .verdict = judge(ratio, allowed, new_record.object.at("verified").get<bool>())});
    }
  }
  for (const auto& [key, record] : new_results)
    if (!old_results.contains(key)) verdicts.only_after.push_back(key);
  if (ratios.empty()) invalid("--compare: {} and {} have no case of topkit in common", before.path, after.path);
  verdicts.median_ratio = median(ratios);
  // Noise moves single cases in both directions; a whole list does not move by it.
  const double drift = tolerance / 2;
  if (verdicts.median_ratio > 1 + drift)
    for (Comparison& c : verdicts.all)
      if (c.verdict == Verdict::same && ratio_of(c) > 1 + drift) c.verdict = Verdict::slower;
  std::stable_sort(verdicts.all.begin(), verdicts.all.end(),
                   [](const Comparison& a, const Comparison& b) { return ratio_of(a) > ratio_of(b); });
  return verdicts;
}

std::string to_text(const Verdicts& verdicts, double tolerance) {
  std::string text = fmt::format("{:<44} {:>10} {:>10} {:>7} {:>8}  {}\n", "topkit", "before us", "after us", "ratio",
                                 "allowed", "verdict");
  int slower = 0, faster = 0, inexact = 0;
  for (const Comparison& c : verdicts.all) {
    slower += c.verdict == Verdict::slower ? 1 : 0;
    faster += c.verdict == Verdict::faster ? 1 : 0;
    inexact += c.verdict == Verdict::inexact ? 1 : 0;
    text += fmt::format("{:<44} {:>10.2f} {:>10.2f} {:>7.3f} {:>8.3f}  {}\n", c.what, c.before_us, c.after_us,
                        ratio_of(c), 1 + c.tolerance, word(c.verdict));
  }
  for (const std::string& key : verdicts.only_before) text += fmt::format("{}: only in the first file\n", key);
  for (const std::string& key : verdicts.only_after) text += fmt::format("{}: only in the second file\n", key);
  if (!verdicts.same_machine) text += "the files are of different machines: the ratios compare those as well\n";
  text += fmt::format("{} times: {} slower, {} faster, {} not exact; median ratio {:.3f}, tolerance {:.0f} %\n",
                      verdicts.all.size(), slower, faster, inexact, verdicts.median_ratio, 100 * tolerance);
  return text;
}

}  // namespace topkit::bench
