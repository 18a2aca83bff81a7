// From timed cells to thresholds: the row of a table whose choices lose least.
#pragma once

#include "cli/tune/cells.hpp"
#include "tuning.hpp"

namespace topkit::cli::tune {

// What the row's choice costs beside the best algorithm of each cell: the geometric mean, 1 is perfect.
double mean_slowdown(const std::vector<Cell>& cells, const CpuTuning& row);
double mean_slowdown(const std::vector<Cell>& cells, const CudaTuning& row, const Device& device);

// One field after the other from a list of sensible values, until none can be bettered alone: never worse than where it begins.
CpuTuning fit(const std::vector<Cell>& cells, const CpuTuning& begin);
CudaTuning fit(const std::vector<Cell>& cells, const CudaTuning& begin, const Device& device);

}  // namespace topkit::cli::tune
