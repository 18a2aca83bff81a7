// The two shapes that the field compares, everybody over all cases, and what the reader measured himself.
#include <algorithm>
#include <cmath>
#include <map>

#include "cli/guide/charts.hpp"
#include "cli/guide/sections.hpp"
#include "text.hpp"

namespace topkit::cli::guide {
namespace {

struct Scenario {
  std::int64_t rows, cols, k;
  const char* what;
};
constexpr Scenario kScenarios[] = {{1, 50304, 50, "one row of logits"}, {4096, 1024, 32, "many short rows"}};

bool is(const Row& row, const Scenario& s) {
  return row.what.rows == s.rows && row.what.cols == s.cols && row.what.k == s.k && row.what.order == Order::value &&
         row.what.cache == bench::Cache::l3;
}

Figure bars_of(const Machine& machine, const Row& row, const Scenario& s) {
  Figure figure;
  figure.title = formatted("{}: {}, {}", s.what, problem_text(row), name(row.what.dtype));
  figure.caption =
      formatted("{}; microseconds a call, hot. Floor: one pass over the input that only takes its maximum.",
                plain(machine.model));
  figure.data = {.head = {"who", "us", "over topkit"}, .words = 1, .rows = {}};
  std::vector<Bar> bars;
  const auto add = [&](const std::string& who, double us, const Cell& ratio, bool own) {
    bars.push_back({.name = who, .us = us, .own = own});
    figure.data.rows.push_back({{plain(who)}, {us_text(us)}, ratio});
  };
  if (row.floor_us) add("floor", *row.floor_us, {}, false);
  add("topkit", row.hot_us, {}, true);
  for (const Rival& rival : row.rivals)
    add(rival.name + (rival.sorted ? "" : ", unsorted"), rival.hot_us, {ratio_text(rival.hot)}, false);
  figure.svg = bar_chart(std::move(bars));
  return figure;
}

struct Summary {
  double logs = 0;
  int count = 0;
  const Row *least = nullptr, *most = nullptr;
  double least_ratio = 0, most_ratio = 0;

  void add(const Row& row, double ratio) {
    logs += std::log(ratio);
    ++count;
    if (least == nullptr || ratio < least_ratio) least = &row, least_ratio = ratio;
    if (most == nullptr || ratio > most_ratio) most = &row, most_ratio = ratio;
  }
};

Table everybody(const Machine& machine) {
  std::vector<std::string> order;
  std::map<std::string, Summary> found;
  for (const Row* row : machine.plain_rows())
    for (const Rival& rival : row->rivals) {
      if (!found.contains(rival.name)) order.push_back(rival.name);
      found[rival.name].add(*row, rival.hot);
    }
  Table table{.head = {"who", "cases", "mean", "least", "most", "least in", "most in"}, .words = 1, .rows = {}};
  for (const std::string& who : order) {
    const Summary& s = found[who];
    const double mean = std::exp(s.logs / s.count);
    const auto where = [](const Row& row) { return formatted("{} {}", name(row.what.dtype), problem_text(row)); };
    table.rows.push_back({{plain(who)},
                          {std::to_string(s.count)},
                          {ratio_text(mean), tone_of(mean)},
                          {ratio_text(s.least_ratio), tone_of(s.least_ratio)},
                          {ratio_text(s.most_ratio), tone_of(s.most_ratio)},
                          {where(*s.least)},
                          {where(*s.most)}});
  }
  return table;
}

void add_own_cases(Document& document, const Machine& machine) {
  Table table{.head = {"case", "type", "input", "topkit us", "floor us", "algorithm", "the best other"},
              .words = 3,
              .rows = {}};
  for (const Row& row : machine.rows)
    if (!row.built_in)
      table.rows.push_back({{problem_text(row)},
                            {std::string(name(row.what.dtype))},
                            {plain(row.what.distribution)},
                            {us_text(row.hot_us)},
                            {row.floor_us ? us_text(*row.floor_us) : ""},
                            {plain(row.algorithm)},
                            ratio_cell(row.best(), true)});
  if (table.rows.empty()) return;
  document.add(Paragraph{formatted("Cases of your own, on {}:", plain(machine.model))});
  document.add(std::move(table));
}

// The same case with inputs that break some method: how much slower than with random numbers.
void add_distributions(Document& document, const Machine& machine) {
  std::map<std::string, const Row*> normal;
  std::vector<const Row*> worst;
  for (const Row& row : machine.rows)
    if (row.what.distribution == "normal") normal[formatted("{}/{}", row.what.name, row.threads)] = &row;
  std::map<std::string, const Row*> slowest;
  for (const Row& row : machine.rows) {
    const std::string key = formatted("{}/{}", row.what.name, row.threads);
    if (row.what.distribution == "normal" || !normal.contains(key)) continue;
    const Row*& old = slowest[key];
    if (old == nullptr || row.hot_us > old->hot_us) old = &row;
  }
  if (slowest.empty()) return;
  Table table{.head = {"case", "type", "worst input", "random us", "worst us", "slower"}, .words = 3, .rows = {}};
  for (const auto& [key, row] : slowest) {
    const double base = normal[key]->hot_us;
    table.rows.push_back({{problem_text(*row)},
                          {std::string(name(row->what.dtype))},
                          {plain(row->what.distribution)},
                          {us_text(base)},
                          {us_text(row->hot_us)},
                          {ratio_text(row->hot_us / base)}});
  }
  document.add(Paragraph{
      formatted("The worst input of each case that was measured with several, on {}:", plain(machine.model))});
  document.add(std::move(table));
}

}  // namespace

void add_glance(Document& document, const Machines& machines) {
  document.add(Heading{2, "Performance at a glance"});
  for (const Scenario& s : kScenarios)
    for (const Machine& machine : machines)
      for (const Row* row : machine.plain_rows())
        if (is(*row, s) && row->what.dtype == DType::f32) document.add(bars_of(machine, *row, s));
  bool own = false;
  for (const Machine& machine : machines) {
    document.add(Heading{3, formatted("Everybody on {}", plain(machine.model))});
    document.add(
        Paragraph{formatted("How many times longer than topkit, hot, over all cases that they can do: geometric mean, "
                            "least and most. From {}.",
                            source_text(machine))});
    document.add(everybody(machine));
    add_own_cases(document, machine);
    add_distributions(document, machine);
    own |= std::any_of(machine.rows.begin(), machine.rows.end(), [](const Row& row) { return !row.built_in; });
  }
  if (!own) {
    document.add(Paragraph{"Your own shapes stand here when you measure them and give their file too:"});
    document.add(
        Code{"topkit bench --rows 64 --cols 5000 -k 20 --json > mine.jsonl\ntopkit guide -o guide mine.jsonl"});
  }
}

}  // namespace topkit::cli::guide
