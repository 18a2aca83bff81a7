// Sampling among the k best of each of a few rows, in one launch: a row in the registers of a cluster of blocks, sm_90 and newer.
//
// Regime: as topk_cluster.cu; k <= 256 for all rows, or for each its own.
// Passes over memory: one.
// Limit: latency; what it has on top of the selection is the noise of some hundred candidates and two sums.
// Ideas: sample_cluster.cuh, cluster.cuh.
#include "sample_cluster.cuh"
#include "sample_rows.hpp"

namespace topkit::cuda {
namespace {

template <class E, int kVecs, int kOddBlocks = 0, int kAside = 0>
void launch_vecs(const ClusterShape& shape, const SampleArgs& args, Stream stream) {
  launch_in_clusters("sample_cluster", sample_cluster_kernel<E, kVecs, kOddBlocks, kAside>, shape, args, stream,
                     cluster_aside_bytes(kAside));
}

}  // namespace

void sample_in_cluster(const Plan& plan, const Args& selection, const SampleArgs& args, Stream stream) {
  ClusterFit fit = fit_cluster(plan, selection);
  // Rows may begin anywhere.
  if (fit.shape.spare != 0 && (fit.vecs > kOddHeldVecs || bytes(args.problem.dtype) != 4)) {
    Plan even = plan;
    even.cluster_blocks = kOddCluster + 1;
    fit = fit_cluster(even, selection);
  }
  with_logits(args.problem.dtype, [&]<class E>() {
    constexpr int kMost = cluster_most_vecs(sizeof(typename E::Raw), true);
    if constexpr (sizeof(typename E::Raw) == 4)
      if (fit.shape.spare != 0)
        return launch_vecs<E, kHeldVecs, kOddCluster, kOddHeldVecs - kHeldVecs>(fit.shape, args, stream);
    if (fit.vecs <= 2) return launch_vecs<E, 2>(fit.shape, args, stream);
    if (fit.vecs <= 4) return launch_vecs<E, 4>(fit.shape, args, stream);
    if constexpr (kMost > 8)
      if (fit.vecs <= 8) return launch_vecs<E, 8>(fit.shape, args, stream);
    launch_vecs<E, kMost>(fit.shape, args, stream);
  });
}

}  // namespace topkit::cuda
