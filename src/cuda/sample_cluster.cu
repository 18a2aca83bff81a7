// Sampling among the k best of each of a few rows, in one launch: a row in the registers of a cluster of blocks, sm_90 and newer.
//
// Regime: as topk_cluster.cu; k <= 256 for all rows, or for each its own.
// Passes over memory: one.
// Limit: latency; what it has on top of the selection is the noise of some hundred candidates and two sums.
// Ideas: sample_cluster.cuh, cluster.cuh.
#include "sample_cluster.cuh"
#include "sample_launch.hpp"

namespace topkit::cuda {
namespace {

template <class E, int kVecs>
void launch_cluster(const ClusterShape& whole, const SampleArgs& args, Stream stream) {
  for_launches(args.problem.rows, whole.log_blocks, [&](std::int64_t row, unsigned grid) {
    SampleClusterLaunch<E> all{args, E(Problem{}), whole};
    all.shape.first_row = row;
    launch(sample_cluster_kernel<E, kVecs>, cluster_launch("sample_cluster", whole, grid, stream), all);
  });
}

template <class E>
void launch_element(const ClusterFit& fit, const SampleArgs& args, Stream stream) {
  if (fit.vecs <= 2) return launch_cluster<E, 2>(fit.shape, args, stream);
  if (fit.vecs <= 4) return launch_cluster<E, 4>(fit.shape, args, stream);
  constexpr int kMost = cluster_most_vecs(sizeof(typename E::Raw), true);
  if constexpr (kMost > 8)
    if (fit.vecs <= 8) return launch_cluster<E, 8>(fit.shape, args, stream);
  launch_cluster<E, kMost>(fit.shape, args, stream);
}

}  // namespace

void sample_in_cluster(const Plan& plan, const Args& selection, const SampleArgs& args, Stream stream) {
  const ClusterFit fit = fit_cluster(plan, selection);
  switch (args.problem.dtype) {
    case DType::bf16: return launch_element<Bf16Logit>(fit, args, stream);
    case DType::f16: return launch_element<F16Logit>(fit, args, stream);
    default: return launch_element<F32Logit>(fit, args, stream);
  }
}

}  // namespace topkit::cuda
