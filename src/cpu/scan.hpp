// Passes over a row: the maxima of groups of its elements, and the positions of those that reach a threshold.
//
// Lenses and compares are copies: what is known only by reference is loaded again after every store, and on Zen 4, which
// loads one vector of 64 bytes a cycle, that is what such a loop then takes its time for. Where the caller keeps objects on its
// stack the callee makes the copy: clang 14 under AddressSanitizer aligns no argument of 64 bytes there.
#pragma once

#include "vec.hpp"

namespace topkit::cpu {
namespace {

// The maxima of groups of up to `blocks` elements: a run is of `blocks` blocks that lie as far apart as there are runs, so
// that neighbouring winners of sorted data are in different groups; group i of a run holds the elements that are i modulo
// 64. Writes their sortable values, 64 for every run, and returns how many. NaN are ignored by a float V; a group that has
// nothing holds the worst.
template <class V>
std::uint32_t group_maxima(const typename V::Lens& there, const typename V::Raw* p, std::uint32_t n,
                           std::uint32_t blocks, typename V::S* out) {
  using Sorted = typename V::Sorted;
  const typename V::Lens lens = there;
  constexpr std::uint32_t kVectors = kBlock / V::kLanes;
  std::uint32_t groups = 0;
  const std::uint32_t full = n / kBlock;
  const std::uint32_t runs = (full + blocks - 1) / blocks;
  for (std::uint32_t run = 0; run < runs; ++run, groups += kBlock) {
    typename V::Reg best[kVectors];
#pragma GCC unroll 16
    for (std::uint32_t i = 0; i < kVectors; ++i) best[i] = V::Worst();
    for (std::uint32_t j = run; j < full; j += runs) {
#pragma GCC unroll 16
      for (std::uint32_t i = 0; i < kVectors; ++i)
        best[i] = V::Max(V::Load(lens, p + j * kBlock + i * V::kLanes), best[i]);
    }
#pragma GCC unroll 16
    for (std::uint32_t i = 0; i < kVectors; ++i)
      Sorted::Store(out + groups + i * V::kLanes, V::ToSorted(lens, best[i]));
  }
  const std::uint32_t rest = n % kBlock;
  if (rest == 0) return groups;
  const bool fresh = groups == 0;
  auto* last = out + (fresh ? 0 : groups - kBlock);
  for (std::uint32_t i = 0; i < kBlock; i += V::kLanes) {
    const std::uint32_t done = lesser(rest, i);
    const auto tail = V::ToSorted(lens, V::Max(V::LoadN(lens, p + full * kBlock + done, rest - done), V::Worst()));
    Sorted::Store(last + i, fresh ? tail : Sorted::Max(tail, Sorted::LoadSorted(last + i)));
  }
  return fresh ? kBlock : groups;
}

// Appends the positions of all elements that `compare` picks, ascending. Stops early, with more than `limit`, when there
// are more; `out` must have room for limit + 8 * kBlock + kSlack.
template <class V, class Compare>
std::uint32_t collect(const typename V::Lens lens, const typename V::Raw* p, std::uint32_t n, std::uint32_t limit,
                      const void* ahead, std::uint32_t* out, const Compare compare) {
  std::uint32_t* const begin = out;
  const std::uint32_t full = n / kBlock;
  constexpr std::uint32_t kBlockBytes = kBlock * sizeof(typename V::Raw);
  for (std::uint32_t b = 0; b < full;) {
    for (const std::uint32_t end = lesser(full, b + 8); b < end; ++b) {
      out = V::Emit(block_bits<V>(lens, p + b * kBlock, compare), b * kBlock, out);
      fetch_block<typename V::Raw>(ahead, b * kBlockBytes);
    }
    if (static_cast<std::uint32_t>(out - begin) > limit) return static_cast<std::uint32_t>(out - begin);
  }
  if (const std::uint32_t rest = n % kBlock; rest != 0)
    out = V::Emit(block_bits<V>(lens, p + full * kBlock, rest, compare), full * kBlock, out);
  return static_cast<std::uint32_t>(out - begin);
}

// How many elements `compare` picks.
template <class V, class Compare>
std::uint32_t count_if(const typename V::Lens lens, const typename V::Raw* p, std::uint32_t n, const Compare compare) {
  std::uint32_t count = 0;
  const std::uint32_t full = n / kBlock;
  for (std::uint32_t b = 0; b < full; ++b)
    count += static_cast<std::uint32_t>(count_bits(block_bits<V>(lens, p + b * kBlock, compare)));
  if (const std::uint32_t rest = n % kBlock; rest != 0)
    count += static_cast<std::uint32_t>(count_bits(block_bits<V>(lens, p + full * kBlock, rest, compare)));
  return count;
}

}  // namespace
}  // namespace topkit::cpu
