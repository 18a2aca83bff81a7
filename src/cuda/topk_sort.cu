// Sort: short rows of which many win.
//
// Regime: rows of up to 8192 columns (4096 of 64-bit types), any k: the row is put into order, or as much of it as is wanted.
// Passes over memory: one; elements whose key does not tell their bits (zero, NaN) again, and for order index all of them, from the cache.
// Limit: instructions: the network over 256 words, then a merge for each doubling of the runs.
// Ideas: sort_merge.cuh.
#include "../dtype.hpp"
#include "../key.hpp"
#include "kernels.hpp"
#include "launch.hpp"
#include "places.cuh"
#include "sort_merge.cuh"

namespace topkit::cuda {
namespace {

template <class U>
inline constexpr int kMostThreads = static_cast<int>((sizeof(U) <= 4 ? kMostSortCols : kMostWideSortCols) / kSortItems);

struct SortShared {
  std::uint32_t warp_winners[32];
};

// Winners by their place in the row: those that are not behind the last one, eight columns a thread.
template <class U, class Word>
__device__ void write_by_index(const SortRow<Word>& row, const U* x, std::int64_t step, const KeyMap<U>& map,
                               unsigned length, Word last, const Places<U>& places, std::int64_t begin) {
  const unsigned first = row.thread * kSortItems;
  unsigned mine = 0;
#pragma unroll 1
  for (unsigned i = first; i < ::min(first + kSortItems, length); ++i)
    mine += last > SortItem<U>::word(map(x[i * step]), i) ? 0 : 1;
  unsigned before = mine;
#pragma unroll 1
  for (unsigned d = 1; d < ::min(row.threads, static_cast<unsigned>(kWarp)); d *= 2) {
    const unsigned other = __shfl_up_sync(full_mask, before, static_cast<int>(d));
    if (row.thread % kWarp >= d) before += other;
  }
  if (row.threads > kWarp) {
    auto& totals = shared<SortShared>().warp_winners;
    if (lane() == kWarp - 1) totals[warp()] = before;
    __syncthreads();
    for (unsigned w = warp() - row.thread / kWarp; w < warp(); ++w) before += totals[w];
  }
  before -= mine;
#pragma unroll 1
  for (unsigned i = first; mine > 0 && i < ::min(first + kSortItems, length); ++i) {
    const U raw = x[i * step];
    if (!(last > SortItem<U>::word(map(raw), i))) places.write(before++, begin + i, raw);
  }
}

template <class U>
__global__ void __launch_bounds__(kMostThreads<U>)
    sort_kernel(const __grid_constant__ Args args, const KeyMap<U> map, const SortShape shape) {
  using Item = SortItem<U>;
  using Word = typename Item::Word;
  grid_dependency_wait();
  const Problem& p = args.problem;
  const auto threads = static_cast<unsigned>(shape.row_threads);
  const unsigned mine = threadIdx.x / threads;
  const SortRow<Word> sorted{dynamic_shared<Word>() + mine * (shape.row_bytes / sizeof(Word)), threadIdx.x % threads,
                             threads};
  // Rows behind the last one are empty: their threads are needed at the barriers.
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * shape.rows + mine;
  const bool there = row < p.rows;
  const Args::Span span = there ? args.span(row) : Args::Span{0, 0, 0};
  const Places<U> places(args, there ? row : 0);
  const U* const x = static_cast<const U*>(args.x) + (there ? p.layout.row(row) : 0) + span.begin * p.layout.col_stride;
  const std::int64_t step = p.layout.col_stride;
  const auto length = static_cast<unsigned>(span.end - span.begin), k = static_cast<unsigned>(span.count);

  Word item[kSortItems];
#pragma unroll
  for (unsigned i = 0; i < kSortItems; ++i) {
    const unsigned column = i * threads + sorted.thread;
    item[i] = column < length ? Item::word(map(x[column * step]), column) : 0;
  }
  grid_launch_dependents();
  sort_row(sorted, item, static_cast<unsigned>(::min(p.k, p.cols)));
  if (there)
    for (std::int64_t i = k + sorted.thread; i < p.k; i += threads) places.pad(i);
  if (p.order == Order::index) {
    const Word last = k > 0 ? sorted.room[padded<Word>(k - 1)] : 0;
    write_by_index(sorted, x, step, map, k > 0 ? length : 0, last, places, span.begin);
    return;
  }
#pragma unroll 1
  for (unsigned i = sorted.thread; i < k; i += threads) {
    const Word winner = sorted.room[padded<Word>(static_cast<unsigned>(i))];
    const U key = Item::key(winner);
    const std::uint32_t column = Item::column(winner);
    places.write(i, span.begin + column, map.lossy(key) ? x[column * step] : map.raw(key));
  }
}

template <class U>
void run_width(const Args& args, Stream stream) {
  const Problem& p = args.problem;
  const SortShape shape = sort_shape(p);
  launch(sort_kernel<U>,
         {.kernel = "sort",
          .grid = static_cast<unsigned>((p.rows + shape.rows - 1) / shape.rows),
          .block = static_cast<unsigned>(shape.row_threads * shape.rows),
          .shared_bytes = shape.shared_bytes,
          .stream = stream,
          .pdl = true},
         args, key_map<U>(info(p.dtype), p.largest, p.nan), shape);
}

}  // namespace

void run_sort(const Plan&, const Args& args, void*, Stream stream) {
  switch (bytes(args.problem.dtype)) {
    case 1: return run_width<std::uint8_t>(args, stream);
    case 2: return run_width<std::uint16_t>(args, stream);
    case 4: return run_width<std::uint32_t>(args, stream);
    default: return run_width<std::uint64_t>(args, stream);
  }
}

}  // namespace topkit::cuda
