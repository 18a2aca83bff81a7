#include "cli/result.hpp"

#include <cstring>
#include <string_view>

namespace topkit::cli {
namespace {

// Where the outputs hold winner `rank` of row `row`.
std::int64_t place(const Selection& s, std::int64_t row, std::int64_t rank) {
  std::int64_t inner = 1;
  for (std::size_t i = s.axis + 1; i < s.shape.size(); ++i) inner *= s.shape[i];
  return (row / inner * s.k + rank) * inner + row % inner;
}

}  // namespace

const std::byte* Result::value(std::int64_t row, std::int64_t rank) const {
  return values + place(task->selection, row, rank) * task->selection.element_bytes;
}

std::int64_t Result::index(std::int64_t row, std::int64_t rank) const {
  const std::int64_t at = place(task->selection, row, rank);
  if (task->index_type == IndexType::i64) {
    std::int64_t wide = 0;
    std::memcpy(&wide, indices + at * 8, 8);
    return wide;
  }
  std::int32_t narrow = 0;
  std::memcpy(&narrow, indices + at * 4, 4);
  return narrow;
}

std::string Result::plan_value(std::string_view key) const {
  const std::string start = std::string(key) + ": ";
  std::string_view rest = plan;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (line.starts_with(start)) return std::string(line.substr(start.size()));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return "";
}

}  // namespace topkit::cli
