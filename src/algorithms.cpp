#include "algorithms.hpp"

#include <array>

#include "cuda/block_shape.hpp"
#include "cuda/cluster_shape.hpp"
#include "cuda/partition_shape.hpp"
#include "cuda/select_sort_shape.hpp"
#include "cuda/sort_shape.hpp"
#include "cuda/wide_shape.hpp"

namespace topkit {
namespace {

bool always(const Problem&) { return true; }

bool narrow(const Problem& p) { return bytes(p.dtype) <= 4; }

constexpr std::string_view kAnything = "any problem";

constexpr std::array<AlgorithmInfo, kAlgorithms> kTable{{
    {Algorithm::argmax, "argmax", DeviceKind::cpu, "k = 1: one pass keeps the best of every lane", "k <= 1",
     "one; the piece with the maximum again, from the cache", [](const Problem& p) { return p.k <= 1; }},
    {Algorithm::maxima, "maxima", DeviceKind::cpu, "rows that stay in the first cache: group maxima give the bound",
     kAnything, "one; the second look is in the cache", always},
    {Algorithm::blocked, "blocked", DeviceKind::cpu,
     "long rows, few winners: group maxima block by block raise the bound", kAnything, "one", always},
    {Algorithm::sampled, "sampled", DeviceKind::cpu, "long rows: a sample gives the bound, one pass collects",
     kAnything, "one, and a line of every stratum before it", always},
    {Algorithm::split, "split", DeviceKind::cpu, "large k: two bounds part the row into winners, middle and losers",
     kAnything, "one to find the cut, one to take the winners; both from the cache where the row fits", always},
    {Algorithm::cuda_warp, "warp", DeviceKind::cuda, "short rows: a warp or a part of one a row",
     "cols <= 1024, k <= 128 and a type of up to 32 bits", "one; survivors again, from the cache",
     [](const Problem& p) { return p.cols <= 1024 && p.k <= 128 && narrow(p); }},
    {Algorithm::cuda_block, "block", DeviceKind::cuda, "many rows: a row in the registers of one block",
     "cols <= 32768 (16384 for types that need keys), k <= 256, not nearly all of a row's elements, and a type of up "
     "to 32 "
     "bits",
     "one; survivors again, from the cache",
     [](const Problem& p) { return narrow(p) && cuda::block_shape(p).warps > 0; }},
    {Algorithm::cuda_cluster, "cluster", DeviceKind::cuda,
     "a row in the registers, and of f32 the shared memory, of a cluster of blocks (sm_90 and newer)",
     "rows of up to 2 MiB less 16 bytes (1 MiB for f16 and bf16; 256 Ki elements where each needs a key of its own), k "
     "<= "
     "256 and a type of up to 32 bits",
     "one", cuda::cluster_holds},
    {Algorithm::cuda_stream, "stream", DeviceKind::cuda, "long rows: one pass behind a sampled bound that rises",
     "k <= 2048 and a type of up to 32 bits", "one, and the sample",
     [](const Problem& p) { return p.k <= 2048 && narrow(p); }},
    {Algorithm::cuda_grid, "grid", DeviceKind::cuda, "few very long rows: parts of a row over the whole device",
     "k <= 2048, up to 4096 rows and a type of up to 32 bits", "one, and the sample",
     [](const Problem& p) { return p.k <= 2048 && p.rows <= 4096 && narrow(p); }},
    {Algorithm::cuda_radix, "radix", DeviceKind::cuda, "any row length, any k, any type: radix selection", kAnything,
     "one, and the sample; one a digit for rows that shared memory does not hold", always},
    {Algorithm::cuda_partition, "partition", DeviceKind::cuda, "thousands of winners: buckets over the whole device",
     "a type of up to 32 bits", "one, and the sample; two for rows of tens of millions", cuda::partition_can},
    {Algorithm::cuda_sort, "sort", DeviceKind::cuda, "short rows of which many win: the row is put into order",
     "cols <= 8192 (4096 for 64-bit types)", "one", cuda::sort_can},
    {Algorithm::cuda_wide, "wide", DeviceKind::cuda,
     "types of 64 bits: what a sample lets through, over the whole device",
     "a type of 64 bits; k <= 4096 for order index", "one, and the sample; two for k above 3000", cuda::wide_can},
    {Algorithm::cuda_select, "select", DeviceKind::cuda,
     "the winners as they lie in a row that shared memory holds, or by places guessed from its histogram",
     "order index or any, and rows of up to 2 MiB; order value: types of 16 and 32 bits, and rows of up to 128 KiB",
     "one", cuda::select_can},
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
