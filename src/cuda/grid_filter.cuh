// The second kernel of a streamed row: blocks that look once at a chunk each and append what reaches the bound to the row's
// list. Their loads are on their way while the first kernel still looks for the bound. They are many, so that multiprocessors
// nearer to the memory do more of them; nothing is kept between two of them.
//
// The count is exact, also where the list has no room: the third kernel sees it and goes another way.
#pragma once

#include "../args.hpp"
#include "grid_shape.hpp"
#include "radix_digits.cuh"
#include "row.cuh"

namespace topkit::cuda {

struct GridFilter {
  std::uint32_t chunks;  // of a row
  std::uint32_t room;    // candidates of a row
  const Candidate* bounds;
  std::uint32_t* counts;
  Candidate* lists;
};

// What of a warp's granules reaches the bound goes to the row's list. `hits` has a bit for each of the lane's in which something
// does, granule j begins at position first + j * step. By the whole warp.
template <class E, int kVecs>
__device__ __forceinline__ void append_winners(const E& element, const Vec (&v)[kVecs], std::uint32_t hits,
                                               std::uint32_t first, std::uint32_t step, std::uint32_t elements,
                                               Candidate bound, Candidate* list, std::uint32_t room,
                                               std::uint32_t* count) {
  constexpr int kPacks = E::kPacksPerVec, kElements = kPacks * E::kPerPack, kPerWord = kElements / 4;
  static_assert(kVecs * kElements <= 64);
  std::uint64_t winners = 0;
#pragma unroll
  for (int j = 0; j < kVecs; ++j) {
    if ((hits >> j & 1U) == 0) continue;
    Pack packs[kPacks];
    element.unpack(v[j], packs);
    std::uint32_t wins = 0;
#pragma unroll
    for (int e = 0; e < kElements; ++e) {
      const std::uint32_t position = first + j * step + e;
      const Candidate c = candidate(element.key(packs[e / E::kPerPack], e % E::kPerPack), position);
      wins |= (static_cast<int>(c >= bound) & static_cast<int>(position < elements)) << e;
    }
    winners |= static_cast<std::uint64_t>(wins) << (j * kElements);
  }
  const auto own = static_cast<std::uint32_t>(__popcll(static_cast<long long>(winners)));
  const std::uint32_t through = sum_through(own), all = __shfl_sync(full_mask, through, kWarp - 1);
  std::uint32_t slot = 0;
  if (lane() == 0 && all != 0) slot = atomicAdd(count, all);
  slot = __shfl_sync(full_mask, slot, 0) + through - own;
#pragma unroll
  for (int j = 0; j < kVecs; ++j) {
    auto wins = static_cast<std::uint32_t>(winners >> (j * kElements)) & ((1U << kElements) - 1);
#pragma unroll 1
    for (; wins != 0; wins &= wins - 1) {
      const int e = __ffs(static_cast<int>(wins)) - 1, w = e / kPerWord;
      const std::uint32_t word = w == 0 ? v[j].word[0] : w == 1 ? v[j].word[1] : w == 2 ? v[j].word[2] : v[j].word[3];
      const auto raw = static_cast<typename E::Raw>(word >> (e % kPerWord * (32 / kPerWord) % 32));
      if (slot < room) list[slot] = candidate(element.key(element.pack(raw), 0), first + j * step + e);
      ++slot;
    }
  }
}

template <class E>
__global__ void __launch_bounds__(kGridThreads, 1024 / kGridThreads)
    grid_filter(const __grid_constant__ Args args, const E element, const GridFilter shape) {
  constexpr int kVecs = grid_filter_vecs(is_fast_element<E>, sizeof(typename E::Raw));
  constexpr int kPacks = E::kPacksPerVec;
  constexpr std::uint32_t kChunkGranules = kVecs * kGridThreads;
  const std::uint32_t row_index = blockIdx.x / shape.chunks, chunk = blockIdx.x - row_index * shape.chunks;
  const Args::Span span = args.span(row_index);
  const Row<E> row(args, span, row_index);
  const std::uint32_t first = row.shift != 0 ? 1 : 0;
  const std::uint32_t last = ::max((row.shift + row.count) / Row<E>::kPerVec, first);
  const std::uint32_t begin = first + chunk * kChunkGranules, mine = begin + threadIdx.x;
  const Vec* const from = row.vectors() + mine;
  Vec v[kVecs];
  // The kernel before let this one begin when it had itself waited for what writes the rows.
#pragma unroll
  for (int j = 0; j < kVecs; ++j)
    if (mine + j * kGridThreads < last) v[j] = load_once(from + j * kGridThreads);
  grid_dependency_wait();
  grid_launch_dependents();
  if (span.count == 0) return;
  const Candidate bound = load_once(shape.bounds + row_index);
  std::uint32_t* const count = shape.counts + row_index;
  Candidate* const list = shape.lists + static_cast<std::size_t>(row_index) * shape.room;
  // Behind the bound's position its equals lose.
  const Key key = key_of(bound);
  const bool behind = row.position(begin, 0) > index_of(bound);
  const Pack threshold = element.threshold(behind && key != ~Key{0} ? key + 1 : key);
  std::uint32_t hits = 0;
#pragma unroll
  for (int j = 0; j < kVecs; ++j) {
    Pack packs[kPacks];
    element.unpack(v[j], packs);
    Pack best = packs[0];
#pragma unroll
    for (int i = 1; i < kPacks; ++i) best = E::max(best, packs[i]);
    if (mine + j * kGridThreads < last && E::passes(best, threshold) != 0) hits |= 1U << j;
  }
  if (__any_sync(full_mask, hits != 0))
    append_winners<E, kVecs>(element, v, hits, row.position(mine, 0), kGridThreads * Row<E>::kPerVec, row.count, bound,
                             list, shape.room, count);
  if (chunk != 0 || warp() != 0) return;
  // The granules at the row's ends that are not whole.
  const bool there = lane() == 0 ? first != 0 : lane() == 1 && last < row.granules();
  const std::uint32_t g = lane() == 0 ? 0 : last;
  Vec edge[1]{};
  if (there) edge[0] = row.load_edge(g);
  append_winners<E, 1>(element, edge, there ? 1 : 0, row.position(g, 0), 0, row.count, bound, list, shape.room, count);
}

}  // namespace topkit::cuda
