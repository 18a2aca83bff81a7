// Merging sorted lists: the k best of every row over all its parts.
//
// Regime: any. Of few rows several blocks share each.
// Passes over memory: little more than the winners, once: a bound from one candidate of each part (merge_bound.cuh) tells how much of
// each part can win. Where parts differ so much that it tells little, ranks of some candidates do.
// Launches: one; by ascending id two.
// How: what is left is merged in the shared memory of a block, two lists at a time (merge_staged.cuh). Where it is too much for that,
// every candidate finds its rank by binary searches in the other parts (merge_rank.cuh). By ascending id, winners by rank are a list
// in the workspace, and each then counts those of lower id.
// Limit: few rows: latency, of four chains of loads and a round of merging for each doubling of the parts; many: instructions.
// Ideas: the bound, as in Dr. Top-k (SC'21), from one candidate of each group; merge path (Odeh et al., 2012); merging by ranks
// (Valiant, 1975).
#include <algorithm>
#include <limits>

#include "../dtype.hpp"
#include "kernels.hpp"
#include "launch.hpp"
#include "merge_bound.cuh"
#include "merge_rank.cuh"
#include "merge_row.cuh"
#include "merge_staged.cuh"
#include "merge_table.cuh"

namespace topkit::cuda {
namespace {

template <class U>
struct MergeState {
  MergeBound<U> bound;
  std::uint32_t sums[2][kWarp];
};

// Ranks a candidate in every so many and takes those that do not win, with all behind them, out of the table. All threads, behind a
// barrier; ends with one.
template <class U>
__device__ MergeTotals without_losers(const MergeRow<U>& row, const MergeTable& table, MergeTotals totals,
                                      MergeState<U>& s) {
  const std::uint32_t step = (totals.candidates + blockDim.x - 1) / blockDim.x;
  const std::uint32_t i = (threadIdx.x + 1) * step - 1;
  if (i < totals.candidates) {
    const MergePlace at = table.at(i, totals.parts);
    const MergeCandidate<U> mine = row.candidate(table.part[at.entry], at.place);
    if (rank_of(row, table, totals.parts, at, mine) >= row.all.args.k) atomicMin(&table.count[at.entry], at.place);
  }
  __syncthreads();
  return table.number(totals.parts, s.sums);
}

// The winners of a row whose candidates are staged. All threads, behind a barrier.
template <class U>
__device__ void take_staged(const MergeRow<U>& row, const MergeTable& table, MergeTotals totals,
                            StagedLists<U>& lists) {
  const auto k = static_cast<std::uint32_t>(row.all.args.k);
  lists.stage(row, table, totals);
  lists.merge(table, totals, k);
  for (std::uint32_t rank = threadIdx.x; rank < k; rank += blockDim.x) {
    if (rank >= totals.candidates) {
      row.pad(rank);
      continue;
    }
    const U key = lists.key(rank);
    if (row.all.winners == nullptr && !row.all.map.lossy(key)) {
      store_value(row.all.args, row.row, rank, row.all.map.raw(key));
      store_id(row.all.args, row.row, rank, lists.id(rank));
      continue;
    }
    const MergePlace at = table.at(lists.name(rank), totals.parts);
    row.take(rank, table.part[at.entry], at.place);
  }
}

// The same of any row, of which other blocks may have a share. All threads, behind a barrier.
template <class U>
__device__ void take_by_rank(const MergeRow<U>& row, const MergeTable& table, MergeTotals totals) {
  const auto k = static_cast<std::uint32_t>(row.all.args.k);
  const std::uint32_t log_blocks = static_cast<std::uint32_t>(row.all.shape.log_blocks);
  const std::uint32_t stride = blockDim.x << log_blocks;
  const std::uint32_t from = (blockIdx.x & ((1U << log_blocks) - 1)) * blockDim.x + threadIdx.x;
  for (std::uint32_t i = from; i < totals.candidates; i += stride) {
    const MergePlace at = table.at(i, totals.parts);
    const std::uint32_t part = table.part[at.entry];
    const std::uint32_t rank = rank_of(row, table, totals.parts, at, row.candidate(part, at.place));
    if (rank < k) row.take(rank, part, at.place);
  }
  for (std::uint32_t rank = totals.candidates + from; rank < k; rank += stride) row.pad(rank);
}

template <class U>
__global__ void __launch_bounds__(kMostMergeThreads, 1) merge_parts(const __grid_constant__ MergeLaunch<U> all) {
  MergeState<U>& s = shared<MergeState<U>>();
  const MergeShape& shape = all.shape;
  const auto parts = static_cast<std::uint32_t>(all.args.parts);
  char* const memory = dynamic_shared<char>();
  const MergeTable table(shape.tabulated ? reinterpret_cast<std::uint32_t*>(memory)
                                         : all.tables + blockIdx.x * merge_table_words(all.args.parts),
                         parts);
  char* const room = memory + shape.staged_at;

  grid_dependency_wait();
  for (std::int64_t r = blockIdx.x >> shape.log_blocks; r < all.args.rows; r += gridDim.x >> shape.log_blocks) {
    const MergeRow<U> row{all, r};
    find_bound(row, reinterpret_cast<MergeCandidate<U>*>(room), s.bound);
    count_reaching(row, s.bound, table);
    MergeTotals totals = table.number(parts, s.sums);
    for (std::uint32_t before = ~0U; totals.candidates > shape.most && totals.candidates < before - before / 4;) {
      before = totals.candidates;
      totals = without_losers(row, table, totals, s);
    }
    if (totals.candidates <= shape.staged) {
      StagedLists<U> lists(room, shape.staged);
      take_staged(row, table, totals, lists);
    } else {
      take_by_rank(row, table, totals);
    }
    __syncthreads();
  }
}

constexpr int kByIdThreads = 256;

struct ByIdState {
  std::int64_t ids[kByIdThreads];
  std::uint32_t candidates[kByIdThreads];
};

__device__ void store_raw(const MergeArgs& args, std::int64_t row, std::uint32_t to, int size, std::uint64_t raw) {
  if (size == 1) return store_value(args, row, to, static_cast<std::uint8_t>(raw));
  if (size == 2) return store_value(args, row, to, static_cast<std::uint16_t>(raw));
  if (size == 4) return store_value(args, row, to, static_cast<std::uint32_t>(raw));
  store_value(args, row, to, raw);
}

__device__ std::uint64_t load_raw(const MergeArgs& args, std::int64_t row, std::uint32_t part, std::uint32_t place,
                                  int size) {
  const MergeArgs::Cube& values = args.values;
  const std::int64_t at = row * values.row_stride + part * values.part_stride + place * values.col_stride;
  if (size == 1) return reinterpret_cast<const std::uint8_t*>(values.data)[at];
  if (size == 2) return reinterpret_cast<const std::uint16_t*>(values.data)[at];
  if (size == 4) return reinterpret_cast<const std::uint32_t*>(values.data)[at];
  return reinterpret_cast<const std::uint64_t*>(values.data)[at];
}

// Each winner to the place of its id among the winners' ids; equal ones by part and place. What is no candidate is an empty place.
__global__ void __launch_bounds__(kByIdThreads)
    merge_by_id(const __grid_constant__ MergeArgs args, const std::uint32_t* winners, int size) {
  ByIdState& s = shared<ByIdState>();
  const auto k = static_cast<std::uint32_t>(args.k), width = static_cast<std::uint32_t>(args.width);
  const std::uint32_t candidates = static_cast<std::uint32_t>(args.parts) * width;
  const std::int64_t tiles = (args.k + kByIdThreads - 1) / kByIdThreads;
  const auto id_of = [&](std::int64_t row, std::uint32_t i) { return load_id(args, row, i / width, i % width); };
  grid_dependency_wait();
  for (std::int64_t tile = blockIdx.x; tile < args.rows * tiles; tile += gridDim.x) {
    const std::int64_t row = tile / tiles;
    const std::uint32_t* const all = winners + row * args.k;
    const std::uint32_t rank = static_cast<std::uint32_t>(tile % tiles) * kByIdThreads + threadIdx.x;
    const std::uint32_t mine = rank < k ? all[rank] : kNoCandidate;
    const std::int64_t id = mine < candidates ? id_of(row, mine) : 0;
    std::uint32_t to = 0;
    for (std::uint32_t base = 0; base < k; base += kByIdThreads) {
      const std::uint32_t i = base + threadIdx.x, other = i < k ? all[i] : kNoCandidate;
      const bool there = other < candidates;
      s.candidates[threadIdx.x] = there ? other : kNoCandidate;
      s.ids[threadIdx.x] = there ? id_of(row, other) : std::numeric_limits<std::int64_t>::max();
      __syncthreads();
      for (int j = 0; j < kByIdThreads; ++j) to += s.ids[j] < id || (s.ids[j] == id && s.candidates[j] < mine) ? 1 : 0;
      __syncthreads();
    }
    if (mine < candidates) {
      if (args.out_values.data != nullptr)
        store_raw(args, row, to, size, load_raw(args, row, mine / width, mine % width, size));
      store_id(args, row, to, id);
    } else if (rank < k) {
      store_raw(args, row, rank, size, args.fill);
      store_id(args, row, rank, -1);
    }
  }
}

template <class U>
void run_width(const MergeShape& shape, const MergeArgs& args, void* workspace, Stream stream) {
  auto* const words = static_cast<std::byte*>(workspace);
  const bool by_id = args.order == Order::index;
  launch(merge_parts<U>,
         LaunchShape{.kernel = "merge_parts",
                     .grid = shape.grid,
                     .block = static_cast<unsigned>(shape.threads),
                     .shared_bytes = shape.shared_bytes,
                     .stream = stream,
                     .pdl = true},
         MergeLaunch<U>{args, shape, key_map<U>(info(args.dtype), args.largest, args.nan),
                        by_id ? reinterpret_cast<std::uint32_t*>(words) : nullptr,
                        shape.tabulated ? nullptr : reinterpret_cast<std::uint32_t*>(words + shape.tables_at)});
}

}  // namespace

void run_merge(const MergeShape& shape, const MergeArgs& args, void* workspace, Stream stream) {
  const int size = bytes(args.dtype);
  switch (size) {
    case 1: run_width<std::uint8_t>(shape, args, workspace, stream); break;
    case 2: run_width<std::uint16_t>(shape, args, workspace, stream); break;
    case 4: run_width<std::uint32_t>(shape, args, workspace, stream); break;
    default: run_width<std::uint64_t>(shape, args, workspace, stream);
  }
  if (args.order != Order::index) return;
  constexpr std::int64_t kMostBlocks = 1 << 30;
  const std::int64_t tiles = args.rows * ((args.k + kByIdThreads - 1) / kByIdThreads);
  launch(merge_by_id,
         LaunchShape{.kernel = "merge_by_id",
                     .grid = static_cast<unsigned>(std::min(tiles, kMostBlocks)),
                     .block = kByIdThreads,
                     .stream = stream,
                     .pdl = true},
         args, static_cast<const std::uint32_t*>(workspace), size);
}

}  // namespace topkit::cuda
