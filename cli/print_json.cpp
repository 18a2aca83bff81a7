#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/number_text.hpp"
#include "cli/result.hpp"

namespace topkit::cli {
namespace {

constexpr std::size_t kFlushBytes = std::size_t{1} << 20;

// [[..], [..]] with `append(row, rank)` for each winner.
template <class Append>
void print_rows(std::ostream& out, std::string& text, const Selection& s, Append&& append) {
  text += '[';
  for (std::int64_t row = 0; row < s.rows(); ++row) {
    text += row == 0 ? "[" : ", [";
    for (std::int64_t rank = 0; rank < s.k; ++rank) {
      if (rank != 0) text += ", ";
      append(row, rank);
    }
    text += ']';
    if (text.size() < kFlushBytes) continue;
    out << text;
    text.clear();
  }
  text += ']';
}

}  // namespace

void print_json(Console& console, const Result& result) {
  const Task& task = *result.task;
  const Selection& s = task.selection;
  nlohmann::ordered_json head;
  head["file"] = task.x->name();
  head["dtype"] = name(task.x->view().dtype);
  head["shape"] = s.shape;
  head["axis"] = s.axis;
  head["k"] = s.k;
  head["largest"] = task.options.largest != 0;
  head["order"] = name(static_cast<Order>(task.options.order));
  head["nan"] = name(static_cast<Nan>(task.options.nan));
  head["device"] = name(task.device);
  head["algorithm"] = result.plan_value("algorithm");
  if (const std::string isa = result.plan_value("isa"); !isa.empty()) head["isa"] = isa;
  head["seconds"] = result.seconds;
  // A file's name need not be UTF-8; JSON must be.
  std::string text = head.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.back() = ',';
  text += R"("indices": )";
  print_rows(console.out, text, s,
             [&](std::int64_t row, std::int64_t rank) { text += std::to_string(result.index(row, rank)); });
  text += R"(, "values": )";
  print_rows(console.out, text, s, [&](std::int64_t row, std::int64_t rank) {
    append_json_number(text, task.x->view().dtype, result.value(row, rank));
  });
  console.out << text << "}\n";
}

}  // namespace topkit::cli
