// Where the CPU algorithms change over on this machine: measures all of them on a grid of problems, fits the thresholds
// that choose() reads, and prints the row for src/tuning/cpu_<isa>.inc.
//
//   bin/tune_cpu avx512 "AMD EPYC 9R14" 4f3def9 > src/tuning/cpu_avx512.inc
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "algorithms.hpp"
#include "plan.hpp"
#include "topkit/topkit.h"

namespace topkit {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr std::int64_t kPoolBytes = 8 << 20;  // inputs rotate through it, so that no branch is learnt by heart
constexpr std::int64_t kElementsPerCall = 1 << 17;
constexpr int kCpuAlgorithms = static_cast<int>(Algorithm::split) + 1;

struct Point {
  Problem problem;
  double ns[kCpuAlgorithms];  // of one row

  double best() const { return *std::min_element(ns, ns + kCpuAlgorithms); }
};

// Normal numbers; for bytes every value is as likely as the next.
std::vector<std::uint64_t> make_pool(DType dtype) {
  std::mt19937_64 random(1);
  std::normal_distribution<float> normal;
  std::vector<std::uint64_t> pool(kPoolBytes / 8);
  auto* bytes_out = reinterpret_cast<unsigned char*>(pool.data());
  const int size = bytes(dtype);
  for (std::int64_t i = 0; i < kPoolBytes / size; ++i) {
    const float f = normal(random);
    const double d = f;
    std::uint32_t bits = 0;
    std::memcpy(&bits, &f, 4);
    const std::uint32_t top = bits >> 16;
    const auto byte = static_cast<unsigned char>(random());
    const void* element = size == 8 ? static_cast<const void*>(&d) : size == 4 ? &bits : size == 2 ? &top : nullptr;
    std::memcpy(bytes_out + i * size, element != nullptr ? element : &byte, static_cast<std::size_t>(size));
  }
  return pool;
}

double time_ns(const Point& point, const AlgorithmInfo& algorithm, const char* isa, std::vector<std::uint64_t>& pool,
               std::vector<std::uint64_t>& values, std::vector<std::int64_t>& indices, int round) {
  const Problem& p = point.problem;
  const std::int64_t call_bytes = p.rows * p.cols * bytes(p.dtype);
  std::int64_t shape[2] = {p.rows, p.cols}, out_shape[2] = {p.rows, p.k};
  const DLDataType type = info(p.dtype).dl;
  DLTensor x{pool.data(),
             {kDLCPU, 0},
             2,
             type,
             shape,
             nullptr,
             static_cast<std::uint64_t>(round % (kPoolBytes / call_bytes) * call_bytes)};
  DLTensor to{values.data(), {kDLCPU, 0}, 2, type, out_shape, nullptr, 0};
  DLTensor at{indices.data(), {kDLCPU, 0}, 2, {kDLInt, 64, 1}, out_shape, nullptr, 0};
  tk_options options;
  tk_options_init(&options);
  options.algorithm = algorithm.name.data();
  options.isa = isa;
  options.threads = 1;
  const auto start = std::chrono::steady_clock::now();
  if (tk_topk(&x, p.k, &options, &to, &at, nullptr, nullptr) != TK_OK) return kNever;
  const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
  return spent.count() / static_cast<double>(p.rows);
}

void measure(std::vector<Point>& points, DType dtype, const char* isa) {
  std::vector<std::uint64_t> pool = make_pool(dtype);
  for (std::int64_t cols = 64; cols <= (1 << 20); cols *= cols < 16384 ? 2 : 4)
    for (std::int64_t k = 2; k <= cols; k += std::bit_floor(static_cast<std::uint64_t>(k)) / 2) {
      Point point;
      Problem& p = point.problem;
      p.dtype = dtype;
      p.rows = std::max<std::int64_t>(kElementsPerCall / cols, 1);
      p.cols = cols;
      p.k = k;
      std::fill(std::begin(point.ns), std::end(point.ns), kNever);
      std::vector<std::uint64_t> values(static_cast<std::size_t>(p.rows * k));
      std::vector<std::int64_t> indices(values.size());
      for (int round = 0; round < 7; ++round)
        for (const AlgorithmInfo& algorithm : algorithms()) {
          if (algorithm.device != DeviceKind::cpu || !algorithm.can(p)) continue;
          double& ns = point.ns[static_cast<int>(algorithm.algorithm)];
          if (round >= 2 && ns > 4 * point.best()) continue;  // out of the race
          ns = std::min(ns, time_ns(point, algorithm, isa, pool, values, indices, round));
        }
      points.push_back(point);
    }
}

Plan plan_of(const Problem& problem, const CpuTuning& row) {
  Device device;
  device.isas = 1U << static_cast<int>(row.isa);
  return choose(problem, device, {.cpu = {&row, 1}}, {.threads = 1});
}

double slowdown(const Point& point, const CpuTuning& row) {
  return point.ns[static_cast<int>(plan_of(point.problem, row).algorithm)] / point.best();
}

double mean_slowdown(const std::vector<Point>& points, const CpuTuning& row) {
  double sum = 0;
  for (const Point& point : points) sum += std::log(slowdown(point, row));
  return std::exp(sum / static_cast<double>(points.size()));
}

// What is fitted: squares, so that one bad choice is not bought with many small gains.
double regret(const std::vector<Point>& points, const CpuTuning& row) {
  double sum = 0;
  for (const Point& point : points) {
    const double log = std::min(std::log(slowdown(point, row)), 10.0);
    sum += log * log;
  }
  return sum;
}

struct Field {
  const char* name;
  std::int64_t CpuTuning::*place;
  std::vector<std::int64_t> choices;
};

// One field after the other, until none can be bettered alone.
CpuTuning fit(const std::vector<Point>& points, CpuTuning row) {
  const std::vector<Field> fields{
      {"maxima_bytes", &CpuTuning::maxima_bytes, {4096, 8192, 16384, 24576, 32768, 49152, 65536, 131072}},
      {"maxima_k", &CpuTuning::maxima_k, {16, 32, 64, 96, 128, 256, 512, 1024}},
      {"maxima_k_ratio", &CpuTuning::maxima_k_ratio, {1, 2, 3, 4, 6, 8, 12, 16, 32, 64}},
      {"chunks_k", &CpuTuning::chunks_k, {0, 16, 32, 64, 96, 128, 256, 512}},
      {"chunks_k_ratio", &CpuTuning::chunks_k_ratio, {64, 128, 256, 512, 1024, 2048}},
      {"blocked_k_ratio", &CpuTuning::blocked_k_ratio, {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128}},
      {"sampled_cols",
       &CpuTuning::sampled_cols,
       {256, 512, 1024, 2048, 4096, 8192, 12288, 16384, 32768, 65536, 131072, 262144, 524288}},
      {"sampled_k_ratio", &CpuTuning::sampled_k_ratio, {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128}},
  };
  double best = regret(points, row);
  for (bool better = true; better;) {
    better = false;
    for (const Field& field : fields)
      for (const std::int64_t choice : field.choices) {
        CpuTuning trial = row;
        trial.*field.place = choice;
        const double cost = regret(points, trial);
        if (cost < best - 1e-9) {
          best = cost;
          row = trial;
          better = true;
        }
      }
  }
  return row;
}

void print(const CpuTuning& t, double slower, const char* machine, const char* commit) {
  char date[16];
  const std::time_t now = std::time(nullptr);
  std::strftime(date, sizeof date, "%Y-%m-%d", std::gmtime(&now));
  fmt::print(
      "// Where the CPU algorithms change over on {0}: CpuTuning in src/tuning.hpp, fitted by bin/tune_cpu. The plan\n"
      "// is within {1:.1f} % of the best algorithm, in the geometric mean over its grid of problems.\n"
      "{{.isa = Isa::{0},\n"
      " .maxima_bytes = {2}, .maxima_k = {3}, .maxima_k_ratio = {4},\n"
      " .chunks_k = {5}, .chunks_k_ratio = {6}, .chunks_rows = {7},\n"
      " .blocked_k_ratio = {8},\n"
      " .sampled_cols = {9}, .sampled_k_ratio = {10},\n"
      " .thread_bytes = {11}, .split_row_bytes = {12},\n"
      " .machine = \"{13}\", .date = \"{14}\", .commit = \"{15}\"}},\n",
      name(t.isa), (slower - 1) * 100, t.maxima_bytes, t.maxima_k, t.maxima_k_ratio, t.chunks_k, t.chunks_k_ratio,
      t.chunks_rows, t.blocked_k_ratio, t.sampled_cols, t.sampled_k_ratio, t.thread_bytes, t.split_row_bytes, machine,
      date, commit);
}

// The worst choices left, on stderr: where a rule of choose() is missing.
void print_worst(std::vector<Point> points, const CpuTuning& row) {
  std::sort(points.begin(), points.end(),
            [&](const Point& a, const Point& b) { return slowdown(a, row) > slowdown(b, row); });
  points.resize(std::min<std::size_t>(points.size(), 12));
  for (const Point& point : points) {
    const int chosen = static_cast<int>(plan_of(point.problem, row).algorithm);
    const auto best = std::min_element(point.ns, point.ns + kCpuAlgorithms) - point.ns;
    fmt::print(stderr, "{:.2f}x  {}  {} {:.0f} ns, {} {:.0f} ns\n", slowdown(point, row), to_string(point.problem),
               algorithms()[static_cast<std::size_t>(chosen)].name, point.ns[chosen],
               algorithms()[static_cast<std::size_t>(best)].name, point.ns[best]);
  }
}

}  // namespace
}  // namespace topkit

int main(int argc, char** argv) {
  using namespace topkit;
  if (argc != 4) {
    fmt::print(stderr, "usage: tune_cpu ISA MACHINE COMMIT > src/tuning/cpu_ISA.inc\n");
    return 2;
  }
  for (const CpuTuning& row : built_in_tuning().cpu) {
    if (name(row.isa) != argv[1]) continue;
    std::vector<Point> points;
    for (const DType dtype : {DType::i8, DType::bf16, DType::f32, DType::f64}) measure(points, dtype, argv[1]);
    const CpuTuning fitted = fit(points, row);
    print(fitted, mean_slowdown(points, fitted), argv[2], argv[3]);
    print_worst(points, fitted);
    return 0;
  }
  fmt::print(stderr, "tune_cpu: {} is not an instruction set with a row to fit\n", argv[1]);
  return 2;
}
