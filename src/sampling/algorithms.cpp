#include <array>

#include "../cuda/sample_shape.hpp"
#include "plan.hpp"

namespace topkit {
namespace {

// Of one k for all rows no more than k are ever listed.
bool lists_few(const SampleProblem& p) {
  constexpr std::int64_t kMost = cuda::kSampleMostListed;
  return p.listed <= kMost || (p.op == SampleOp::sample && p.top_k >= 1 && p.top_k <= kMost);
}

// Whether the k best by topk are all that a draw needs to know of a row.
bool needs_only_k(const SampleProblem& p) {
  return p.op == SampleOp::sample && lists_few(p) && p.may_top_k && p.top_k <= cuda::kSampleMostListed &&
         p.top_p_of != TopPOf::all && !(p.wants_logprobs && p.logprob_of == LogprobOf::raw) && !p.has_softcap &&
         !p.has_bias && !p.has_mask && !p.has_row_map;
}

constexpr std::string_view kFewListed = "up to 256 listed candidates or ids a row, or one top_k of up to 256";

constexpr std::array<SampleAlgorithmInfo, kSampleAlgorithms> kTable{{
    {SampleAlgorithm::rows, "rows", DeviceKind::cpu, "any problem: each row by one thread", "any problem",
     [](const SampleProblem&) { return true; }},
    {SampleAlgorithm::cuda_resident, "resident", DeviceKind::cuda,
     "a row in the shared memory of a cluster of blocks, read once", kFewListed, lists_few},
    {SampleAlgorithm::cuda_reread, "reread", DeviceKind::cuda,
     "rows of any length, read again for each step; once where nothing but a token is asked for", kFewListed,
     lists_few},
    {SampleAlgorithm::cuda_selected, "selected", DeviceKind::cuda,
     "a k for each row: topk's kernel, and the draws in its last step or behind it",
     "sample with a top_k, of up to 256 where it is one for all rows, whose logits are not changed and whose other "
     "tokens do not count",
     needs_only_k},
    {SampleAlgorithm::cuda_tiles, "tiles", DeviceKind::cuda,
     "log-probabilities: tiles of a row by warps, read once, and what they say put together by a block a row",
     "topn_logprobs of up to 64 ids and 1048576 columns, whose logits are not changed", cuda::goes_by_tiles},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i)
    if (static_cast<std::size_t>(kTable[i].algorithm) != i) return false;
  return true;
}
static_assert(in_order(), "info() indexes the table by the enumerator");

}  // namespace

std::span<const SampleAlgorithmInfo> sample_algorithms() { return kTable; }

const SampleAlgorithmInfo& info(SampleAlgorithm algorithm) { return kTable[static_cast<std::size_t>(algorithm)]; }

}  // namespace topkit
