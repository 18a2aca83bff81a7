#include "command.hpp"

#include <fmt/ostream.h>

#include <algorithm>
#include <chrono>
#include <ostream>
#include <stdexcept>

#include "algorithms.hpp"
#include "compare.hpp"
#include "machine.hpp"
#include "output.hpp"
#include "sampling.hpp"
#include "status.hpp"

namespace topkit::bench {
namespace {

using Clock = std::chrono::steady_clock;

std::unique_ptr<Backend> backend_for(const std::string& device) {
  if (device == "cpu") return make_cpu_backend();
  if (device == "cuda") return make_cuda_backend();
  invalid("--device {}: must be cpu or cuda", device);
}

void list(const Command& command, std::ostream& out) {
  for (const Case& c : built_in_cases()) {
    if (command.format == Format::json) {
      fmt::print(out, R"({{"case": "{}", "device": "{}", "suite": "{}"}})", c.name, name(c.device), c.suite);
      out << '\n';
    } else {
      fmt::print(out, "{:<34} {:<5} {}\n", c.name, name(c.device), c.suite);
    }
  }
}

void compare_files(const Command& command, std::ostream& out) {
  const Verdicts verdicts =
      compare(read_whole_results(command.compare.at(0)), read_whole_results(command.compare.at(1)), command.tolerance);
  out << to_text(verdicts, command.tolerance);
  if (verdicts.regressed()) throw std::runtime_error("--compare: topkit is slower or not exact in the second file");
}

void expect_algorithm(const Command& command) {
  const std::string& wish = command.choice.algorithm;
  if (wish.empty() || wish == "all") return;
  std::string known;
  for (const AlgorithmInfo& algorithm : algorithms()) {
    if (name(algorithm.device) != command.device) continue;
    if (algorithm.name == wish) return;
    known += fmt::format(" {}", algorithm.name);
  }
  invalid("--algorithm {}: must be all or one of{}", wish, known);
}

Choice choice_of(const Command& command) {
  Choice choice = command.choice;
  if (command.quick) {
    choice.rounds = std::min(choice.rounds, 3);
    if (command.device == "cuda") choice.peers = false;
  }
  const bool cuda = command.device == "cuda";
  if (!command.index_type.empty() && command.index_type != "i32" && command.index_type != "i64")
    invalid("--index-type {}: must be i32 or i64", command.index_type);
  if (!cuda && command.index_type == "i32") invalid("--index-type i32: the CPU cases have i64");
  if (!command.lengths.empty()) choice.peers = false;  // theirs are whole rows
  choice.index_bytes = cuda && command.index_type != "i64" ? 4 : 8;
  return choice;
}

struct Run {
  Backend& backend;
  Output& output;
  std::ostream* progress;
  Choice choice;
  std::string inexact;

  void measure_case(const Case& c, std::size_t number, std::size_t count) {
    if (progress != nullptr)
      (*progress << fmt::format("\r{}/{} {} {} ...\033[K\r", number, count, c.name, c.distribution)).flush();
    Measured measured;
    try {
      measured = measure(c, backend, choice);
    } catch (const std::exception& failure) {
      Refusal refusal;
      refusal.who.peer = "topkit";
      refusal.why = failure.what();
      measured.refusals.push_back(std::move(refusal));
      inexact += fmt::format(" {} on {} failed,", c.name, c.distribution);
    }
    if (progress != nullptr) (*progress << "\033[K").flush();
    for (const Result& result : measured.results)
      if (!result.verified)
        inexact += fmt::format(" {} on {} by {} {},", c.name, c.distribution, result.who.peer, result.who.algorithm);
    output.write(c, measured);
    if (!backend.alive()) throw std::runtime_error("the device stopped answering:" + inexact);
  }
};

}  // namespace

void run(const Command& command, std::ostream& out, std::ostream* progress) {
  if (command.list) return list(command, out);
  if (!command.compare.empty()) return compare_files(command, out);
  if (command.device != "cpu" && command.device != "cuda") invalid("--device {}: must be cpu or cuda", command.device);
  if (command.op == "sample") {
    if (command.device != "cuda") invalid("--op sample: its cases are CUDA's, --device is {}", command.device);
    if (!command.lengths.empty())
      invalid("--lengths {}: is for --op topk, --op is {}", command.lengths.front(), command.op);
    return run_sampling(command, out, progress);
  }
  if (command.op != "topk") invalid("--op {}: must be topk or sample", command.op);
  std::vector<Case> cases;
  for (Case c : with_lengths(command, chosen_cases(command))) {
    if (name(c.device) != command.device)
      invalid("--case {}: is a case of {}, not of {}", c.name, name(c.device), command.device);
    for (const std::string& input : chosen_distributions(command)) {
      c.distribution = input;
      cases.push_back(c);
    }
  }
  expect_algorithm(command);
  const Choice choice = choice_of(command);
  const Clock::time_point start = Clock::now();
  const std::unique_ptr<Backend> backend = backend_for(command.device);
  Output output(command, backend->device(), {.facts = backend->facts(), .date = today(), .commit = command.commit},
                out);
  Run all{.backend = *backend, .output = output, .progress = progress, .choice = choice, .inexact = ""};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (output.has(cases[i])) continue;
    if (command.minutes &&
        std::chrono::duration<double, std::ratio<60>>(Clock::now() - start).count() > *command.minutes) {
      output.note(fmt::format("{} minutes are over: {} cases were not measured", *command.minutes, cases.size() - i));
      break;
    }
    all.measure_case(cases[i], i + 1, cases.size());
  }
  if (!all.inexact.empty()) throw std::runtime_error("not the k best:" + all.inexact.substr(0, all.inexact.size() - 1));
}

}  // namespace topkit::bench
