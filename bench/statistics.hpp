// Medians: what a time is said to be, and how far its rounds lie from it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace topkit::bench {

inline double median(std::vector<double> samples) {
  if (samples.empty()) return 0;
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  std::nth_element(samples.begin(), middle, samples.end());
  if (samples.size() % 2 != 0) return *middle;
  return (*middle + *std::max_element(samples.begin(), middle)) / 2;
}

// Median of the distances from the median: unlike a standard deviation it ignores a disturbed round.
inline double median_absolute_deviation(std::vector<double> samples) {
  const double center = median(samples);
  for (double& sample : samples) sample = std::abs(sample - center);
  return median(std::move(samples));
}

}  // namespace topkit::bench
