// How sample, filter or topn_logprobs will be done: a pure function of the problem, the device and the wish.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "../device.hpp"
#include "../plan.hpp"
#include "args.hpp"

namespace topkit {

// The CPU part first, then CUDA; the table in algorithms.cpp has the same order.
enum class SampleAlgorithm : std::uint8_t {
  rows,  // src/cpu/sample.cpp: a row a thread
  // CUDA: src/cuda/sample.cu
  cuda_resident,
  cuda_reread,
  cuda_selected,
  cuda_tiles,
};
inline constexpr int kSampleAlgorithms = 5;

struct SampleAlgorithmInfo {
  SampleAlgorithm algorithm;
  std::string_view name;  // as --algorithm takes it
  DeviceKind device;
  std::string_view regime;                    // one line: where it is good
  std::string_view needs;                     // what `can` asks, as a message says it
  bool (*can)(const SampleProblem& problem);  // does this exactly, fast or not
};

std::span<const SampleAlgorithmInfo> sample_algorithms();
const SampleAlgorithmInfo& info(SampleAlgorithm algorithm);

// Trivially copyable; compares; prints one "key: value" a line.
struct SamplePlan {
  SampleAlgorithm algorithm{};
  std::string_view why;  // static text: the rule that chose it
  // CPU
  Isa isa = Isa::scalar;
  int threads = 1;
  std::int64_t rows_per_task = 0;  // rows are handed to threads in blocks of this many
  // CUDA
  int launches = 0;
  int block_threads = 0;
  int cluster_blocks = 1;  // blocks that share one row
  int items_per_thread = 0;
  std::size_t workspace_bytes = 0;
  Plan topk;  // selected: of the selection that comes first

  friend bool operator==(const SamplePlan&, const SamplePlan&) = default;
};

// Throws Failure when the wish names what is not there or cannot solve the problem.
SamplePlan choose(const SampleProblem& problem, const Device& device, const Wish& wish = {});

// The halves of choose(), one a device kind.
SamplePlan choose_sample_cpu(const SampleProblem& problem, const Device& device, const Wish& wish);
SamplePlan choose_sample_cuda(const SampleProblem& problem, const Device& device, const Wish& wish);

// The forced algorithm of the wish, which can solve the problem; fails with the names, or with what it needs.
SampleAlgorithm wished_sample_algorithm(const SampleProblem& problem, const Wish& wish);

std::string to_string(const SampleProblem& problem);
std::string to_string(const SamplePlan& plan);

}  // namespace topkit
