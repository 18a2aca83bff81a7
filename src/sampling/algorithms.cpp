#include <array>

#include "../cuda/sample_shape.hpp"
#include "plan.hpp"

namespace topkit {
namespace {

constexpr std::string_view kFewListed = "up to 256 listed candidates or ids a row";
bool lists_few(const SampleProblem& p) { return p.listed <= cuda::kSampleMostListed; }

constexpr std::array<SampleAlgorithmInfo, kSampleAlgorithms> kTable{{
    {SampleAlgorithm::rows, "rows", DeviceKind::cpu, "any problem: each row by one thread", "any problem",
     [](const SampleProblem&) { return true; }},
    {SampleAlgorithm::cuda_resident, "resident", DeviceKind::cuda,
     "a row in the shared memory of a cluster of blocks, read once", kFewListed, lists_few},
    {SampleAlgorithm::cuda_reread, "reread", DeviceKind::cuda, "rows of any length, read again for each step",
     kFewListed, lists_few},
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
