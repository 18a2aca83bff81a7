// The outcome of one task, and the ways to show it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "cli/console.hpp"
#include "cli/select.hpp"

namespace topkit::cli {

struct Result {
  const Task* task = nullptr;
  const std::byte* values = nullptr;  // row-major, selection.out_shape()
  const std::byte* indices = nullptr;
  double seconds = 0;
  std::string plan;  // "key: value" lines

  // Winner `rank` of row `row`, rows counted over all axes but the selected one.
  const std::byte* value(std::int64_t row, std::int64_t rank) const;
  std::int64_t index(std::int64_t row, std::int64_t rank) const;
  // The value of one key of the plan, "" when it has none.
  std::string plan_value(std::string_view key) const;
};

void print_table(Console& console, const Result& result);

// One object a line: file, dtype, shape, axis, k, ..., indices and values as one list a row.
void print_json(Console& console, const Result& result);

// A header line, then file,row,rank,index,value.
void print_csv_header(Console& console);
void print_csv(Console& console, const Result& result);

}  // namespace topkit::cli
