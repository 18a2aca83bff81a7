// A row a block, in registers: every warp bounds its own elements, the least bound is the row's, what reaches it is listed
// in shared memory, and one warp puts the list into order while other blocks load.
#pragma once

#include <algorithm>
#include <cstdint>

#include "block_bound.cuh"
#include "block_finish.cuh"
#include "block_raise.cuh"
#include "block_row.cuh"
#include "by_element.hpp"
#include "launch.hpp"
#include "places.cuh"

namespace topkit::cuda {

template <class E>
__global__ void __launch_bounds__(is_fast_element<E> ? kBlockThreads : kBlockThreads / 2)
    block_kernel(const __grid_constant__ Args args, const E element, std::int64_t first_row, int share) {
  using Raw = typename E::Raw;
  using Row = BlockRow<E>;
  BlockState& state = shared<BlockState>();
  const int warps = static_cast<int>(blockDim.x) / kWarp;
  grid_launch_dependents();
  if (threadIdx.x == 0) state.passed = 0;
  grid_dependency_wait();
  const std::int64_t index = first_row + blockIdx.x;
  const Args::Span span = args.span(index);
  const int k = static_cast<int>(span.count);
  if (k == 0) {
    const Places<Raw> places(args, index);
    for (int place = static_cast<int>(threadIdx.x); place < args.problem.k; place += static_cast<int>(blockDim.x))
      places.pad(place);
    return;
  }
  const Row row(static_cast<const Raw*>(args.x) + args.problem.layout.row(index) + span.begin,
                static_cast<int>(span.end - span.begin));
  Pack packs[Row::kPacks];
  const std::uint32_t there = row.load(element, packs);

  // The maxima of two slices a lane.
  Key a, b;
  constexpr int kSlices = 2 / E::kPerPack;
  {
    Pack m[2] = {packs[0], packs[kSlices - 1]};
#pragma unroll
    for (int i = kSlices; i < Row::kPacks; ++i) m[i % kSlices] = E::max(m[i % kSlices], packs[i]);
    a = element.key(m[0], 0);
    b = element.key(m[kSlices - 1], E::kPerPack - 1);
  }
  // Warps without elements of their own have no say.
  int voters = warps;
  if (span.end - span.begin != args.problem.cols || k != args.problem.k) {
    const int log = 31 - __clz(::min(warps, ::max(1, row.granules / kWarp)));
    voters = 1 << log;
    share = __reduce_max_sync(full_mask, (k + voters - 1) >> log);
  }
  const Key high = __reduce_max_sync(full_mask, larger(a, b));
  Key low = ~Key{0};
  if (__any_sync(full_mask, static_cast<int>(warp()) < voters)) low = share > kWarp ? 0 : share_bound(a, b, share);
  if (lane() == 0) {
    state.low[warp()] = low;
    state.high[warp()] = high;
  }
  __syncthreads();
  const int peer = ::min(static_cast<int>(lane()), warps - 1);
  low = __reduce_min_sync(full_mask, state.low[peer]);

  std::uint32_t pending = Row::Lane::filter(packs, element.threshold(low)) & there;
  const int mine = __popc(pending);
  int slot = mine > 0 ? static_cast<int>(atomicAdd(&state.passed, static_cast<std::uint32_t>(mine))) : 0;
  if (!__any_sync(full_mask, slot + mine > kBlockSlots)) {
    while (pending != 0) {
      const int bit = 31 - __clz(static_cast<int>(pending));
      pending ^= 1U << bit;
      state.columns[slot++] = static_cast<std::uint16_t>(threadIdx.x << 5 | static_cast<unsigned>(bit));
    }
  }
  __syncthreads();
  // Values that come from a reduction or a vote are known to be the whole warp's, and so are branches on them.
  Survivors survivors{static_cast<int>(__reduce_max_sync(full_mask, state.passed)), k, low, high, false, false};
  survivors.high = __reduce_max_sync(full_mask, state.high[peer]);
  const int slots = args.problem.k <= 64 ? kBlockSlots / 2 : kBlockSlots;
  if (survivors.count > slots) {
    const Raised raised = block_raise(element, row.x, row.count, k, low, survivors.high, slots, state);
    survivors.count = __reduce_max_sync(full_mask, raised.count);
    survivors.low = raised.low;
    survivors.columns = true;
    survivors.ordered = raised.ordered;
  }
  // Which warp ends the row differs from block to block, so that the multiprocessor's schedulers share that work.
  const int last = static_cast<int>(__umulhi(blockIdx.x * 0x9E3779B9U, static_cast<unsigned>(warps)));
  int turn = static_cast<int>(warp()) - last;
  turn = __reduce_max_sync(full_mask, turn < 0 ? turn + warps : turn);
  if (args.problem.k <= 64) {
    if (turn > 0 && turn * kPartWords<2> >= survivors.count) return;
    if (!finish_row<2>(survivors, element, row, turn, warps, args.problem.order, state)) return;
  } else {
    if (turn > 0 && turn * kPartWords<4> >= survivors.count) return;
    if (!finish_row<4>(survivors, element, row, turn, warps, args.problem.order, state)) return;
  }
  const Places<Raw> places(args, index);
  for (int place = static_cast<int>(lane()); place < k; place += kWarp) {
    const int column = static_cast<int>(state.words[place]);
    places.write(place, span.begin + column, row.x[column]);
  }
  for (int place = k + static_cast<int>(lane()); place < args.problem.k; place += kWarp) places.pad(place);
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
