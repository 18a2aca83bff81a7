// Cluster: one row in the registers of a cluster of blocks, sm_90 and newer.
//
// Regime: up to some dozens of rows of 8k to 256k columns, k <= 256: token selection of one step of a language model.
// Passes over memory: one.
// Limit: latency. Of 3.5 us (H100, 1 x 50304) the launch is 0.9, the load 0.6 and the two hops between blocks 0.6.
// Ideas: cluster.cuh, cluster_kernel.cuh; bounds from group maxima, Dr. Top-k (SC 21); resident rows in clusters, TensorRT-LLM's GVR V2.
#include <algorithm>

#include "by_element.hpp"
#include "cluster_kernel.cuh"
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
           cluster_launch("topk_cluster", whole, static_cast<unsigned>(rows << whole.log_blocks), stream), all);
  }
}

}  // namespace

void run_cluster(const Plan& plan, const Args& args, void*, Stream stream) {
  const Problem& p = args.problem;
  const auto [shape, vecs] = fit_cluster(plan, args);
  with_element(p, [&, &shape = shape, vecs = vecs]<class E>(const E& element) {
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
