// The first kernel of cuda_wide: one block a row puts a sample into order; some of it begin the buckets of what can win.
#pragma once

#include "places.cuh"
#include "wide_row.cuh"

namespace topkit::cuda {

__global__ void __launch_bounds__(kMostWideThreads, 2) wide_sample(const __grid_constant__ WideArgs a) {
  grid_dependency_wait();
  grid_launch_dependents();
  const std::int64_t r = a.first_row + blockIdx.x;
  const Args::Span span = a.args.span(r);
  const auto n = static_cast<std::uint32_t>(span.end - span.begin), k = static_cast<std::uint32_t>(span.count);
  const WideRow to(a, blockIdx.x);
  const std::uint32_t size = blockDim.x * kSortItems;
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

  // One of each of `size` equal parts of the row, with a jitter, so that no period of the data meets the sample's. Their columns ascend.
  using Sample = SortRow<std::uint64_t, true>;
  const std::uint64_t* const x = a.row(r, span);
  const int size_log = 31 - __clz(static_cast<int>(size));
  const auto column_of = [&](std::uint32_t s) {
    return static_cast<std::uint32_t>((std::uint64_t{s} * n + __umulhi((s + 1) * 0x9E3779B1U, n)) >> size_log);
  };
  std::uint64_t raw[kSortItems];
#pragma unroll
  for (unsigned i = 0; i < kSortItems; ++i)
    raw[i] = x[column_of(Sample::first(threadIdx.x) + i * Sample::step(blockDim.x))];
  const float share = static_cast<float>(size) / static_cast<float>(n);
  const float most = wide_at_most(static_cast<float>(k) * share, [](float v) { return sqrtf(v); });
  const std::uint32_t wanted = ::min(size, static_cast<std::uint32_t>(most));
  const Sample sample(dynamic_shared<char>(), sort_room(static_cast<int>(blockDim.x), sizeof(std::uint64_t)), a.map,
                      threadIdx.x, size);
  sample.sort(raw, wanted);
  __syncthreads();

  const auto wished = static_cast<std::uint32_t>(static_cast<float>(kWideBucket) * share);
  const std::uint32_t fewest = (wanted + a.shape.buckets - 1) / a.shape.buckets;
  const std::uint32_t each = a.shape.buckets == 1 ? wanted : ::max(::max(wished, 1U), fewest);
  const std::uint32_t buckets = (wanted + each - 1) / each;
  for (std::uint32_t b = threadIdx.x; b < buckets; b += blockDim.x) {
    const std::uint32_t rank = ::min((b + 1) * each, wanted);
    const std::uint32_t s = sample.column(rank - 1);
    to.splitters[b] = rank == size ? 0 : WideItem::word(sample.key(s), column_of(s));
  }
  if (threadIdx.x == 0) *to.buckets = buckets;
}

}  // namespace topkit::cuda
