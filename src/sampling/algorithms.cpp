#include <array>

#include "plan.hpp"

namespace topkit {
namespace {

constexpr std::array<SampleAlgorithmInfo, kSampleAlgorithms> kTable{{
    {SampleAlgorithm::rows, "rows", DeviceKind::cpu, "any problem: each row by one thread", "any problem",
     [](const SampleProblem&) { return true; }},
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
