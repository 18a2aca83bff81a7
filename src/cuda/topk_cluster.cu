// Cluster: one row in the registers of a cluster of blocks, sm_90 and newer.
//
// Regime: up to some dozens of rows of 8k to 256k columns, k <= 256: token selection of one step of a language model.
// Passes over memory: one.
// Limit: latency. Of 3.5 us (H100, 1 x 50304) the launch is 0.9, the load 0.6 and the two hops between blocks 0.6.
// Ideas: cluster.cuh; bounds from group maxima, Dr. Top-k (SC 21); resident rows in clusters, TensorRT-LLM's GVR V2.
#include <algorithm>

#include "by_element.hpp"
#include "cluster.cuh"
#include "cluster_shape.hpp"
#include "kernels.hpp"
#include "launch.hpp"

namespace topkit::cuda {
namespace {

template <int kVecs, class E>
void launch_cluster(const ClusterShape& whole, const Args& args, const E& element, Stream stream) {
  constexpr std::int64_t kMostBlocks = 1 << 30;
  const std::int64_t most_rows = kMostBlocks >> whole.log_blocks;
  for (std::int64_t row = 0; row < args.problem.rows; row += most_rows) {
    const std::int64_t rows = std::min(most_rows, args.problem.rows - row);
    ClusterArgs<E> all{args, element, whole};
    all.shape.first_row = row;
    launch(cluster_kernel<E, kVecs>,
           LaunchShape{.kernel = "topk_cluster",
                       .grid = static_cast<unsigned>(rows << whole.log_blocks),
                       .block = kClusterThreads,
                       .cluster = 1U << whole.log_blocks,
                       .shared_bytes = cluster_shared_bytes(whole),
                       .stream = stream,
                       .pdl = true},
           all);
  }
}

}  // namespace

void run_cluster(const Plan& plan, const Args& args, void*, Stream stream) {
  const Problem& p = args.problem;
  ClusterShape shape{};
  while (1 << shape.log_blocks < plan.cluster_blocks) ++shape.log_blocks;
  // The plan does not know where rows begin; one that is not aligned, or begins where the device says, may need more room.
  const std::int64_t stride_bytes = p.layout.outer_stride * bytes(p.dtype);
  const bool aligned = reinterpret_cast<std::uintptr_t>(args.x) % kGranule == 0 && args.starts.data == nullptr &&
                       (p.rows <= 1 || stride_bytes % kGranule == 0);
  const std::int64_t granules = cluster_granules(p) + (aligned ? 0 : 1);
  while (shape.log_blocks < kLogMaxCluster && cluster_vecs(granules, shape.log_blocks) > cluster_most_vecs(p))
    ++shape.log_blocks;
  const auto vecs = static_cast<int>(cluster_vecs(granules, shape.log_blocks));

  const auto k = static_cast<int>(std::min<std::int64_t>(p.k, kClusterMostK));
  shape.capacity = kClusterMostK;
  // Twice as many groups as winners: a tight bound that is quickly searched.
  const int wanted = k <= 16 ? 64 : std::max(kCountedGroups, 2 * k);
  shape.log_group = kLogWarp;
  while (shape.log_group > 0 && 1 << (shape.log_blocks + kLogClusterThreads - shape.log_group) < wanted)
    --shape.log_group;
  with_element(p, [&]<class E>(const E& element) {
    constexpr int kMost = cluster_most_vecs(sizeof(typename E::Raw), is_fast_element<E>);
    if constexpr (is_fast_element<E>) {
      if (vecs <= 2) return launch_cluster<2>(shape, args, element, stream);
      if (vecs <= 4) return launch_cluster<4>(shape, args, element, stream);
      if constexpr (kMost > 8)
        if (vecs <= 8) return launch_cluster<8>(shape, args, element, stream);
    }
    launch_cluster<kMost>(shape, args, element, stream);
  });
}

}  // namespace topkit::cuda
