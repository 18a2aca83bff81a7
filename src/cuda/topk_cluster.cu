// Cluster: one row in the registers of a cluster of blocks, sm_90 and newer.
//
// Regime: rows of 8k to 256k columns, k <= 256: token selection of one step of a language model. Of f32 hundreds of rows too, where a part
// of each share lies in shared memory and two blocks fill a multiprocessor.
// Passes over memory: one.
// Limit: latency. Of 2.9 us (H100, 1 x 50304) a block has 4900 clocks: 1250 for the load, 1050 for two hops between blocks, 600 for the
// bound, 740 for the filter, 1050 for places and writing.
// Ideas: cluster.cuh, cluster_kernel.cuh; bounds from group maxima, Dr. Top-k (SC 21); resident rows in clusters, TensorRT-LLM's GVR V2.
#include <algorithm>

#include "by_element.hpp"
#include "cluster_kernel.cuh"
#include "cluster_one.cuh"
#include "cluster_shape.hpp"
#include "kernels.hpp"
#include "launch.hpp"

namespace topkit::cuda {
namespace {

constexpr std::int64_t kMostBlocks = 1 << 30;

// Calls start(first_row, grid) for as many rows as one launch has blocks for.
template <class F>
void for_launches(std::int64_t rows, unsigned blocks, F start) {
  const std::int64_t most = kMostBlocks / blocks;
  for (std::int64_t row = 0; row < rows; row += most)
    start(row, static_cast<unsigned>(std::min(most, rows - row) * blocks));
}

template <class E>
void launch_one(int log_blocks, const Args& args, const E& element, Stream stream) {
  for_launches(args.problem.rows, 1U << log_blocks, [&](std::int64_t row, unsigned grid) {
    launch(cluster_one_kernel<E>,
           {.kernel = "topk_cluster_one",
            .grid = grid,
            .block = kClusterThreads,
            .cluster = 1U << log_blocks,
            .stream = stream,
            .pdl = true},
           ClusterOneArgs<E>{args, element, log_blocks, row});
  });
}

template <int kVecs, int kOddBlocks = 0, int kAside = 0, class E>
void launch_cluster(const ClusterShape& whole, const Args& args, const E& element, Stream stream) {
  for_launches(args.problem.rows, whole.blocks(), [&](std::int64_t row, unsigned grid) {
    ClusterArgs<E> all{args, element, whole};
    all.shape.first_row = row;
    LaunchShape shape = cluster_launch("topk_cluster", whole, grid, stream);
    shape.shared_bytes += cluster_aside_bytes(kAside);
    launch(cluster_kernel<E, kVecs, kOddBlocks, kAside>, shape, all);
  });
}

}  // namespace

void run_cluster(const Plan& plan, const Args& args, void*, Stream stream) {
  const Problem& p = args.problem;
  if (p.k == 1) {
    int log_blocks = 0;
    while (1 << log_blocks < plan.cluster_blocks) ++log_blocks;
    return with_element(p, [&](const auto& element) { launch_one(log_blocks, args, element, stream); });
  }
  const auto [shape, vecs] = fit_cluster(plan, args);
  with_element(p, [&, &shape = shape, vecs = vecs]<class E>(const E& element) {
    constexpr int kMost = cluster_most_vecs(sizeof(typename E::Raw), is_fast_element<E>);
    if constexpr (is_fast_element<E>) {
      if constexpr (std::is_same_v<E, F32>) {
        if (cluster_keeps_aside(p, static_cast<int>(shape.blocks()), vecs)) {
          if (shape.spare != 0) return launch_cluster<kHeldVecs, kOddCluster, kAsideVecs>(shape, args, element, stream);
          return launch_cluster<kHeldVecs, 0, kAsideVecs>(shape, args, element, stream);
        }
      }
      if (shape.spare != 0)
        return launch_cluster<std::min(kMost, kOddHeldVecs), kOddCluster>(shape, args, element, stream);
      if (vecs <= 2) return launch_cluster<2>(shape, args, element, stream);
      if (vecs <= 4) return launch_cluster<4>(shape, args, element, stream);
      if constexpr (kMost > 8)
        if (vecs <= 8) return launch_cluster<8>(shape, args, element, stream);
    }
    launch_cluster<kMost>(shape, args, element, stream);
  });
}

}  // namespace topkit::cuda
