// The best log-probabilities of rows, and those of tokens that are looked up, in one launch: a row in the registers of a cluster of
// blocks, sm_90 and newer.
//
// Regime: any rows of up to 256k tokens whose logits are not changed, up to 256 ids each.
// Passes over memory: one.
// Limit: latency for few rows; for many the weights, whose arithmetic takes half the time that reading them does.
// Ideas: sample_logprobs_cluster.cuh, cluster.cuh.
#include "sample_logprobs_cluster.cuh"
#include "sample_rows.hpp"

namespace topkit::cuda {
namespace {

template <class E, int kVecs>
void launch_vecs(const ClusterShape& shape, const SampleArgs& args, Stream stream) {
  launch_in_clusters("sample_logprobs", sample_logprobs_kernel<E, kVecs>, shape, args, stream);
}

}  // namespace

void logprobs_in_cluster(const Plan& plan, const Args& selection, const SampleArgs& args, Stream stream) {
  const ClusterFit fit = fit_cluster(plan, selection);
  with_logits(args.problem.dtype, [&]<class E>() {
    constexpr int kMost = cluster_most_vecs(sizeof(typename E::Raw), true);
    if (fit.vecs <= kMost / 4) return launch_vecs<E, kMost / 4>(fit.shape, args, stream);
    if (fit.vecs <= kMost / 2) return launch_vecs<E, kMost / 2>(fit.shape, args, stream);
    launch_vecs<E, kMost>(fit.shape, args, stream);
  });
}

}  // namespace topkit::cuda
