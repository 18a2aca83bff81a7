// What `topkit bench` does once its arguments are read.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "runner.hpp"

namespace topkit::bench {

enum class Format : std::uint8_t { table, json, csv };

struct Command {
  std::vector<std::string> names;  // of built-in cases; "cpu-f32-*" takes all with that beginning; empty: all
  std::string suite;               // of the built-in cases those of this suite; "", "all": every one
  std::optional<std::int64_t> rows, cols, k;  // cols and k given: one case of this size instead of the built-in ones
  std::optional<std::string> dtype, order;
  std::vector<std::string> distributions{"normal"};  // "all": every one
  std::vector<std::string> lengths;                  // of rows, by name; empty: none have lengths
  std::string op = "topk";                           // or sample: run_sampling()
  std::string device = "cpu";
  std::string index_type = "";  // "": i64 on the CPU, i32 on CUDA, as their peers have it
  Choice choice;
  std::string tuning;  // the file of choice.tuning, which the command line opens
  bool list = false, quick = false;
  Format format = Format::table;
  std::optional<double> minutes;     // no case is begun after so long
  std::string resume;                // a file that results are added to; what it holds is not measured again
  std::vector<std::string> compare;  // two files: nothing is measured
  double tolerance = 0.08;           // of compare
  std::string commit;
};

// Writes results to `out` as they come and, where `progress` is not null, what is being measured to it. Throws Failure for
// wrong arguments, and std::runtime_error at the end when a result was not exact or, with compare, topkit became slower.
void run(const Command& command, std::ostream& out, std::ostream* progress);

// The cases that a command names. Throws Failure.
std::vector<Case> chosen_cases(const Command& command);
// Each once for every kind of lengths, or as it is where none are asked for. Throws Failure.
std::vector<Case> with_lengths(const Command& command, const std::vector<Case>& cases);
std::vector<std::string> chosen_distributions(const Command& command);

}  // namespace topkit::bench
