// Wide: types of 64 bits, rows of any length, by the whole device.
//
// Regime: rows that sort does not take, any k; by ascending index up to k = 4096.
// Passes over memory: one, and the sample; two for more winners than a block orders at once. Elements whose key does not tell their
// bits (zero, NaN) again, from the cache.
// Launches: three, each waiting for the one before by programmatic dependent launch: wide_sample.cuh, wide_filter.cuh,
// wide_finish.cuh; the second twice for k in the thousands. More rows than the workspace should hold are done in rounds.
// Words are of key and column together, so equal keys spread as others do and no digit of the key matters. No data makes it wrong: what
// does not fit is done piece by piece.
// Limit: latency of the launches, and of networks over words in one block a row, below a million columns.
// Ideas: sample sort, Frazer and McKellar (1970).
#include "kernels.hpp"
#include "launch.hpp"
#include "wide_filter.cuh"
#include "wide_finish.cuh"
#include "wide_sample.cuh"

namespace topkit::cuda {

void run_wide(const Plan&, const Args& args, void* workspace, Stream stream) {
  const Problem& p = args.problem;
  const WideShape shape = wide_shape(p);
  // A block's threads may be several groups of fewer, whose rooms take no more than half a kilobyte beside that.
  const std::size_t room_bytes = sort_room(shape.threads, sizeof(WideWord)).bytes + 512;
  for (std::int64_t first = 0; first < p.rows; first += shape.rows) {
    const auto rows = static_cast<unsigned>(std::min(shape.rows, p.rows - first));
    const WideArgs all{args, key_map<std::uint64_t>(info(p.dtype), p.largest, p.nan), shape, first,
                       static_cast<char*>(workspace)};
    const LaunchShape ordering{.kernel = "wide_sample",
                               .grid = rows,
                               .block = static_cast<unsigned>(shape.threads),
                               .shared_bytes = room_bytes,
                               .stream = stream,
                               .pdl = true};
    launch(wide_sample, ordering, all);
    LaunchShape filter{.kernel = "wide_filter",
                       .grid = rows * shape.chunks,
                       .block = kWideFilterThreads,
                       .stream = stream,
                       .pdl = true};
    if (shape.buckets == 1) {
      launch(wide_filter, filter, all, WidePass::list);
    } else {
      filter.shared_bytes = (sizeof(WideWord) + sizeof(std::uint32_t)) * shape.buckets;
      launch(wide_filter, filter, all, WidePass::count);
      launch(wide_filter, filter, all, WidePass::spread);
    }
    LaunchShape finish = ordering;
    finish.kernel = "wide_finish";
    finish.grid = rows * shape.buckets;
    launch(wide_finish, finish, all);
  }
}

}  // namespace topkit::cuda
