// The first kernel of cuda_wide: one block a row puts a sample into order; some of it begin the buckets of what can win.
#pragma once

#include "places.cuh"
#include "wide_row.cuh"

namespace topkit::cuda {

__global__ void __launch_bounds__(kMostWideThreads) wide_sample(const __grid_constant__ WideArgs a) {
  grid_dependency_wait();
  grid_launch_dependents();
  const std::int64_t r = a.first_row + blockIdx.x;
  const Args::Span span = a.args.span(r);
  const auto n = static_cast<std::uint32_t>(span.end - span.begin), k = static_cast<std::uint32_t>(span.count);
  const WideRow to(a, blockIdx.x);
  const std::uint32_t size = blockDim.x * kMergeItems;
  for (std::uint32_t b = threadIdx.x; b < a.shape.buckets; b += blockDim.x) to.counts[b] = to.taken[b] = 0;
  const Places<std::uint64_t> places(a.args, r);
  for (std::int64_t place = k + threadIdx.x; place < a.args.problem.k; place += blockDim.x) places.pad(place);
  if (k == 0 || n <= size) {
    if (threadIdx.x == 0) {
      *to.buckets = k == 0 ? 0 : 1;
      to.splitters[0] = 0;
    }
    return;
  }

  // One of each of `size` equal parts of the row, with a jitter, so that no period of the data meets the sample's.
  const WideSortRow sorted{dynamic_shared<WideWord>(), threadIdx.x, blockDim.x};
  const std::uint64_t* const x = a.row(r, span);
  const int size_log = 31 - __clz(static_cast<int>(size));
  WideWord item[kMergeItems];
#pragma unroll
  for (std::uint32_t i = 0; i < kMergeItems; ++i) {
    const std::uint32_t s = i * blockDim.x + threadIdx.x;
    const auto column =
        static_cast<std::uint32_t>((std::uint64_t{s} * n + __umulhi((s + 1) * 0x9E3779B1U, n)) >> size_log);
    item[i] = WideItem::word(a.map(x[column]), column);
  }
  const float share = static_cast<float>(size) / static_cast<float>(n);
  const float most = wide_at_most(static_cast<float>(k) * share, [](float v) { return sqrtf(v); });
  const std::uint32_t wanted = ::min(size, static_cast<std::uint32_t>(most));
  wide_sort_row(sorted, item, wanted);
  __syncthreads();

  const auto wished = static_cast<std::uint32_t>(static_cast<float>(kWideBucket) * share);
  const std::uint32_t fewest = (wanted + a.shape.buckets - 1) / a.shape.buckets;
  const std::uint32_t each = a.shape.buckets == 1 ? wanted : ::max(::max(wished, 1U), fewest);
  const std::uint32_t buckets = (wanted + each - 1) / each;
  for (std::uint32_t b = threadIdx.x; b < buckets; b += blockDim.x) {
    const std::uint32_t rank = ::min((b + 1) * each, wanted);
    to.splitters[b] = rank == size ? 0 : sorted.room[wide_padded(rank - 1)];
  }
  if (threadIdx.x == 0) *to.buckets = buckets;
}

}  // namespace topkit::cuda
