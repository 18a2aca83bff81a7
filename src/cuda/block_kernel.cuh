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
template <class E>
using PartBlock = BlockLimits<kBlockThreads / kBlockMasks<E>, kBlockMasks<E>, kBlockMostK>;  // 64 registers a thread
using SmallBlock = BlockLimits<128, 9, 64>;                                                  // 56
using MiddleBlock = BlockLimits<128, 9, 128>;                                                // 56
using SmallPartBlock = BlockLimits<128, 10, 64>;                                             // 48

// Before 9.0, where what is the whole warp's takes registers of its lanes, parts have room for half as many blocks, and the largest
// blocks, which have none to spare, take them as any rows.
template <RowKind kKind, class Limits>
struct BlockKind {
  static constexpr bool kRoomy = kArch < 900 && kKind == RowKind::part;
  static constexpr int kBlocks = kRoomy ? Limits::kBlocks / 2 : Limits::kBlocks;
  static constexpr RowKind kTaken = kRoomy && Limits::kThreads == kBlockThreads ? RowKind::any : kKind;
};

template <class E, int kMasks, RowKind kKind, class Limits>
__global__ void __launch_bounds__(Limits::kThreads, BlockKind<kKind, Limits>::kBlocks)
    block_kernel(const __grid_constant__ Args args, const E element, std::int64_t first_row, const BlockShape shape,
                 int together) {
  constexpr int kSlots = Limits::kMost <= 64 ? 256 : kBlockSlots;
  constexpr RowKind kTaken = BlockKind<kKind, Limits>::kTaken;
  using Warps = std::conditional_t<kTaken == RowKind::part, FirstWarps, Team<false>>;
  grid_launch_dependents();
  grid_dependency_wait();
  select_row<Warps, kMasks, Limits::kMost, kTaken>(args, element, first_row + blockIdx.x, shape, together,
                                                   shared<RowState<kSlots, false>>());
}

// threads: where a row has one warp, alone_threads() of the rows.
template <class E>
void start_block(const Args& args, const BlockShape& shape, int threads, Stream stream) {
  constexpr std::int64_t kMostBlocks = 1 << 30;
  const PlainRows plain = plain_rows(args);
  auto* kernel = block_kernel<E, kBlockMasks<E>, RowKind::any, AnyBlock<E>>;
  if constexpr (is_fast_element<E>) {
    if (plain.parts) kernel = block_kernel<E, kBlockMasks<E>, RowKind::part, PartBlock<E>>;
    // Parts wait more than they compute, so that more of them at once are worth more than room in the first cache.
    if (plain.parts && args.problem.k <= SmallPartBlock::kMost && shape.warps * kWarp <= SmallPartBlock::kThreads)
      kernel = block_kernel<E, kBlockMasks<E>, RowKind::part, SmallPartBlock>;
    if (plain.are) kernel = block_kernel<E, kBlockMasks<E>, RowKind::plain, AnyBlock<E>>;
    // Packs of two leave room for more blocks; rows of 32-bit elements would push each other out of the first cache.
    if constexpr (E::kPerPack == 2) {
      const bool small = plain.parts && args.problem.k <= SmallBlock::kMost;
      if (small && shape.warps == 1) {
        constexpr int kMost = SmallBlock::kMost, kBlocks = 9;
        if (!plain.are)
          return launch_alone<E, kBlockMasks<E>, kMost, RowKind::part, kBlocks>(args, shape, plain, stream);
        if (threads != kWaveThreads)
          return launch_alone<E, kBlockMasks<E>, kMost, RowKind::plain, kBlocks>(args, shape, plain, stream);
        return launch_alone<E, kBlockMasks<E>, kMost, RowKind::plain, kBlocks, kWaveThreads>(args, shape, plain,
                                                                                             stream);
      }
      if (plain.are && shape.warps * kWarp <= MiddleBlock::kThreads && args.problem.k <= MiddleBlock::kMost)
        kernel = block_kernel<E, kBlockMasks<E>, RowKind::plain, MiddleBlock>;
      if (small && plain.are && shape.warps * kWarp <= SmallBlock::kThreads)
        kernel = block_kernel<E, kBlockMasks<E>, RowKind::plain, SmallBlock>;
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
