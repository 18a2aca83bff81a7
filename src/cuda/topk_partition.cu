// Partition: thousands of winners and more of a row, in any order asked for, by the whole device.
//
// Regime: k above what the resident radix kernel takes, up to the row's length; one row or many; types of up to 32 bits.
// Passes over memory: one, and the sample (rows of tens of millions: two); winners are written and read once in between.
// Launches: three, each waiting for the one before by programmatic dependent launch: partition_sample.cuh,
// partition_spread.cuh, partition_sort.cuh; two more for order index (partition_index.cuh). More rows than the workspace
// should hold are done in rounds.
// Buckets are of key and position together, so equal keys spread over them as others do. No data makes it wrong: what
// does not fit a bucket's block is done by it piece by piece.
// Limit: latency of the launches below about a million winners.
// Ideas: sample sort, Frazer and McKellar (1970); on GPUs Leischner, Osipov, Sanders (2010).
#include "by_element.hpp"
#include "kernels.hpp"
#include "launch.hpp"
#include "partition_index.cuh"
#include "partition_sample.cuh"
#include "partition_shape.hpp"
#include "partition_sort.cuh"
#include "partition_spread.cuh"

namespace topkit::cuda {
namespace {

template <class E>
void run_rounds(const Args& args, const E& element, const PartitionShape& shape, void* workspace, Stream stream) {
  const Problem& p = args.problem;
  constexpr std::size_t kListBytes = kMostOrdered * sizeof(Candidate);
  for (std::int64_t first = 0; first < p.rows; first += shape.rows) {
    const auto rows = static_cast<unsigned>(std::min(shape.rows, p.rows - first));
    const PartitionArgs<E> all{args, element, shape, first, static_cast<char*>(workspace)};
    LaunchShape launched{.kernel = "partition_sample",
                         .grid = rows,
                         .block = kOrderThreads,
                         .shared_bytes = kListBytes + static_cast<std::size_t>(shape.sample_vecs) * kOrderThreads * 16,
                         .stream = stream};
    launch(partition_sample<E>, launched, all);
    launched.pdl = true;
    launched.kernel = "partition_spread";
    launched.grid = rows * shape.chunks;
    launched.shared_bytes = (shape.tiles == 1 ? std::size_t{8} * kTileElements<E> : 0) +
                            std::size_t{12} * shape.buckets + kPartitionCellBytes;
    launch(partition_spread<E>, launched, all);
    launched.kernel = "partition_sort";
    launched.grid = rows * shape.buckets;
    launched.shared_bytes = kListBytes + std::size_t{8} * shape.chunks;
    launch(partition_sort<E>, launched, all);
    if (p.order != Order::index) continue;
    launched.pdl = false;
    launched.kernel = "partition_index_count";
    launched.grid = rows * shape.chunks;
    launched.shared_bytes = 0;
    launch(partition_index_count<E>, launched, all);
    launched.kernel = "partition_index";
    launch(partition_index<E>, launched, all);
  }
}

}  // namespace

void run_partition(const Plan& plan, const Args& args, void* workspace, Stream stream) {
  const PartitionShape shape = partition_shape(args.problem, plan.items_per_thread);
  with_element(args.problem, [&]<class E>(const E& element) { run_rounds(args, element, shape, workspace, stream); });
}

}  // namespace topkit::cuda
