// The kernel around select_row: a warp a row.
#pragma once

#include "block_select.cuh"
#include "by_element.hpp"
#include "launch.hpp"
#include "plain_rows.hpp"

namespace topkit::cuda {

inline constexpr int kAloneWarps = 4;  // of a block, each with a row of its own

// Blocks a multiprocessor has room for: packs of two 16-bit elements take half the registers of others.
template <class E>
inline constexpr int kAloneBlocks = E::kPerPack == 2     ? 10
                                    : is_fast_element<E> ? 8
                                                         : 5;

// Rows of up to 1024 elements a mask, k <= kMost.
template <class E, int kMasks, int kMost, bool kPlain, int kBlocks>
__global__ void __launch_bounds__(kAloneWarps* kWarp,
                                  kArch >= 900 || kBlocks < kAloneBlocks<E> ? kBlocks : kAloneBlocks<E>)
    alone_kernel(const __grid_constant__ Args args, const E element, const BlockShape shape, int together) {
  struct States {
    RowState<4 * kMost, true> of[kAloneWarps];
  };
  grid_launch_dependents();
  grid_dependency_wait();
  const int turn = uniform(static_cast<int>(warp()));
  const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * kAloneWarps + turn;
  if (index >= args.problem.rows) return;
  select_row<Team<true>, kMasks, kMost, kPlain>(args, element, index, shape, together, shared<States>().of[turn]);
}

template <class E, int kMasks, int kMost, bool kPlain, int kBlocks = kAloneBlocks<E>>
void launch_alone(const Args& args, const BlockShape& shape, const PlainRows& plain, Stream stream) {
  launch(alone_kernel<E, kMasks, kMost, kPlain, kBlocks>,
         {.kernel = "alone_kernel",
          .grid = static_cast<unsigned>((args.problem.rows + kAloneWarps - 1) / kAloneWarps),
          .block = kAloneWarps * kWarp,
          .stream = stream,
          .pdl = true},
         args, E(args.problem), shape, plain.together);
}

// Rows of up to 1024 elements, k <= 32.
template <class E>
void start_alone(const Args& args, Stream stream) {
  const PlainRows plain = plain_rows(args);
  const BlockShape shape{1, 1, static_cast<int>(args.problem.k), 0};
  if constexpr (is_fast_element<E>) {
    if constexpr (E::kPerPack == 2) {
      // Where rows follow on rows, more of them at once hide each other's waits; a few start sooner with more registers.
      if (plain.are && args.problem.rows >= 16384) return launch_alone<E, 1, 32, true, 12>(args, shape, plain, stream);
    }
    if (plain.are) return launch_alone<E, 1, 32, true>(args, shape, plain, stream);
  }
  launch_alone<E, 1, 32, false>(args, shape, plain, stream);
}

}  // namespace topkit::cuda
