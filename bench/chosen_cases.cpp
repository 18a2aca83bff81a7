// From the words of the command line to cases.
#include <fmt/format.h>

#include <algorithm>

#include "command.hpp"
#include "distributions.hpp"
#include "lengths.hpp"
#include "status.hpp"

namespace topkit::bench {
namespace {

constexpr std::int64_t kQuickBytes = 4 << 20;  // of input, on the CPU

DType parse_dtype(const std::string& text) {
  const auto dtype = dtype_from(text);
  if (!dtype) invalid("--dtype {}: no such type", text);
  return *dtype;
}

Order parse_order(const std::string& text) {
  for (const Order order : {Order::value, Order::index, Order::any})
    if (name(order) == text) return order;
  invalid("--order {}: must be value, index or any", text);
}

bool names_case(const std::string& pattern, const std::string& text) {
  if (pattern.ends_with('*')) return text.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == text;
}

bool in_suite(const Command& command, const Case& c) {
  return command.suite.empty() || command.suite == "all" || command.suite == c.suite;
}

Case custom_case(const Command& command) {
  Case c;
  c.device = command.device == "cuda" ? DeviceKind::cuda : DeviceKind::cpu;
  c.rows = command.rows.value_or(1);
  c.cols = command.cols.value();
  c.k = command.k.value();
  if (command.dtype) c.dtype = parse_dtype(*command.dtype);
  if (command.order) c.order = parse_order(*command.order);
  if (c.rows < 1) invalid("--rows {}: must be at least 1", c.rows);
  if (c.cols < 1) invalid("--cols {}: must be at least 1", c.cols);
  if (c.k < 1 || c.k > c.cols) invalid("-k {}: must be in 1..{}, the columns", c.k, c.cols);
  c.name = default_name(c);
  return c;
}

void expect_names(const Command& command) {
  for (const std::string& pattern : command.names)
    if (std::none_of(built_in_cases().begin(), built_in_cases().end(),
                     [&](const Case& c) { return names_case(pattern, c.name); }))
      invalid("--case {}: no such case; --list names them", pattern);
  if (std::none_of(built_in_cases().begin(), built_in_cases().end(),
                   [&](const Case& c) { return in_suite(command, c); }))
    invalid("--suite {}: must be llm, small, attention, search or all", command.suite);
}

bool is_named(const Command& command, const Case& c) {
  if (command.names.empty()) return name(c.device) == command.device;
  return std::any_of(command.names.begin(), command.names.end(),
                     [&](const std::string& pattern) { return names_case(pattern, c.name); });
}

// A built-in CUDA case in another order than its own: the targets are those of its own, so they go.
Case reordered(Case c, Order order) {
  c.order = order;
  c.target_hot_us = c.target_cold_us = std::nullopt;
  c.name = default_name(c);
  return c;
}

}  // namespace

std::vector<Case> chosen_cases(const Command& command) {
  if (command.cols || command.k || command.rows) {
    if (!command.cols || !command.k) invalid("a case of its own size needs --cols and -k");
    return {custom_case(command)};
  }
  expect_names(command);
  std::vector<Case> chosen;
  for (const Case& c : built_in_cases()) {
    if (!is_named(command, c) || !in_suite(command, c)) continue;
    if (command.dtype && c.dtype != parse_dtype(*command.dtype)) continue;
    const Order order = command.order ? parse_order(*command.order) : c.order;
    if (c.device == DeviceKind::cpu) {
      if (c.order != order) continue;
      if (command.quick && command.names.empty() && c.input_bytes() > kQuickBytes) continue;
    }
    chosen.push_back(c.order == order ? c : reordered(c, order));
  }
  if (chosen.empty()) invalid("no built-in case has this device, suite, type and order; --list names them");
  return chosen;
}

std::vector<Case> with_lengths(const Command& command, const std::vector<Case>& cases) {
  if (command.lengths.empty()) return cases;
  if (command.device != "cuda")
    invalid("--lengths {}: is for --device cuda, --device is {}", command.lengths.front(), command.device);
  std::vector<Case> all;
  for (const Case& c : cases) {
    for (const std::string& lengths : command.lengths) {
      if (!is_lengths(lengths)) invalid("--lengths {}: must be one of {}", lengths, all_lengths());
      Case ragged = c;
      ragged.lengths = lengths;
      all.push_back(lengths == "none" ? c : reordered(ragged, c.order));  // another name, no targets
    }
  }
  return all;
}

std::vector<std::string> chosen_distributions(const Command& command) {
  std::vector<std::string> chosen;
  for (const std::string& text : command.distributions) {
    if (text != "all" && find_distribution(text) == nullptr) {
      std::string all;
      for (const Distribution& distribution : distributions()) all += fmt::format(" {}", distribution.name);
      invalid("--distribution {}: must be all or one of{}", text, all);
    }
    for (const Distribution& distribution : distributions())
      if (text == "all" || text == distribution.name) chosen.emplace_back(distribution.name);
  }
  return chosen;
}

}  // namespace topkit::bench
