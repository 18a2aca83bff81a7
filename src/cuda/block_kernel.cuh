// The kernel around select_row: a block a row.
#pragma once

#include <algorithm>

#include "block_select.cuh"
#include "by_element.hpp"
#include "launch.hpp"

namespace topkit::cuda {

template <class E>
__global__ void __launch_bounds__(is_fast_element<E> ? kBlockThreads : kBlockThreads / 2)
    block_kernel(const __grid_constant__ Args args, const E element, std::int64_t first_row, int share) {
  grid_launch_dependents();
  grid_dependency_wait();
  select_row<Team<false>, 128>(args, element, first_row + blockIdx.x, share, shared<RowState<512, false>>());
}

template <class E>
void start_block(const Args& args, Stream stream) {
  constexpr std::int64_t kMostBlocks = 1 << 30;
  const int warps = static_cast<int>((args.problem.cols + 1023) / 1024);
  for (std::int64_t row = 0; row < args.problem.rows; row += kMostBlocks) {
    launch(block_kernel<E>,
           {.kernel = "block_kernel",
            .grid = static_cast<unsigned>(std::min(kMostBlocks, args.problem.rows - row)),
            .block = static_cast<unsigned>(warps * kWarp),
            .stream = stream,
            .pdl = true},
           args, E(args.problem), row, static_cast<int>((args.problem.k + warps - 1) / warps));
  }
}

}  // namespace topkit::cuda
