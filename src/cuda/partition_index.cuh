// The last two kernels of cuda_partition where winners are wanted by ascending index: when the last winner is known, each
// chunk counts its own, and writes them behind those of the chunks before it.
#pragma once

#include "partition_row.cuh"
#include "radix_out.cuh"

namespace topkit::cuda {

template <class E>
struct PartitionIndexState {
  RowOut<E> out;
  std::uint32_t warps[2][kOrderWarps];
};

// Calls f(granule, packs) for the granules of a chunk, a tile's round at a time: all threads call f equally often.
template <class E, class F>
__device__ void for_rounds(const PartitionArgs<E>& a, const Row<E>& row, std::uint32_t chunk, F f) {
  const std::uint32_t each = a.shape.tiles * kTileVecs<E> * kOrderThreads;
  const std::uint32_t end = ::min((chunk + 1) * each, row.granules());
#pragma unroll 1
  for (std::uint32_t from = chunk * each; from < end; from += kOrderThreads) {
    Pack packs[E::kPacksPerVec];
    row.load(a.element, from + threadIdx.x, packs);
    f(from + threadIdx.x, packs);
  }
}

template <class E>
__global__ void __launch_bounds__(kOrderThreads, 1) partition_index_count(const __grid_constant__ PartitionArgs<E> a) {
  PartitionIndexState<E>& s = shared<PartitionIndexState<E>>();
  const std::uint32_t in_round = blockIdx.x / a.shape.chunks, chunk = blockIdx.x - in_round * a.shape.chunks;
  const std::int64_t r = a.first_row + in_round;
  const Args::Span span = a.args.span(r);
  if (span.count == 0) return;
  const Row<E> row(a.args, span, r);
  const PartitionRow in(a, in_round);
  const Candidate cut = in.head->cut;
  const Pack threshold = a.element.threshold(key_of(cut));
  std::uint32_t own = 0, total;
  for_rounds(a, row, chunk, [&](std::uint32_t g, const Pack(&packs)[E::kPacksPerVec]) {
    for_granule(a.element, row, g, packs, threshold, cut, [&](int, Candidate) { ++own; });
  });
  sum_before(own, s.warps[0], kOrderWarps, total);
  if (threadIdx.x == 0) in.bases[chunk] = total;
}

template <class E>
__global__ void __launch_bounds__(kOrderThreads, 1) partition_index(const __grid_constant__ PartitionArgs<E> a) {
  PartitionIndexState<E>& s = shared<PartitionIndexState<E>>();
  const std::uint32_t in_round = blockIdx.x / a.shape.chunks, chunk = blockIdx.x - in_round * a.shape.chunks;
  const std::int64_t r = a.first_row + in_round;
  const Args::Span span = a.args.span(r);
  if (span.count == 0) return;
  const Row<E> row(a.args, span, r);
  const PartitionRow in(a, in_round);
  if (threadIdx.x == 0) s.out.set(a.args, span, r);
  const Candidate cut = in.head->cut;
  const Pack threshold = a.element.threshold(key_of(cut));
  std::uint32_t sum = 0, place;
  for (std::uint32_t t = threadIdx.x; t < chunk; t += kOrderThreads) sum += in.bases[t];
  sum_before(sum, s.warps[0], kOrderWarps, place);
  std::uint32_t round = 1;
  for_rounds(a, row, chunk, [&](std::uint32_t g, const Pack(&packs)[E::kPacksPerVec]) {
    std::uint32_t own = 0, total;
    for_granule(a.element, row, g, packs, threshold, cut, [&](int, Candidate) { ++own; });
    std::uint32_t at = place + sum_before(own, s.warps[round], kOrderWarps, total);
    for_granule(a.element, row, g, packs, threshold, cut,
                [&](int, Candidate c) { s.out.write(a.args, a.element, at++, c); });
    place += total;
    round ^= 1;
  });
}

}  // namespace topkit::cuda
