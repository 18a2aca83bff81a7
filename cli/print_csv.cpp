#include <fmt/format.h>

#include <iterator>
#include <ostream>

#include "cli/number_text.hpp"
#include "cli/result.hpp"

namespace topkit::cli {
namespace {

// RFC 4180: a field with a comma, quote or line break is quoted, quotes doubled.
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

}  // namespace

void print_csv_header(Console& console) { console.out << "file,row,rank,index,value\n"; }

void print_csv(Console& console, const Result& result) {
  const Selection& s = result.task->selection;
  const std::string file = field(result.task->x->name());
  std::string text;
  for (std::int64_t row = 0; row < s.rows(); ++row) {
    for (std::int64_t rank = 0; rank < s.k; ++rank) {
      fmt::format_to(std::back_inserter(text), "{},{},{},{},", file, row, rank, result.index(row, rank));
      append_number(text, result.task->x->view().dtype, result.value(row, rank));
      text += '\n';
    }
    console.out << text;
    text.clear();
  }
}

}  // namespace topkit::cli
