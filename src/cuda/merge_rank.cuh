// A candidate's rank: its place, and of every other part how many candidates beat it, found by binary search.
#pragma once

#include "merge_row.cuh"
#include "merge_table.cuh"

namespace topkit::cuda {

// Exact below k; k or more: not a winner. Several searches at once, for each is a chain of loads.
template <class U>
__device__ std::uint32_t rank_of(const MergeRow<U>& row, const MergeTable& table, std::uint32_t entries, MergePlace at,
                                 const MergeCandidate<U>& mine) {
  constexpr std::uint32_t kAtOnce = 4;
  const auto k = static_cast<std::uint32_t>(row.all.args.k);
  const std::int64_t stride = row.all.args.values.col_stride;
  std::uint32_t rank = at.place;
  for (std::uint32_t base = 0; base < entries && rank < k; base += kAtOnce) {
    std::uint32_t count[kAtOnce], found[kAtOnce], longest = 0;
    const U* lists[kAtOnce];
#pragma unroll
    for (std::uint32_t i = 0; i < kAtOnce; ++i) {
      const std::uint32_t entry = ::min(base + i, entries - 1);
      lists[i] = row.list(table.part[entry]);
      count[i] = entry == base + i && entry != at.entry ? table.begin[entry + 1] - table.begin[entry] : 0;
      found[i] = 0;
      longest |= count[i];
    }
    for (std::uint32_t step = longest == 0 ? 0 : 1U << (31 - __clz(static_cast<int>(longest))); step > 0; step /= 2) {
      U key[kAtOnce];
#pragma unroll
      for (std::uint32_t i = 0; i < kAtOnce; ++i)
        key[i] = found[i] + step <= count[i] ? row.all.map(lists[i][(found[i] + step - 1) * stride]) : U{0};
#pragma unroll
      for (std::uint32_t i = 0; i < kAtOnce; ++i) {
        if (found[i] + step > count[i] || key[i] < mine.key) continue;
        if (key[i] == mine.key) {
          const std::uint32_t part = table.part[base + i];
          if (!beats({key[i], row.id(part, found[i] + step - 1), part}, mine)) continue;
        }
        found[i] += step;
      }
    }
#pragma unroll
    for (std::uint32_t i = 0; i < kAtOnce; ++i) rank += found[i];
  }
  return rank;
}

}  // namespace topkit::cuda
