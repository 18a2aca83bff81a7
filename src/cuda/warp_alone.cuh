// The kernel around select_row: a warp a row.
#pragma once

#include "block_select.cuh"
#include "by_element.hpp"
#include "launch.hpp"
#include "plain_rows.hpp"
#include "warp_shape.hpp"

namespace topkit::cuda {

// Blocks a multiprocessor has room for: packs of two 16-bit elements take half the registers of others.
template <class E>
inline constexpr int kAloneBlocks = E::kPerPack == 2     ? 10
                                    : is_fast_element<E> ? 8
                                                         : 5;

// Of plain rows, since 9.0.
template <class E>
inline constexpr int kPlainBlocks = E::kPerPack == 2 ? kAloneBlocks<E> : kAloneBlocks<E> + 1;

// Rows of up to 1024 elements a mask, k <= kMost. kBlocks: of kAloneThreads, or kThreads fill a multiprocessor by two.
template <class E, int kMasks, int kMost, RowKind kKind, int kBlocks, int kThreads>
__global__ void __launch_bounds__(kThreads, kThreads == kWaveThreads                    ? 2
                                            : kArch >= 900 || kBlocks < kAloneBlocks<E> ? kBlocks
                                                                                        : kAloneBlocks<E>)
    alone_kernel(const __grid_constant__ Args args, const E element, const BlockShape shape, int together) {
  constexpr int kWarps = kThreads / kWarp;
  struct States {
    RowState<4 * kMost, true> of[kWarps];
  };
  // Blocks of the next launch that come early take places where this one's ended first, up to all that a multiprocessor
  // has, and leave others idle: early only if it has no more than its part.
  constexpr bool kEarly = kThreads == kWaveThreads;
  if constexpr (kEarly) grid_launch_dependents();
  grid_dependency_wait();
  const int turn = uniform(static_cast<int>(warp()));
  const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * kWarps + turn;
  if (index >= args.problem.rows) return;
  select_row<Team<true>, kMasks, kMost, kKind>(args, element, index, shape, together, shared<States>().of[turn]);
  if constexpr (!kEarly) grid_launch_dependents();
}

template <class E, int kMasks, int kMost, RowKind kKind, int kBlocks = kAloneBlocks<E>, int kThreads = kAloneThreads>
void launch_alone(const Args& args, const BlockShape& shape, const PlainRows& plain, Stream stream) {
  constexpr int kRows = kThreads / kWarp;
  launch(alone_kernel<E, kMasks, kMost, kKind, kBlocks, kThreads>,
         {.kernel = "alone_kernel",
          .grid = static_cast<unsigned>((args.problem.rows + kRows - 1) / kRows),
          .block = kThreads,
          .stream = stream,
          .pdl = true},
         args, E(args.problem), shape, plain.together);
}

// Rows of up to 1024 elements, k <= 32. threads: alone_threads() of the rows.
template <class E>
void start_alone(const Args& args, int threads, Stream stream) {
  const PlainRows plain = plain_rows(args);
  const BlockShape shape{1, 1, static_cast<int>(args.problem.k), 0};
  if constexpr (is_fast_element<E>) {
    if constexpr (E::kPerPack == 2) {
      // Where rows follow on rows, more of them at once hide each other's waits; a few start sooner with more registers.
      if (plain.are && args.problem.rows >= 16384)
        return launch_alone<E, 1, 32, RowKind::plain, 12>(args, shape, plain, stream);
    }
    if (plain.are && threads == kWaveThreads)
      return launch_alone<E, 1, 32, RowKind::plain, kAloneBlocks<E>, kWaveThreads>(args, shape, plain, stream);
    if (plain.are) return launch_alone<E, 1, 32, RowKind::plain, kPlainBlocks<E>>(args, shape, plain, stream);
    if (plain.parts) return launch_alone<E, 1, 32, RowKind::part>(args, shape, plain, stream);
  }
  launch_alone<E, 1, 32, RowKind::any>(args, shape, plain, stream);
}

}  // namespace topkit::cuda
