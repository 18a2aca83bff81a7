// Grid: one or a few very long rows over the whole device.
//
// Regime: rows of half a million columns and more, fewer of them than multiprocessors, k up to 2048.
// Passes over memory: one, and of longer rows the sample. Launches: two; the second waits by programmatic dependent launch.
// Limit: bandwidth; below 16 MB the two launches.
// Ideas: k up to 256 of rows that fit the registers of many clusters: each lists what may be among its part's k best
// (grid_parts.cuh), one block a row finds the best of all (grid_join.cuh). Else every cluster of the stream kernel samples the
// whole row, so all have the same threshold; what their parts of the row have above it is a few times k in all, which one block
// puts into order.
#include "by_element.hpp"
#include "grid_join.cuh"
#include "grid_merge.cuh"
#include "grid_parts.cuh"
#include "grid_shape.hpp"
#include "stream_run.cuh"

namespace topkit::cuda {
namespace {

constexpr int kMergeThreads = 1024;

struct SharesState : MergeState {
  BinState bins;
  std::uint32_t counts[kMostGridShares];  // of what may win
  std::uint32_t all, wanted;              // candidates in all, and in counts
  Candidate low;                          // at least k reach it
};

// One block a row.
template <class E>
__global__ void __launch_bounds__(kMergeThreads)
    grid_merge(const __grid_constant__ Args args, const E element, const __grid_constant__ StreamShape shape) {
  SharesState& state = shared<SharesState>();
  Candidate* const list = dynamic_shared<Candidate>();
  const std::int64_t row_index = blockIdx.x;
  const Args::Span span = args.span(row_index);
  const int k = static_cast<int>(span.count);
  const int shares = shape.parts * shape.blocks;
  const Candidate* const all = shape.out + row_index * shares * shape.room;
  const StreamPart* const ends = shape.ends + row_index * shares;
  if (threadIdx.x == 0) {
    state.held = 0;
    state.all = 0;
    state.wanted = 0;
    state.low = 0;
  }
  __syncthreads();
  grid_dependency_wait();
  const int share = static_cast<int>(threadIdx.x);
  const StreamPart mine = share < shares ? ends[share] : StreamPart{};
  if (mine.low != 0) atomic_max(&state.low, mine.low);
  const std::uint32_t sum = __reduce_add_sync(full_mask, mine.count);
  if (lane() == 0) atomicAdd(&state.all, sum);
  __syncthreads();
  {
    const std::uint32_t wins = mine.high >= state.low ? mine.count : 0, winners = __reduce_add_sync(full_mask, wins);
    if (share < shares) state.counts[share] = wins;
    if (lane() == 0) atomicAdd(&state.wanted, winners);
  }
  __syncthreads();
  if (k == 0) {
    const Writer<E> writer(args, element, span, row_index);
    for (int place = share; place < args.problem.k; place += kMergeThreads) writer.pad(place);
    return;
  }
  Candidate floor = 0;
  if (static_cast<int>(state.all) < k) {
    // The sample misled: once more without a threshold, by this block alone.
    const Row<E> row(args, span, row_index);
    constexpr int kElements = Row<E>::kPerVec;
    for (std::uint32_t base = 0; base < row.granules(); base += kMergeThreads) {
      const std::uint32_t g = base + threadIdx.x;
      Pack packs[E::kPacksPerVec];
      if (g < row.granules()) row.load(element, g, packs);
#pragma unroll
      for (int e = 0; e < kElements; e += kMergeEach) {
        Candidate more[kMergeEach];
#pragma unroll
        for (int i = 0; i < kMergeEach; ++i) {
          const std::uint32_t at = row.position(g, e + i);
          more[i] = g < row.granules() && at < row.count
                        ? candidate(element.key(packs[(e + i) / E::kPerPack], (e + i) % E::kPerPack), at)
                        : 0;
        }
        floor = merge_more<kMergeThreads>(more, list, k, floor, state);
      }
    }
  } else {
    if (state.low != 0) floor = state.low - 1;
    if (static_cast<int>(state.wanted) <= kMergeCapacity) {
      // Four lanes a share.
      for (int s = share / 4; s < shares; s += kMergeThreads / 4) {
        const int have = static_cast<int>(state.counts[s]);
        std::uint32_t to = 0;
        if (share % 4 == 0) to = atomicAdd(&state.held, static_cast<unsigned>(have));
        to = __shfl_sync(0xfU << (lane() & ~3U), to, static_cast<int>(lane() & ~3U));
#pragma unroll 4
        for (int i = share % 4; i < have; i += 4) list[to + i] = load_once(all + s * shape.room + i);
      }
      __syncthreads();
    } else {
      merge_lists<kMergeThreads>(all, shape.room, state.counts, shares, list, k, floor, state);
    }
  }
  sort_list<kMergeThreads>(list, static_cast<int>(state.held), k, args.problem.order, list + kMergeCapacity, state.cut,
                           state.bins);
  const Writer<E> writer(args, element, span, row_index);
#pragma unroll 1
  for (int place = share; place < args.problem.k; place += kMergeThreads) {
    if (place < k) {
      writer.write(place, list[place]);
    } else {
      writer.pad(place);
    }
  }
}

template <int kVecs, class E>
void launch_parts(const GridPartsArgs<E>& all, unsigned blocks, Stream stream) {
  launch(grid_parts_kernel<E, kVecs>, cluster_launch("topk_grid", all.shape, blocks, stream), all);
}

// Rows in the registers of plan.row_parts clusters each.
void run_parts(const Plan& plan, const Args& args, void* workspace, Stream stream) {
  const Problem& p = args.problem;
  const auto k = static_cast<int>(p.k);
  const std::int64_t granules = cluster_granules(p) + (rows_are_aligned(args) ? 0 : 1);
  const auto parts =
      static_cast<int>(std::max<std::int64_t>(plan.row_parts, grid_parts_of(granules, plan.items_per_thread)));
  const auto blocks = static_cast<std::uint32_t>(parts << kLogGridCluster);
  const ClusterShape shape{.log_blocks = kLogGridCluster,
                           .log_group = cluster_log_group(k, kLogGridCluster),
                           .capacity = kClusterMostK,
                           .first_row = 0};
  GridLists lists{static_cast<Candidate*>(workspace), nullptr, blocks};
  lists.counts = reinterpret_cast<std::uint32_t*>(lists.lists + p.rows * blocks * kClusterMostK);
  with_element(p, [&]<class E>(const E& element) {
    constexpr int kMost = cluster_most_vecs(sizeof(typename E::Raw), is_fast_element<E>);
    const GridPartsArgs<E> all{args,
                               element,
                               shape,
                               lists,
                               static_cast<std::uint32_t>(((1ULL << 32) + blocks - 1) / blocks),
                               static_cast<std::uint32_t>(grid_share(granules, parts))};
    const auto grid = static_cast<unsigned>(p.rows * blocks);
    if (is_fast_element<E> && plan.items_per_thread <= 4) {
      if constexpr (is_fast_element<E>) launch_parts<4>(all, grid, stream);
    } else if (is_fast_element<E> && plan.items_per_thread <= 8) {
      if constexpr (is_fast_element<E>) launch_parts<8>(all, grid, stream);
    } else if constexpr (!is_fast_element<E> || kMost > 8) {
      launch_parts<kMost>(all, grid, stream);
    }
    launch(grid_join<E>,
           LaunchShape{.kernel = "grid_join",
                       .grid = static_cast<unsigned>(p.rows),
                       .block = kJoinThreads,
                       .shared_bytes = kJoinRoom * sizeof(Candidate),
                       .stream = stream,
                       .pdl = true},
           args, element, lists, join_shape(k, blocks, shape));
  });
}

}  // namespace

void run_grid(const Plan& plan, const Args& args, void* workspace, Stream stream) {
  if (plan.items_per_thread > 0) return run_parts(plan, args, workspace, stream);
  StreamShape shape = stream_shape(plan, args.problem);
  const auto k = static_cast<int>(args.problem.k);
  shape.room = grid_room(args.problem.k);
  shape.out = static_cast<Candidate*>(workspace);
  const std::int64_t shares = args.problem.rows * shape.parts * shape.blocks;
  shape.ends = reinterpret_cast<StreamPart*>(shape.out + shares * shape.room);
  launch_stream("topk_grid", shape, args, stream);
  with_element(args.problem, [&]<class E>(const E& element) {
    launch(grid_merge<E>,
           LaunchShape{.kernel = "grid_merge",
                       .grid = static_cast<unsigned>(args.problem.rows),
                       .block = kMergeThreads,
                       .shared_bytes = (kMergeCapacity + k + kFullBin) * sizeof(Candidate),
                       .stream = stream,
                       .pdl = true},
           args, element, shape);
  });
}

}  // namespace topkit::cuda
