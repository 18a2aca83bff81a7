// The second kernel of cuda_wide: a block a chunk of a row lists what can win, bucket by bucket. Where a row has several buckets, one
// launch counts their words and the next puts them where the counts say.
#pragma once

#include "wide_row.cuh"

namespace topkit::cuda {

enum class WidePass : std::uint8_t { list, count, spread };  // list: of rows of one bucket, in any order

struct WideFilterState {
  std::uint32_t warps[kWideFilterThreads / kWarp];
};

// Where each bucket's words begin: all threads.
__device__ inline void wide_begins(const std::uint32_t* counts, std::uint32_t buckets, std::uint32_t* begins) {
  auto& warps = shared<WideFilterState>().warps;
  const std::uint32_t own = (buckets + kWideFilterThreads - 1) / kWideFilterThreads, first = threadIdx.x * own;
  std::uint32_t sum = 0;
  for (std::uint32_t b = first; b < ::min(first + own, buckets); ++b) sum += counts[b];
  const std::uint32_t through = sum_through(sum);
  if (lane() == kWarp - 1) warps[warp()] = through;
  __syncthreads();
  std::uint32_t at = through - sum;
  for (unsigned w = 0; w < warp(); ++w) at += warps[w];
  for (std::uint32_t b = first; b < ::min(first + own, buckets); ++b) {
    begins[b] = at;
    at += counts[b];
  }
}

__global__ void __launch_bounds__(kWideFilterThreads, 4)
    wide_filter(const __grid_constant__ WideArgs a, const WidePass pass) {
  grid_dependency_wait();
  grid_launch_dependents();
  const std::uint32_t in_round = blockIdx.x / a.shape.chunks, chunk = blockIdx.x - in_round * a.shape.chunks;
  const std::int64_t r = a.first_row + in_round;
  const Args::Span span = a.args.span(r);
  const auto n = static_cast<std::uint32_t>(span.end - span.begin);
  const WideRow to(a, in_round);
  const std::uint32_t buckets = *to.buckets, begin = chunk * a.shape.chunk;
  if (buckets == 0 || begin >= n) return;
  const std::uint32_t end = ::min(begin + a.shape.chunk, n);
  const std::uint64_t* const x = a.row(r, span);
  const WideWord least = to.splitters[buckets - 1];
  const std::uint64_t least_key = WideItem::key(least);
  auto* const splitters = dynamic_shared<WideWord>();
  auto* const begins = reinterpret_cast<std::uint32_t*>(splitters + buckets);
  if (pass != WidePass::list) {
    for (std::uint32_t b = threadIdx.x; b < buckets; b += kWideFilterThreads) splitters[b] = to.splitters[b];
    if (pass == WidePass::spread) wide_begins(to.counts, buckets, begins);
    __syncthreads();
  }

#pragma unroll 1
  for (std::uint32_t from = begin + threadIdx.x; from - threadIdx.x < end;
       from += kWideFilterThreads * kWideFilterItems) {
    std::uint64_t item[kWideFilterItems];  // the elements, then their keys
#pragma unroll
    for (std::uint32_t i = 0; i < kWideFilterItems; ++i) {
      const std::uint32_t column = from + i * kWideFilterThreads;
      item[i] = column < end ? load_once(x + column) : 0;
    }
    std::uint32_t passes = 0;
#pragma unroll
    for (std::uint32_t i = 0; i < kWideFilterItems; ++i) {
      const std::uint32_t column = from + i * kWideFilterThreads;
      item[i] = a.map(item[i]);
      const bool can = item[i] > least_key || (item[i] == least_key && WideItem::word(item[i], column) >= least);
      passes |= (can && column < end ? 1U : 0U) << i;
    }
    if (!__any_sync(full_mask, passes != 0)) continue;
    if (pass == WidePass::list) {
      const auto own = static_cast<std::uint32_t>(__popc(passes));
      const std::uint32_t through = sum_through(own);
      std::uint32_t place = 0;
      if (lane() == kWarp - 1) place = atomicAdd(to.counts, through);
      place = __shfl_sync(full_mask, place, kWarp - 1) + through - own;
#pragma unroll
      for (std::uint32_t i = 0; i < kWideFilterItems; ++i) {
        if ((passes >> i & 1U) == 0) continue;
        if (place < a.shape.capacity) to.words[place] = WideItem::word(item[i], from + i * kWideFilterThreads);
        ++place;
      }
      continue;
    }
#pragma unroll
    for (std::uint32_t i = 0; i < kWideFilterItems; ++i) {
      if ((passes >> i & 1U) == 0) continue;
      const WideWord word = WideItem::word(item[i], from + i * kWideFilterThreads);
      std::uint32_t bucket = 0, last = buckets - 1;  // the first whose splitter is not above the word
      while (bucket < last) {
        const std::uint32_t middle = (bucket + last) / 2;
        if (splitters[middle] > word) {
          bucket = middle + 1;
        } else {
          last = middle;
        }
      }
      if (pass == WidePass::count) {
        atomicAdd(to.counts + bucket, 1U);
      } else {
        const std::uint32_t place = begins[bucket] + atomicAdd(to.taken + bucket, 1U);
        if (place < a.shape.capacity) to.words[place] = word;
      }
    }
  }
}

}  // namespace topkit::cuda
