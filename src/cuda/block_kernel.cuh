// The kernel around select_row: a block a row.
#pragma once

#include <algorithm>

#include "block_select.cuh"
#include "by_element.hpp"
#include "launch.hpp"

namespace topkit::cuda {

template <class E>
inline constexpr int kBlockMasks = E::kPerPack;  // block_masks of its problems

template <class E, int kMasks>
__global__ void __launch_bounds__(is_fast_element<E> ? kBlockThreads / kMasks : kBlockThreads / 2,
                                  is_fast_element<E> ? 0 : 1)
    block_kernel(const __grid_constant__ Args args, const E element, std::int64_t first_row, const BlockShape shape) {
  grid_launch_dependents();
  grid_dependency_wait();
  select_row<Team<false>, kMasks, kBlockMostK>(args, element, first_row + blockIdx.x, shape,
                                               shared<RowState<kBlockSlots, false>>());
}

template <class E>
void start_block(const Args& args, const BlockShape& shape, Stream stream) {
  constexpr std::int64_t kMostBlocks = 1 << 30;
  for (std::int64_t row = 0; row < args.problem.rows; row += kMostBlocks) {
    launch(block_kernel<E, kBlockMasks<E>>,
           {.kernel = "block_kernel",
            .grid = static_cast<unsigned>(std::min(kMostBlocks, args.problem.rows - row)),
            .block = static_cast<unsigned>(shape.warps * kWarp),
            .stream = stream,
            .pdl = true},
           args, E(args.problem), row, shape);
  }
}

}  // namespace topkit::cuda
