#include "algorithms.hpp"

#include <array>

namespace topkit {
namespace {

bool always(const Problem&) { return true; }

constexpr std::string_view kAnything = "any problem";

constexpr std::array<AlgorithmInfo, kAlgorithms> kTable{{
    {Algorithm::argmax, "argmax", DeviceKind::cpu, "k = 1: one pass keeps the best of every lane", "k <= 1",
     [](const Problem& p) { return p.k <= 1; }},
    {Algorithm::maxima, "maxima", DeviceKind::cpu, "rows that stay in the first cache: group maxima give the bound",
     kAnything, always},
    {Algorithm::blocked, "blocked", DeviceKind::cpu,
     "long rows, few winners: group maxima block by block raise the bound", kAnything, always},
    {Algorithm::sampled, "sampled", DeviceKind::cpu, "long rows: a sample gives the bound, one pass collects",
     kAnything, always},
    {Algorithm::split, "split", DeviceKind::cpu, "large k: two bounds part the row into winners, middle and losers",
     kAnything, always},
    {Algorithm::cuda_warp, "warp", DeviceKind::cuda, "short rows: one warp a row", kAnything, always},
    {Algorithm::cuda_block, "block", DeviceKind::cuda, "many rows: one block a row", kAnything, always},
    {Algorithm::cuda_cluster, "cluster", DeviceKind::cuda, "few long rows: a cluster of blocks a row", kAnything,
     always},
    {Algorithm::cuda_stream, "stream", DeviceKind::cuda, "long rows, few winners: rows stream past a rising bound",
     kAnything, always},
    {Algorithm::cuda_grid, "grid", DeviceKind::cuda, "few very long rows: the whole device a row", kAnything, always},
    {Algorithm::cuda_radix, "radix", DeviceKind::cuda, "any row length and any k: radix selection", kAnything, always},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i)
    if (static_cast<std::size_t>(kTable[i].algorithm) != i) return false;
  return true;
}
static_assert(in_order(), "info() indexes the table by the enumerator");

}  // namespace

std::span<const AlgorithmInfo> algorithms() { return kTable; }

const AlgorithmInfo& info(Algorithm algorithm) { return kTable[static_cast<std::size_t>(algorithm)]; }

std::optional<Algorithm> algorithm_from(std::string_view name, DeviceKind device) {
  for (const AlgorithmInfo& row : kTable)
    if (row.name == name && row.device == device) return row.algorithm;
  return std::nullopt;
}

}  // namespace topkit
