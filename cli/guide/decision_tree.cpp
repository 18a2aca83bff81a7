// Which algorithm where: asked of choose() itself; and who would be second, from the records.
#include <array>
#include <cmath>
#include <map>

#include "cli/guide/charts.hpp"
#include "cli/guide/choices.hpp"
#include "cli/guide/sections.hpp"
#include "text.hpp"

namespace topkit::cli::guide {
namespace {

// Of the cases that end in one leaf: who of the others came closest most often.
struct Seconds {
  std::map<std::string, int> wins;
  std::map<std::string, double> logs;
  int cases = 0;

  void add(const Row& row) {
    const Rival* best = row.best();
    if (best == nullptr) return;
    ++cases;
    ++wins[best->name];
    logs[best->name] += std::log(best->hot);
  }

  std::string text() const {
    const std::string* most = nullptr;
    for (const auto& [name, count] : wins)
      if (most == nullptr || count > wins.at(*most)) most = &name;
    if (most == nullptr) return "";
    const int count = wins.at(*most);
    return formatted("; second: {}, {} behind it ({} of {} measured cases)", plain(*most),
                     ratio_text(std::exp(logs.at(*most) / count)), count, cases);
  }
};

using ByLeaf = std::map<const Node*, Seconds>;

void add_node(Bullets& bullets, const Node& node, int depth, const std::string& words, const ByLeaf& seconds) {
  const std::string lead = words.empty() ? "" : words + ": ";
  if (!node.leaf()) {
    if (!words.empty()) bullets.items.emplace_back(depth, words);
    const int next = words.empty() ? depth : depth + 1;
    add_node(bullets, *node.left, next, question(node, true), seconds);
    add_node(bullets, *node.right, next, question(node, false), seconds);
    return;
  }
  const auto found = seconds.find(&node);
  bullets.items.emplace_back(depth, formatted("{}**{}** ({}){}", lead, info(node.algorithm).name, node.why,
                                              found == seconds.end() ? "" : found->second.text()));
}

Figure map_of(const Machine& machine, const std::vector<Choice>& choices, std::int64_t rows) {
  Map map{.x = {}, .y = {}, .color = {}, .names = {}, .x_title = "columns", .y_title = "k"};
  std::array<int, kAlgorithms> colors{};
  for (const AlgorithmInfo& algorithm : algorithms())
    if (algorithm.device == machine.kind) {
      colors[static_cast<std::size_t>(algorithm.algorithm)] = static_cast<int>(map.names.size());
      map.names.emplace_back(algorithm.name);
    }
  std::map<double, std::map<double, int>> cells;  // k, then columns
  for (const Choice& choice : choices)
    if (choice.problem.rows == rows)
      cells[static_cast<double>(choice.problem.k)][static_cast<double>(choice.problem.cols)] =
          colors[static_cast<std::size_t>(choice.algorithm)];
  for (const auto& [cols, color] : cells.begin()->second) map.x.push_back(cols);
  for (const auto& [k, row] : cells) {
    map.y.push_back(k);
    std::vector<int>& line = map.color.emplace_back();
    for (const double cols : map.x) line.push_back(row.contains(cols) ? row.at(cols) : -1);
  }
  return {.title = formatted("{} row{}, f32", whole_text(rows), rows == 1 ? "" : "s"),
          .svg = map_chart(map),
          .caption = formatted("What topkit chooses on {}.", plain(machine.model)),
          .data = {}};
}

}  // namespace

void add_decision_tree(Document& document, const Machines& machines) {
  document.add(Heading{2, "Decision tree"});
  document.add(Paragraph{
      "You need not decide: `topkit.topk` does. This is what it does, asked of the library's own `choose` over a grid "
      "of "
      "problems (f32, best first, one thread of a CPU) and put into as few questions as answer them; each leaf says "
      "which "
      "implementation was second where it was measured. `topkit explain 32x50304 -k 50` says it of one problem."});
  for (const Machine& machine : machines) {
    document.add(Heading{3, plain(machine.model)});
    if (!machine.device_known) {
      document.add(Paragraph{"What this device is cannot be told from its records: `topkit explain` asks it itself."});
      continue;
    }
    const std::vector<Choice> choices = choices_on(machine.device);
    const Node tree = tree_of(choices);
    ByLeaf seconds;
    for (const Row* row : machine.plain_rows())
      if (row->what.order == Order::value) {
        Problem problem;
        problem.rows = row->what.rows, problem.cols = row->what.cols, problem.k = row->what.k;
        seconds[&tree.find(problem)].add(*row);
      }
    Bullets bullets;
    add_node(bullets, tree, 0, "", seconds);
    document.add(std::move(bullets));
    document.add(Paragraph{formatted("These questions give the library's own choice for {:.1f} % of {} problems.",
                                     100 * agreement(tree), choices.size())});
    for (const std::int64_t rows : {1, 32, 4096}) document.add(map_of(machine, choices, rows));
  }
}

}  // namespace topkit::cli::guide
