// Grid: one or a few very long rows over the whole device.
//
// Regime: rows of a million columns and more, fewer of them than multiprocessors, k up to 2048.
// Passes over memory: one, and the sample. Launches: two; the second waits by programmatic dependent launch.
// Limit: bandwidth; below 16 MB the two launches.
// Ideas: each part of the row is a row of the stream kernel; the union of the parts' k best holds the row's.
#include "by_element.hpp"
#include "stream_run.cuh"

namespace topkit::cuda {
namespace {

constexpr int kMergeThreads = 1024;
constexpr int kMergeCapacity = 8192;

struct MergeState {
  CompactState compact;
  std::uint32_t held;
};

// One block a row: the best k of `count` candidates a row, 0 where there is none.
template <class E>
__global__ void __launch_bounds__(kMergeThreads)
    grid_merge(const __grid_constant__ Args args, const E element, const Candidate* all, int count) {
  MergeState& state = shared<MergeState>();
  Candidate* const list = dynamic_shared<Candidate>();
  const std::int64_t row = blockIdx.x;
  const Args::Span span = args.span(row);
  const int k = static_cast<int>(span.count);
  const Candidate* const mine = all + row * count;
  if (threadIdx.x == 0) state.held = 0;
  __syncthreads();
  grid_dependency_wait();
  Candidate floor = 0;
  for (int base = 0; base < count; base += kMergeThreads) {
    const int at = base + static_cast<int>(threadIdx.x);
    const Candidate c = at < count ? load_once(mine + at) : 0;
    if (c > floor) list[atomicAdd(&state.held, 1U)] = c;
    __syncthreads();
    const int held = static_cast<int>(state.held);
    __syncthreads();
    if (held > kMergeCapacity - kMergeThreads) {
      Candidate lowest = 0;
      const int kept =
          compact<kMergeThreads, kMergeCapacity / kMergeThreads>(list, held, k, k + k / 8, state.compact, &lowest);
      if (threadIdx.x == 0) state.held = kept;
      floor = lowest - 1;
      __syncthreads();
    }
  }
  int held = static_cast<int>(state.held);
  if (held > k + k / 8 + 8) {
    Candidate lowest = 0;
    held = compact<kMergeThreads, kMergeCapacity / kMergeThreads>(list, held, k, k + k / 8 + 8, state.compact, &lowest);
  }
  const Writer<E> writer(args, element, span, row);
  finish<kMergeThreads>(list, held, k, args.problem.order, [&](int place, Candidate c) { writer.write(place, c); });
  for (int place = k + static_cast<int>(threadIdx.x); place < args.problem.k; place += kMergeThreads) writer.pad(place);
}

}  // namespace

void run_grid(const Plan& plan, const Args& args, void* workspace, Stream stream) {
  StreamShape shape = stream_shape(plan, args.problem);
  shape.parts = plan.row_parts;
  shape.out = static_cast<Candidate*>(workspace);
  launch_stream("topk_grid", shape, plan.block_threads, args, stream);
  with_element(args.problem, [&]<class E>(const E& element) {
    launch(grid_merge<E>,
           LaunchShape{.kernel = "grid_merge",
                       .grid = static_cast<unsigned>(args.problem.rows),
                       .block = kMergeThreads,
                       .shared_bytes = kMergeCapacity * sizeof(Candidate),
                       .stream = stream,
                       .pdl = true},
           args, element, static_cast<const Candidate*>(shape.out), static_cast<int>(plan.row_parts * args.problem.k));
  });
}

}  // namespace topkit::cuda
