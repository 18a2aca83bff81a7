// The kernel around select_row: a block a row.
#pragma once

#include <algorithm>

#include "block_select.cuh"
#include "by_element.hpp"
#include "launch.hpp"
#include "plain_rows.hpp"
#include "warp_alone.cuh"

namespace topkit::cuda {

template <class E>
inline constexpr int kBlockMasks = E::kPerPack;  // block_masks of its problems

// Of a kernel: threads a block at most, blocks that a multiprocessor has room for at least (0: whatever), most winners.
template <int kThreads_, int kBlocks_, int kMost_>
struct BlockLimits {
  static constexpr int kThreads = kThreads_, kBlocks = kBlocks_, kMost = kMost_;
};
template <class E>
using AnyBlock = BlockLimits<is_fast_element<E> ? kBlockThreads / kBlockMasks<E> : kBlockThreads / 2,
                             is_fast_element<E> ? 0 : 1, kBlockMostK>;
using SmallBlock = BlockLimits<128, 9, 64>;  // 48 registers a thread

template <class E, int kMasks, bool kPlain, class Limits>
__global__ void __launch_bounds__(Limits::kThreads, Limits::kBlocks)
    block_kernel(const __grid_constant__ Args args, const E element, std::int64_t first_row, const BlockShape shape,
                 int together) {
  constexpr int kSlots = Limits::kMost <= 64 ? 256 : kBlockSlots;
  grid_launch_dependents();
  grid_dependency_wait();
  select_row<Team<false>, kMasks, Limits::kMost, kPlain>(args, element, first_row + blockIdx.x, shape, together,
                                                         shared<RowState<kSlots, false>>());
}

// threads: where a row has one warp, alone_threads() of the rows.
template <class E>
void start_block(const Args& args, const BlockShape& shape, int threads, Stream stream) {
  constexpr std::int64_t kMostBlocks = 1 << 30;
  const PlainRows plain = plain_rows(args);
  auto* kernel = block_kernel<E, kBlockMasks<E>, false, AnyBlock<E>>;
  if constexpr (is_fast_element<E>) {
    if (plain.are) kernel = block_kernel<E, kBlockMasks<E>, true, AnyBlock<E>>;
    // Packs of two leave room for more blocks; rows of 32-bit elements would push each other out of the first cache.
    if constexpr (E::kPerPack == 2) {
      const bool small = plain.are && args.problem.k <= SmallBlock::kMost;
      if (small && shape.warps == 1 && threads == kWaveThreads)
        return launch_alone<E, kBlockMasks<E>, SmallBlock::kMost, true, 9, kWaveThreads>(args, shape, plain, stream);
      if (small && shape.warps == 1)
        return launch_alone<E, kBlockMasks<E>, SmallBlock::kMost, true, 9>(args, shape, plain, stream);
      if (small && shape.warps * kWarp <= SmallBlock::kThreads)
        kernel = block_kernel<E, kBlockMasks<E>, true, SmallBlock>;
    }
  }
  for (std::int64_t row = 0; row < args.problem.rows; row += kMostBlocks) {
    launch(kernel,
           {.kernel = "block_kernel",
            .grid = static_cast<unsigned>(std::min(kMostBlocks, args.problem.rows - row)),
            .block = static_cast<unsigned>(shape.warps * kWarp),
            .stream = stream,
            .pdl = true},
           args, E(args.problem), row, shape, plain.together);
  }
}

}  // namespace topkit::cuda
