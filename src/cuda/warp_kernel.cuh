// The kernel around WarpSelect: which row, its parts, its outputs.
#pragma once

#include <cstdint>

#include "launch.hpp"
#include "places.cuh"
#include "warp_select.cuh"

namespace topkit::cuda {

template <class E, int kLanes, int kVecs, int kRegs, int kThreads = 128>
__global__ void __launch_bounds__(kThreads, !E::kRawPacks  ? 4
                                            : kRegs > 1    ? 0
                                            : kArch < 900  ? 6
                                            : kLanes == 16 ? 7
                                                           : 8)
    warp_kernel(const __grid_constant__ Args args, const E element) {
  using Select = WarpSelect<E, kLanes, kVecs, kRegs>;
  using Row = typename Select::Row;
  using Raw = typename E::Raw;
  struct Slots {
    std::uint16_t of[kThreads / kLanes][Select::kMostSlots];
  };
  grid_dependency_wait();
  const auto group = static_cast<int>(threadIdx.x) / kLanes;
  const std::int64_t r = static_cast<std::int64_t>(blockIdx.x) * (kThreads / kLanes) + group;
  const bool exists = r < args.problem.rows;
  const Args::Span span = exists ? args.span(r) : Args::Span{0, 0, 0};
  const Row row(static_cast<const Raw*>(args.x) + (exists ? args.problem.layout.row(r) + span.begin : 0),
                static_cast<int>(span.end - span.begin));
  const int k = static_cast<int>(span.count);

  Pack packs[Row::kPacks];
  std::uint32_t there = row.load(element, packs);
  if (k == 0) there = 0;
  const Select select{element, row, packs, shared<Slots>().of[group], k > 0 ? k : 1};
  int column[kRegs];
  select.select(there, column);

  if (args.problem.order == Order::index) {
    std::uint32_t words[kRegs];
#pragma unroll
    for (int i = 0; i < kRegs; ++i) words[i] = i * kLanes + row.at < k ? ~static_cast<std::uint32_t>(column[i]) : 0;
    sort_words_looped<kLanes>(words, true);
#pragma unroll
    for (int i = 0; i < kRegs; ++i) column[i] = static_cast<int>(~words[i]);
  }
  if (!exists) return;
  const Places<Raw> places(args, r);
#pragma unroll
  for (int i = 0; i < kRegs; ++i) {
    const int place = i * kLanes + row.at;
    if (place < k) {
      places.write(place, span.begin + column[i], row.x[column[i]]);
    } else if (place < args.problem.k) {
      places.pad(place);
    }
  }
  // Blocks of the next launch that came sooner would crowd where this one's ended first, and leave multiprocessors idle.
  grid_launch_dependents();
}

template <class E, int kLanes, int kVecs, int kRegs, int kThreads = 128>
void start_warp(const Args& args, Stream stream, bool pdl = true) {
  constexpr int kRows = kThreads / kLanes;
  launch(warp_kernel<E, kLanes, kVecs, kRegs, kThreads>,
         {.kernel = "warp_kernel",
          .grid = static_cast<unsigned>((args.problem.rows + kRows - 1) / kRows),
          .block = kThreads,
          .stream = stream,
          .pdl = pdl},
         args, E(args.problem));
}

}  // namespace topkit::cuda
