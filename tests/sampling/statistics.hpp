// Goodness of fit: Pearson's chi-square over pooled bins, as standard deviations from what it should be.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace topkit::test {

// 6 standard deviations: one in a hundred million tables that are right, and seeds are fixed. What is wrong must exceed it.
inline constexpr double kRejected = 6;

// counts of draws against probabilities. Tokens that are expected fewer than 25 times are pooled. A count where nothing is
// expected is infinitely wrong.
inline double deviation(const std::vector<std::int64_t>& counts, const std::vector<double>& probabilities) {
  std::int64_t all = 0;
  for (const std::int64_t count : counts) all += count;
  const auto n = static_cast<double>(all);
  double chi_square = 0, pooled_expected = 0, pooled_found = 0;
  int bins = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = n * probabilities[i];
    if (expected == 0 && counts[i] > 0) return INFINITY;
    if (expected < 25) {
      pooled_expected += expected;
      pooled_found += static_cast<double>(counts[i]);
      continue;
    }
    chi_square += std::pow(static_cast<double>(counts[i]) - expected, 2) / expected;
    ++bins;
  }
  if (pooled_expected >= 25) {
    chi_square += std::pow(pooled_found - pooled_expected, 2) / pooled_expected;
    ++bins;
  }
  const double freedom = bins - 1;
  return (chi_square - freedom) / std::sqrt(2 * freedom);
}

}  // namespace topkit::test
