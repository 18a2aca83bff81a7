// Every algorithm of topkit by name: what can be listed, forced, tested and measured one by one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "problem.hpp"

namespace topkit {

// The CPU part first, then CUDA; the table in algorithms.cpp has the same order.
enum class Algorithm : std::uint8_t {
  argmax,   // src/cpu/argmax.hpp
  maxima,   // src/cpu/maxima.hpp
  blocked,  // src/cpu/blocked.hpp
  sampled,  // src/cpu/sampled.hpp
  split,    // src/cpu/split.hpp
  // CUDA: one .cu each
  cuda_warp,
  cuda_block,
  cuda_cluster,
  cuda_stream,
  cuda_grid,
  cuda_radix,
  cuda_partition,
  cuda_sort,
  cuda_wide,
  cuda_select,
};
inline constexpr int kAlgorithms = 15;

struct AlgorithmInfo {
  Algorithm algorithm;
  std::string_view name;  // as --algorithm takes it
  DeviceKind device;
  std::string_view regime;              // one line: where it is good
  std::string_view needs;               // what `can` asks, as a message says it
  std::string_view passes;              // over the row, from memory
  bool (*can)(const Problem& problem);  // solves this problem exactly, fast or not
};

// The CUDA kernels have registers of their own for the largest of f32, f16 and bf16 with NaN largest; all else goes by keys.
constexpr bool is_fast(const Problem& p) {
  return p.largest && p.nan == Nan::largest &&
         (p.dtype == DType::f32 || p.dtype == DType::f16 || p.dtype == DType::bf16);
}

std::span<const AlgorithmInfo> algorithms();
const AlgorithmInfo& info(Algorithm algorithm);
std::optional<Algorithm> algorithm_from(std::string_view name, DeviceKind device);

}  // namespace topkit
