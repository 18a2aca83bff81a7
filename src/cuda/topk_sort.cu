// Sort: short rows of which many win.
//
// Regime: rows of up to 8192 columns (4096 of 64-bit types), any k: the row is put into order.
// Passes over memory: one.
// Limit: instructions, those of a network over all columns: half of the squared logarithm of their number, for each of them.
// Ideas: sort_network.cuh, sort_row.cuh.
#include "../dtype.hpp"
#include "../key.hpp"
#include "kernels.hpp"
#include "launch.hpp"
#include "places.cuh"
#include "sort_row.cuh"

namespace topkit::cuda {
namespace {

template <class U>
inline constexpr int kMostThreads = static_cast<int>((sizeof(U) <= 4 ? kMostSortCols : kMostWideSortCols) / kSortItems);

struct SortShared {
  std::uint32_t warp_winners[kMostThreads<std::uint8_t> / kWarp];
};

// Winners by their place in the row: those that are not behind the last one, neighbouring columns a thread.
template <class U, bool kWarps>
__device__ void write_by_index(const SortRow<U, kWarps>& row, unsigned thread, unsigned threads, unsigned length,
                               unsigned k, const Places<U>& places, std::int64_t begin) {
  const unsigned first = thread * kSortItems, end = k > 0 ? ::min(first + kSortItems, length) : 0;
  const std::uint32_t last = k > 0 ? row.column(k - 1) : 0;
  const U last_key = k > 0 ? row.key(last) : 0;
  const auto wins = [&](unsigned column) {
    const U key = row.key(column);
    return key > last_key || (key == last_key && column <= last);
  };
  unsigned mine = 0;
#pragma unroll 1
  for (unsigned i = first; i < end; ++i) mine += wins(i) ? 1 : 0;
  unsigned before = mine;
#pragma unroll 1
  for (unsigned d = 1; d < ::min(threads, static_cast<unsigned>(kWarp)); d *= 2) {
    const unsigned other = __shfl_up_sync(full_mask, before, static_cast<int>(d));
    if (thread % kWarp >= d) before += other;
  }
  if (threads > kWarp) {
    auto& totals = shared<SortShared>().warp_winners;
    if (lane() == kWarp - 1) totals[warp()] = before;
    __syncthreads();
    for (unsigned w = warp() - thread / kWarp; w < warp(); ++w) before += totals[w];
  }
  before -= mine;
#pragma unroll 1
  for (unsigned i = first; mine > 0 && i < end; ++i)
    if (wins(i)) places.write(before++, begin + i, row.raw(i));
}

// That share a multiprocessor: 64 registers a thread, or what sm_80 and 64 bits need.
template <class U, bool kWarps>
inline constexpr int kLeastBlocks = !kWarps                         ? 6
                                    : sizeof(U) == 8                ? 3
                                    : sizeof(U) == 4 && kArch < 900 ? 1
                                                                    : 2;

template <class U, bool kWarps>
__global__ void __launch_bounds__(kWarps ? kMostThreads<U> : kSortBlockThreads, kLeastBlocks<U, kWarps>)
    sort_kernel(const __grid_constant__ Args args, const KeyMap<U> map, const SortShape shape) {
  using Row = SortRow<U, kWarps>;
  grid_dependency_wait();
  const Problem& p = args.problem;
  const auto threads = static_cast<unsigned>(shape.room.threads);
  const unsigned mine = threadIdx.x / threads, thread = threadIdx.x % threads;
  // Rows behind the last one are empty: their threads are needed at the barriers.
  const std::int64_t r = static_cast<std::int64_t>(blockIdx.x) * shape.rows + mine;
  const bool there = r < p.rows;
  const auto spanned = [&] { return there ? args.span(r) : Args::Span{0, 0, 0}; };
  unsigned length = 0;
  U raw[kSortItems];
  {
    const Args::Span span = spanned();
    length = static_cast<unsigned>(span.end - span.begin);
    const std::int64_t step = p.layout.col_stride;
    const unsigned first = Row::first(thread), apart = Row::step(threads);
    const U* x = static_cast<const U*>(args.x) + (there ? p.layout.row(r) : 0) + (span.begin + first) * step;
#pragma unroll
    for (unsigned i = 0; i < kSortItems; ++i) {
      raw[i] = first + i * apart < length ? *x : U{0};
      x += apart * step;
    }
  }
  grid_launch_dependents();
  const Row row(dynamic_shared<char>() + mine * shape.room.bytes, shape.room, map, thread, length);
  row.sort(raw, static_cast<unsigned>(::min(p.k, p.cols)));

  const Args::Span span = spanned();  // again, rather than kept in registers
  const auto k = static_cast<unsigned>(span.count);
  const Places<U> places(args, there ? r : 0);
  if (there)
    for (std::int64_t i = k + thread; i < p.k; i += threads) places.pad(i);
  if (p.order == Order::index) return write_by_index(row, thread, threads, length, k, places, span.begin);
#pragma unroll 1
  for (unsigned i = thread; i < k; i += threads) {
    const std::uint32_t column = row.column(i);
    places.write(i, span.begin + column, row.raw(column));
  }
}

template <class U>
void run_width(const Args& args, Stream stream) {
  const Problem& p = args.problem;
  const SortShape shape = sort_shape(p);
  launch(shape.room.threads >= static_cast<int>(kWarp) ? sort_kernel<U, true> : sort_kernel<U, false>,
         {.kernel = "sort",
          .grid = static_cast<unsigned>((p.rows + shape.rows - 1) / shape.rows),
          .block = static_cast<unsigned>(shape.room.threads * shape.rows),
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
