// "I serve a model with this vocabulary at this batch": the call, its time, and how much that gains.
#include <algorithm>
#include <tuple>

#include "cli/guide/charts.hpp"
#include "cli/guide/sections.hpp"
#include "text.hpp"

namespace topkit::cli::guide {
namespace {

std::vector<const Row*> serving_rows(const Machine& machine) {
  std::vector<const Row*> rows;
  for (const Row* row : machine.plain_rows())
    if (row->what.suite == "llm" && row->what.order == Order::value && row->what.cache == bench::Cache::l3)
      rows.push_back(row);
  std::stable_sort(rows.begin(), rows.end(), [](const Row* a, const Row* b) {
    return std::tuple(a->what.cols, a->what.rows, a->what.k) < std::tuple(b->what.cols, b->what.rows, b->what.k);
  });
  return rows;
}

std::string time_text(const Row& row) {
  return row.cold_us ? formatted("{} / {}", us_text(row.hot_us), us_text(*row.cold_us)) : us_text(row.hot_us);
}

}  // namespace

void add_quick_answers(Document& document, const Machines& machines) {
  document.add(Heading{2, "Quick answers"});
  document.add(Paragraph{
      "You serve a language model: logits [batch, vocabulary], the k best of each row, best first. The call is the "
      "same for "
      "every line, on either device: `topkit.topk(logits, k)` in Python, `topkit::topk` in C++, `tk_topk` in C. "
      "What it takes, in microseconds hot / cold, and how many times longer others take:"});
  for (const Machine& machine : machines) {
    const std::vector<const Row*> rows = serving_rows(machine);
    if (rows.empty()) continue;
    document.add(Heading{3, plain(machine.model)});
    Table table{
        .head = {"batch x vocabulary, k", "type", "topkit us", "torch.topk", "the best other"}, .words = 2, .rows = {}};
    for (const Row* row : rows)
      table.rows.push_back({{problem_text(*row)},
                            {std::string(name(row->what.dtype))},
                            {time_text(*row)},
                            ratio_cell(row->rival("torch"), false),
                            ratio_cell(row->best(), true)});
    document.add(std::move(table));
    document.add(Paragraph{formatted("From {}.", source_text(machine))});
  }
  document.add(
      Paragraph{"Hot: the logits are in the cache nearest to where a model leaves them (the GPU's L2; the CPU's L3). "
                "Cold: they come "
                "from memory. A factor under 1 is a loss of topkit, and is set in bold."});
}

}  // namespace topkit::cli::guide
