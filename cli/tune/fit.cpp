#include "cli/tune/fit.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "plan.hpp"

namespace topkit::cli::tune {
namespace {

constexpr double kWorstLog = 10;  // of a choice that was never timed: out of the race

template <class Row>
struct Field {
  std::int64_t Row::*place;
  std::vector<std::int64_t> choices;
};

const std::vector<Field<CpuTuning>>& cpu_fields() {
  static const std::vector<Field<CpuTuning>> fields{
      {&CpuTuning::maxima_bytes, {4096, 8192, 16384, 24576, 32768, 49152, 65536, 131072}},
      {&CpuTuning::maxima_k, {16, 32, 64, 96, 128, 256, 512, 1024}},
      {&CpuTuning::maxima_k_ratio, {1, 2, 3, 4, 6, 8, 12, 16, 32, 64}},
      {&CpuTuning::chunks_k, {0, 16, 32, 64, 96, 128, 256, 512}},
      {&CpuTuning::chunks_k_ratio, {64, 128, 256, 512, 1024, 2048}},
      {&CpuTuning::blocked_k_ratio, {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128}},
      {&CpuTuning::sampled_cols,
       {256, 512, 1024, 2048, 4096, 8192, 12288, 16384, 32768, 65536, 131072, 262144, 524288}},
      {&CpuTuning::sampled_k_ratio, {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128}},
  };
  return fields;
}

const std::vector<Field<CudaTuning>>& cuda_fields() {
  static const std::vector<Field<CudaTuning>> fields{
      {&CudaTuning::sort_k, {8, 16, 32, 64, 128}},
      {&CudaTuning::sort_cols, {64, 128, 256, 512, 1024}},
      {&CudaTuning::sort_k_ratio, {1, 2, 4, 8}},
      {&CudaTuning::warp_cols, {256, 512, 1024}},
      {&CudaTuning::warp_k, {8, 16, 32, 64, 128}},
      {&CudaTuning::resident_k, {32, 64, 128, 256, 512, 1024}},
      {&CudaTuning::resident_k_ratio, {1, 2, 4, 8, 16, 32}},
      {&CudaTuning::cluster_block_bytes, {0, 4096, 8192, 16384, 32768, 65536}},
      {&CudaTuning::cluster_bytes, {1 << 20, 4 << 20, 8 << 20, 16 << 20, 24 << 20, 32 << 20, 48 << 20, 96 << 20}},
      {&CudaTuning::radix_k_ratio, {16, 32, 64, 128, 256, 512}},
      {&CudaTuning::radix_cols, {16384, 65536, 131072, 262144, 524288, 786432, 1 << 20, 1 << 21}},
      {&CudaTuning::stream_k, {64, 128, 256, 512, 1024, 2048}},
      {&CudaTuning::stream_k_ratio, {4, 8, 16, 32, 64}},
      {&CudaTuning::grid_cols, {65536, 131072, 262144, 524288, 1 << 20, 1 << 21, 1 << 22}},
  };
  return fields;
}

template <class Row>
using Choose = std::function<Algorithm(const Problem&, const Row&)>;

template <class Row>
double log_slowdown(const Cell& cell, const Row& row, const Choose<Row>& choose) {
  const double us = cell.of(choose(cell.problem, row));
  return us == kNever ? kWorstLog : std::min(std::log(us / cell.best()), kWorstLog);
}

template <class Row>
double mean(const std::vector<Cell>& cells, const Row& row, const Choose<Row>& choose) {
  double sum = 0;
  for (const Cell& cell : cells) sum += log_slowdown(cell, row, choose);
  return cells.empty() ? 1 : std::exp(sum / static_cast<double>(cells.size()));
}

// What is fitted: squares, so that one bad choice is not bought with many small gains.
template <class Row>
double regret(const std::vector<Cell>& cells, const Row& row, const Choose<Row>& choose) {
  double sum = 0;
  for (const Cell& cell : cells) {
    const double log = log_slowdown(cell, row, choose);
    sum += log * log;
  }
  return sum;
}

template <class Row>
Row fitted(const std::vector<Cell>& cells, Row row, const std::vector<Field<Row>>& fields, const Choose<Row>& choose) {
  double best = regret(cells, row, choose);
  for (bool better = true; better;) {
    better = false;
    for (const Field<Row>& field : fields)
      for (const std::int64_t choice : field.choices) {
        Row trial = row;
        trial.*field.place = choice;
        const double cost = regret(cells, trial, choose);
        if (cost >= best - 1e-9) continue;
        best = cost;
        row = trial;
        better = true;
      }
  }
  return row;
}

Choose<CpuTuning> on_cpu() {
  return [](const Problem& problem, const CpuTuning& row) {
    Device device;
    device.isas = 1U << static_cast<int>(row.isa);
    return choose(problem, device, {.cpu = {&row, 1}, .cuda = {}}, {.threads = 1}).algorithm;
  };
}

Choose<CudaTuning> on_cuda(const Device& device) {
  return [device](const Problem& problem, const CudaTuning& row) {
    return choose(problem, device, {.cpu = {}, .cuda = {&row, 1}}).algorithm;
  };
}

}  // namespace

double mean_slowdown(const std::vector<Cell>& cells, const CpuTuning& row) { return mean(cells, row, on_cpu()); }
double mean_slowdown(const std::vector<Cell>& cells, const CudaTuning& row, const Device& device) {
  return mean(cells, row, on_cuda(device));
}

CpuTuning fit(const std::vector<Cell>& cells, const CpuTuning& begin) {
  return fitted(cells, begin, cpu_fields(), on_cpu());
}
CudaTuning fit(const std::vector<Cell>& cells, const CudaTuning& begin, const Device& device) {
  return fitted(cells, begin, cuda_fields(), on_cuda(device));
}

}  // namespace topkit::cli::tune
