// Grid: one or a few very long rows over the whole device.
//
// Regime: rows of a million columns and more, fewer of them than multiprocessors, k up to 2048.
// Passes over memory: one, and the sample. Launches: two; the second waits by programmatic dependent launch.
// Limit: bandwidth; below 16 MB the two launches.
// Ideas: every cluster of the stream kernel samples the whole row, so all have the same threshold; what their parts of the
// row have above it is a few times k in all, which one block puts into order.
#include "by_element.hpp"
#include "grid_shape.hpp"
#include "stream_run.cuh"

namespace topkit::cuda {
namespace {

constexpr int kMergeThreads = 1024;
constexpr int kMergeCapacity = 8192;
constexpr int kMergeEach = 4;  // candidates a thread looks at between two barriers

struct MergeState {
  CompactState cut;
  BinState bins;
  std::uint32_t counts[kMostGridShares];  // of what may win
  std::uint32_t held;
  std::uint32_t all, wanted;  // candidates in all, and in counts
  Candidate low;              // at least k reach it
};

// Appends the candidates above the floor and cuts when the next ones might not fit. All threads; ends with a barrier.
template <int kEach>
__device__ Candidate merge_more(const Candidate (&more)[kEach], Candidate* list, int k, Candidate floor,
                                MergeState& s) {
#pragma unroll
  for (int i = 0; i < kEach; ++i)
    if (more[i] > floor) list[atomicAdd(&s.held, 1U)] = more[i];
  __syncthreads();
  const int held = static_cast<int>(s.held);
  __syncthreads();
  if (held <= kMergeCapacity - kEach * kMergeThreads) return floor;
  const int kept = cut_list<kMergeThreads>(list, held, k, k + k / 8, s.cut);
  const Candidate lowest = s.cut.low;
  if (threadIdx.x == 0) s.held = static_cast<std::uint32_t>(kept);
  __syncthreads();
  return lowest - 1;
}

// One block a row.
template <class E>
__global__ void __launch_bounds__(kMergeThreads)
    grid_merge(const __grid_constant__ Args args, const E element, const __grid_constant__ StreamShape shape) {
  MergeState& state = shared<MergeState>();
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
        floor = merge_more(more, list, k, floor, state);
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
      // A warp a share, 32 candidates at a time.
      int s = static_cast<int>(warp()), at = 0;
      const auto skip = [&] {
        for (; s < shares && at >= static_cast<int>(state.counts[s]); s += kMergeThreads / kWarp) at = 0;
        return s >= shares;
      };
      do {
        Candidate more[kMergeEach];
#pragma unroll
        for (int i = 0; i < kMergeEach; ++i) {
          const bool there = !skip() && at + static_cast<int>(lane()) < static_cast<int>(state.counts[s]);
          more[i] = there ? load_once(all + s * shape.room + at + static_cast<int>(lane())) : 0;
          at += kWarp;
        }
        floor = merge_more(more, list, k, floor, state);
      } while (__syncthreads_and(skip() ? 1 : 0) == 0);
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

}  // namespace

void run_grid(const Plan& plan, const Args& args, void* workspace, Stream stream) {
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
