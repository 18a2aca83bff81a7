// The best log-probabilities of rows, and those of tokens that are looked up, in one launch: a row in the registers of a cluster of
// blocks, sm_90 and newer.
//
// Regime: any rows of up to 256k tokens whose logits are not changed, up to 256 ids each.
// Passes over memory: one.
// Limit: latency for few rows; for many the weights, whose arithmetic takes half the time that reading them does.
// Ideas: sample_logprobs_cluster.cuh, cluster.cuh.
#include "sample_launch.hpp"
#include "sample_logprobs_cluster.cuh"

namespace topkit::cuda {
namespace {

template <class E, int kVecs>
void launch_rows(const ClusterShape& whole, const SampleArgs& args, Stream stream) {
  for_launches(args.problem.rows, whole.log_blocks, [&](std::int64_t row, unsigned grid) {
    SampleLogprobsLaunch<E> all{args, E(Problem{}), whole};
    all.shape.first_row = row;
    launch(sample_logprobs_kernel<E, kVecs>, cluster_launch("sample_logprobs", whole, grid, stream), all);
  });
}

template <class E>
void launch_element(const ClusterFit& fit, const SampleArgs& args, Stream stream) {
  constexpr int kMost = cluster_most_vecs(sizeof(typename E::Raw), true);
  if (fit.vecs <= kMost / 4) return launch_rows<E, kMost / 4>(fit.shape, args, stream);
  if (fit.vecs <= kMost / 2) return launch_rows<E, kMost / 2>(fit.shape, args, stream);
  launch_rows<E, kMost>(fit.shape, args, stream);
}

}  // namespace

void logprobs_in_cluster(const Plan& plan, const Args& selection, const SampleArgs& args, Stream stream) {
  const ClusterFit fit = fit_cluster(plan, selection);
  switch (args.problem.dtype) {
    case DType::bf16: return launch_element<Bf16Logit>(fit, args, stream);
    case DType::f16: return launch_element<F16Logit>(fit, args, stream);
    default: return launch_element<F32Logit>(fit, args, stream);
  }
}

}  // namespace topkit::cuda
