#include "cli/tune/fit.hpp"

#include <gtest/gtest.h>

#include "cli/known_devices.hpp"
#include "plan.hpp"

namespace topkit::cli::tune {
namespace {

CpuTuning row_of(Isa isa) {
  for (const CpuTuning& row : built_in_tuning().cpu)
    if (row.isa == isa) return row;
  return {};
}

// A machine on which whatever `truth` chooses takes 1 us and everything else 2.
std::vector<Cell> cells(const CpuTuning& truth) {
  Device device;
  device.isas = 1U << static_cast<int>(truth.isa);
  std::vector<Cell> all;
  for (const Problem& problem : grid(DeviceKind::cpu)) {
    Cell& cell = all.emplace_back();
    cell.problem = problem;
    const Algorithm best = choose(problem, device, {.cpu = {&truth, 1}, .cuda = {}}, {.threads = 1}).algorithm;
    for (const AlgorithmInfo& algorithm : algorithms())
      if (algorithm.device == DeviceKind::cpu && algorithm.can(problem))
        cell.us[static_cast<std::size_t>(algorithm.algorithm)] = algorithm.algorithm == best ? 1 : 2;
  }
  return all;
}

TEST(TuneFit, finds_the_machine_that_made_the_times) {
  CpuTuning truth = row_of(Isa::avx2);
  truth.maxima_bytes = 65536, truth.maxima_k_ratio = 4, truth.sampled_cols = 32768, truth.blocked_k_ratio = 16;
  const std::vector<Cell> all = cells(truth);
  const CpuTuning begin = row_of(Isa::avx2);
  EXPECT_GT(mean_slowdown(all, begin), 1.02);
  EXPECT_LT(mean_slowdown(all, fit(all, begin)), 1.005);
}

TEST(TuneFit, leaves_alone_what_cannot_be_bettered) {
  const CpuTuning truth = row_of(Isa::avx512);
  const std::vector<Cell> all = cells(truth);
  EXPECT_EQ(mean_slowdown(all, truth), 1);
  EXPECT_EQ(mean_slowdown(all, fit(all, truth)), 1);
}

TEST(TuneFit, does_the_same_for_a_gpu) {
  const Device device = find_device("sm_90");
  CudaTuning truth = built_in_tuning().cuda.back();
  truth.warp_cols = 256, truth.grid_cols = 131072;
  std::vector<Cell> all;
  for (const Problem& problem : grid(DeviceKind::cuda)) {
    Cell& cell = all.emplace_back();
    cell.problem = problem;
    const Algorithm best = choose(problem, device, {.cpu = {}, .cuda = {&truth, 1}}).algorithm;
    for (const AlgorithmInfo& algorithm : algorithms())
      if (algorithm.device == DeviceKind::cuda && algorithm.can(problem))
        cell.us[static_cast<std::size_t>(algorithm.algorithm)] = algorithm.algorithm == best ? 5 : 8;
  }
  const CudaTuning begin = built_in_tuning().cuda.back();
  EXPECT_GT(mean_slowdown(all, begin, device), 1.01);
  EXPECT_LT(mean_slowdown(all, fit(all, begin, device), device), 1.002);
}

}  // namespace
}  // namespace topkit::cli::tune
