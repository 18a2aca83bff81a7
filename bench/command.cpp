#include "command.hpp"

#include <fmt/ostream.h>

#include <algorithm>
#include <ostream>
#include <stdexcept>

#include "distributions.hpp"
#include "machine.hpp"
#include "report.hpp"
#include "status.hpp"

namespace topkit::bench {
namespace {

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

std::vector<Case> chosen_cases(const Command& command) {
  if (command.cols || command.k || command.rows) {
    if (!command.cols || !command.k) invalid("a case of its own size needs --cols and -k");
    return {custom_case(command)};
  }
  std::vector<Case> chosen;
  for (const std::string& pattern : command.names)
    if (std::none_of(built_in_cases().begin(), built_in_cases().end(),
                     [&](const Case& c) { return names_case(pattern, c.name); }))
      invalid("--case {}: no such case; --list names them", pattern);
  for (const Case& c : built_in_cases()) {
    const bool named = std::any_of(command.names.begin(), command.names.end(),
                                   [&](const std::string& pattern) { return names_case(pattern, c.name); });
    if (command.names.empty() ? name(c.device) != command.device : !named) continue;
    if (command.dtype && c.dtype != parse_dtype(*command.dtype)) continue;
    if (command.order && c.order != parse_order(*command.order)) continue;
    if (command.quick && command.names.empty() && c.input_bytes() > 4 << 20) continue;
    chosen.push_back(c);
  }
  if (chosen.empty()) invalid("no built-in case has this device, type and order; --list names them");
  return chosen;
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

std::unique_ptr<Backend> backend_for(const std::string& device) {
  if (device == "cpu") return make_cpu_backend();
  invalid("--device {}: this build measures cpu only", device);
}

void list(const Command& command, std::ostream& out) {
  for (const Case& c : built_in_cases()) {
    if (command.json) {
      fmt::print(out, R"({{"case": "{}", "device": "{}"}})", c.name, name(c.device));
      out << '\n';
    } else {
      fmt::print(out, "{:<34} {}\n", c.name, name(c.device));
    }
  }
}

}  // namespace

void run(const Command& command, std::ostream& out, std::ostream* progress) {
  if (command.list) return list(command, out);
  const std::vector<Case> cases = chosen_cases(command);
  const std::vector<std::string> inputs = chosen_distributions(command);
  const std::unique_ptr<Backend> backend = backend_for(command.device);
  const Provenance from{.machine = backend->machine(), .date = today(), .commit = command.commit};
  Choice choice = command.choice;
  if (command.quick) choice.rounds = std::min(choice.rounds, 3);
  for (const Case& c : cases)
    if (c.device != backend->device())
      invalid("--case {}: is a case of {}, not of {}", c.name, name(c.device), command.device);
  if (!command.json) out << from.machine << '\n' << table_head();
  std::string inexact;
  for (Case c : cases) {
    for (const std::string& input : inputs) {
      c.distribution = input;
      if (progress != nullptr) (*progress << "\r" << c.name << " " << input << " ...\033[K\r").flush();
      const std::vector<Result> results = measure(c, *backend, choice);
      if (progress != nullptr) (*progress << "\033[K").flush();
      for (const Result& result : results) {
        if (!result.verified) inexact += fmt::format(" {} on {} by {},", c.name, input, result.who.peer);
        if (command.json) out << to_json(result, from) << '\n';
      }
      if (!command.json) out << table_line(results);
      out.flush();
    }
  }
  if (!inexact.empty()) throw std::runtime_error("not the k best:" + inexact.substr(0, inexact.size() - 1));
}

}  // namespace topkit::bench
