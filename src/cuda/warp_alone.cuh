// The kernel around select_row: a warp a row.
#pragma once

#include "block_select.cuh"
#include "by_element.hpp"
#include "launch.hpp"

namespace topkit::cuda {

inline constexpr int kAloneWarps = 4;  // of a block, each with a row of its own

// Blocks a multiprocessor has room for: packs of two 16-bit elements take half the registers of others.
template <class E>
inline constexpr int kAloneBlocks = E::kPerPack == 2     ? 10
                                    : is_fast_element<E> ? 8
                                                         : 5;

// Rows of up to 1024 elements, k <= 32.
template <class E>
__global__ void __launch_bounds__(kAloneWarps* kWarp, kAloneBlocks<E>)
    alone_kernel(const __grid_constant__ Args args, const E element) {
  struct States {
    RowState<128, true> of[kAloneWarps];
  };
  grid_launch_dependents();
  grid_dependency_wait();
  const int turn = uniform(static_cast<int>(warp()));
  const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * kAloneWarps + turn;
  if (index >= args.problem.rows) return;
  select_row<Team<true>, 1, 32>(args, element, index, {1, 1, static_cast<int>(args.problem.k)},
                                shared<States>().of[turn]);
}

template <class E>
void start_alone(const Args& args, Stream stream) {
  launch(alone_kernel<E>,
         {.kernel = "alone_kernel",
          .grid = static_cast<unsigned>((args.problem.rows + kAloneWarps - 1) / kAloneWarps),
          .block = kAloneWarps * kWarp,
          .stream = stream,
          .pdl = true},
         args, E(args.problem));
}

}  // namespace topkit::cuda
