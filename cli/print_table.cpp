#include <algorithm>
#include <ostream>

#include "cli/error.hpp"
#include "cli/number_text.hpp"
#include "cli/result.hpp"

namespace topkit::cli {
namespace {

std::string time_text(double seconds) {
  if (seconds < 1e-3) return formatted("{:.0f} us", seconds * 1e6);
  return seconds < 1 ? formatted("{:.1f} ms", seconds * 1e3) : formatted("{:.2f} s", seconds);
}

// Position of the row along the axes that are not selected: "3", or "0,7" when there are two.
std::string row_text(const Selection& s, std::int64_t row) {
  std::string text;
  for (std::size_t i = s.shape.size(); i-- > 0;) {
    if (i == s.axis) continue;
    if (!text.empty()) text.insert(0, ",");
    text.insert(0, std::to_string(row % s.shape[i]));
    row /= s.shape[i];
  }
  return text.empty() ? "0" : text;
}

}  // namespace

void print_table(Console& console, const Result& result) {
  const Task& task = *result.task;
  const Selection& s = task.selection;
  const std::string isa = result.plan_value("isa");
  console.out << console.bold(quote(task.x->name()))
              << console.dim(formatted("  {} {}, the {} {} along axis {}  ({}{}{}, {})", name(task.x->view().dtype),
                                       shape_text(s.shape), s.k, task.options.largest != 0 ? "largest" : "smallest",
                                       s.axis, result.plan_value("algorithm"), isa.empty() ? "" : ", ", isa,
                                       time_text(result.seconds)))
              << '\n';
  const std::int64_t rows = s.rows();
  std::int64_t shown = rows;
  if (console.out_terminal && s.k > 0) shown = std::min(rows, std::max<std::int64_t>(kTerminalLines / s.k, 1));
  if (s.k == 0 || rows == 0) {
    console.out << "  nothing to select\n";
    return;
  }
  const std::size_t width = std::max<std::size_t>(row_text(s, rows - 1).size(), 3);
  console.out << console.dim(formatted("{:>{}}  {:>10}  {}", "row", width, "index", "value")) << '\n';
  std::string number;
  for (std::int64_t row = 0; row < shown; ++row) {
    for (std::int64_t rank = 0; rank < s.k; ++rank) {
      number.clear();
      append_number(number, task.x->view().dtype, result.value(row, rank));
      console.out << formatted("{:>{}}  {:>10}  {}\n", rank == 0 ? row_text(s, row) : "", width,
                               result.index(row, rank), number);
    }
  }
  if (shown < rows)
    console.out << console.dim(formatted("... {} more rows: --json, --csv or -o PREFIX give all", rows - shown))
                << '\n';
}

}  // namespace topkit::cli
