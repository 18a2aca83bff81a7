// Time against columns, and every case beside every peer.
#include <algorithm>
#include <map>
#include <set>

#include "cli/guide/charts.hpp"
#include "cli/guide/sections.hpp"
#include "text.hpp"

namespace topkit::cli::guide {
namespace {

struct KClass {
  std::int64_t most;
  const char* name;
};
constexpr KClass kClasses[] = {{1, "k = 1"},      {16, "k to 16"},     {64, "k to 64"},
                               {256, "k to 256"}, {2048, "k to 2048"}, {INT64_MAX, "k above"}};

std::size_t class_of(std::int64_t k) {
  std::size_t i = 0;
  while (k > kClasses[i].most) ++i;
  return i;
}

bool drawn(const Row& row) {
  return row.what.dtype == DType::f32 && row.what.order == Order::value && row.what.cache == bench::Cache::l3;
}

// One plot of one number of rows; without a drawing when its cases have less than two widths.
Figure times_of(const Machine& machine, std::int64_t rows) {
  std::map<std::size_t, Line> lines;
  std::map<double, double> floor, best;
  Table data{.head = {"columns", "k", "topkit us", "floor us", "the best other us"}, .words = 2, .rows = {}};
  std::vector<const Row*> chosen;
  for (const Row* row : machine.plain_rows())
    if (row->what.rows == rows && drawn(*row)) chosen.push_back(row);
  std::stable_sort(chosen.begin(), chosen.end(),
                   [](const Row* a, const Row* b) { return a->what.cols < b->what.cols; });
  Line rest{.name = "the best other", .points = {}, .color = 6, .joined = false};
  std::set<double> widths;
  for (const Row* row : chosen) {
    const auto cols = static_cast<double>(row->what.cols);
    widths.insert(cols);
    const std::size_t index = class_of(row->what.k);
    Line& line = lines[index];
    line.name = kClasses[index].name;
    line.color = static_cast<int>(index);
    line.points.emplace_back(cols, row->hot_us);
    if (row->floor_us) floor[cols] = *row->floor_us;
    const Rival* second = row->best();
    if (second != nullptr) rest.points.emplace_back(cols, second->hot_us);
    data.rows.push_back({{std::to_string(row->what.cols)},
                         {std::to_string(row->what.k)},
                         {us_text(row->hot_us)},
                         {row->floor_us ? us_text(*row->floor_us) : ""},
                         {second != nullptr ? formatted("{} {}", us_text(second->hot_us), plain(second->name)) : ""}});
  }
  if (widths.size() < 2) return {};
  std::vector<Line> all;
  if (!rest.points.empty()) all.push_back(std::move(rest));
  if (!floor.empty()) all.push_back({.name = "floor", .points = {floor.begin(), floor.end()}, .color = -1});
  for (auto& [index, line] : lines) all.push_back(std::move(line));
  return {.title = formatted("{} row{}, f32", whole_text(rows), rows == 1 ? "" : "s"),
          .svg = line_chart(all),
          .caption = formatted(
              "{}; hot, by columns; lines: topkit by k; marks without a line: the fastest other on each case.",
              plain(machine.model)),
          .data = std::move(data)};
}

// Losses first: by the ratio to whoever comes closest.
Table heat_map(const Machine& machine) {
  std::vector<const Row*> rows = machine.plain_rows();
  std::erase_if(rows, [](const Row* row) { return row->rivals.empty(); });
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row* a, const Row* b) { return a->best()->hot < b->best()->hot; });
  std::vector<std::string> peers;
  for (const Row* row : rows)
    for (const Rival& rival : row->rivals)
      if (std::find(peers.begin(), peers.end(), rival.name) == peers.end()) peers.push_back(rival.name);
  std::sort(peers.begin(), peers.end());
  Table table{.head = {"case", "type", "us", "x floor", "of the roof"}, .words = 2, .rows = {}};
  for (const std::string& peer : peers) table.head.push_back(plain(peer));
  for (const Row* row : rows) {
    std::vector<Cell> line{
        {problem_text(*row)},
        {std::string(name(row->what.dtype))},
        {us_text(row->hot_us)},
        {row->floor_us && *row->floor_us > 0 ? formatted("{:.2f}", row->hot_us / *row->floor_us) : ""},
        {row->roof_percent ? formatted("{:.0f} %", *row->roof_percent) : ""}};
    for (const std::string& peer : peers) {
      const auto found =
          std::find_if(row->rivals.begin(), row->rivals.end(), [&](const Rival& r) { return r.name == peer; });
      line.push_back(found == row->rivals.end() ? Cell{} : ratio_cell(&*found, false));
    }
    table.rows.push_back(std::move(line));
  }
  return table;
}

}  // namespace

void add_plots(Document& document, const Machines& machines) {
  document.add(Heading{2, "Plots"});
  for (const Machine& machine : machines) {
    document.add(Heading{3, formatted("Time against columns on {}", plain(machine.model))});
    std::set<std::int64_t> rows;
    for (const Row* row : machine.plain_rows())
      if (drawn(*row)) rows.insert(row->what.rows);
    for (const std::int64_t count : rows)
      if (Figure figure = times_of(machine, count); !figure.svg.empty()) document.add(std::move(figure));
    document.add(Heading{3, formatted("Everybody over topkit on {}, losses first", plain(machine.model))});
    document.add(
        Paragraph{formatted("How many times longer than topkit, hot: under 1 the other is faster. topkit sorts and "
                            "breaks ties by the lower index in every "
                            "line; nobody else has to. Of the roof: what the input, cold, is of the memory bandwidth "
                            "measured in the same run. From {}.",
                            source_text(machine))});
    document.add(heat_map(machine));
  }
}

}  // namespace topkit::cli::guide
