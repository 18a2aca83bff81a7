// Two files of results, case by case: did topkit become slower?
#pragma once

#include <string>
#include <vector>

#include "results_file.hpp"

namespace topkit::bench {

enum class Verdict : std::uint8_t { same, faster, slower, inexact };

struct Comparison {
  std::string what;  // case, distribution where it is not normal, "hot" or "cold"
  double before_us, after_us;
  double tolerance;  // as a share of before_us
  Verdict verdict;
};

struct Verdicts {
  std::vector<Comparison> all;  // the slowest change first
  std::vector<std::string> only_before, only_after;
  double median_ratio = 1;  // after / before
  bool same_machine = true;

  bool regressed() const;
};

// Of topkit's own results. A time counts as changed when it moved by more than `tolerance` and by more than five of its
// own deviations, so that a noisy machine is not called a slower program. All cases together regressed when the median
// ratio moved by more than half the tolerance.
Verdicts compare(const ResultsFile& before, const ResultsFile& after, double tolerance);

std::string to_text(const Verdicts& verdicts, double tolerance);

}  // namespace topkit::bench
