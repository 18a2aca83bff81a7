// The second kernel of cuda_partition: a block takes a chunk of a row and writes what can win, bucket by bucket.
//
// The candidates of a chunk lie together; a table says how many of them belong to better buckets, so that a bucket's place
// among the winners is a sum over one of its lines, and no block waits for another. A chunk of one tile stays in
// registers; a longer one is read twice.
#pragma once

#include "partition_row.cuh"

namespace topkit::cuda {

// What finds the bucket of a candidate, in shared memory.
struct SpreadState {
  std::uint32_t warps[kOrderWarps];
  std::uint32_t base;
  Candidate lowest, highest;  // as in PartitionHead
  CandidateBins cell_of;

  // The splitters above c, which is not below the last one, are at least the low half and at most the high half.
  __device__ std::uint32_t range(const std::uint16_t* cells, Candidate c) const {
    const std::uint32_t cell = cell_of(c < lowest ? lowest : c > highest ? highest : c);
    const std::uint16_t* const at = cells + kPartitionCellsBefore + cell;
    return at[0] | static_cast<std::uint32_t>(at[-1]) << 16;
  }
  // Halves a range; true while it is one.
  __device__ static bool narrow(std::uint32_t& range, const Candidate* splitters, Candidate c) {
    const std::uint32_t from = range & 0xffff, to = range >> 16, middle = (from + to) / 2;
    if (from == to) return false;
    range = splitters[middle] > c ? middle + 1 + (to << 16) : from + (middle << 16);
    return true;
  }
};

// found: a candidate's bucket, or kNoBucket. It becomes the bucket << 16 | how many candidates of it came before. Where nearly all of a
// warp are candidates they are neighbours that win together, and most are one bucket's: one adds for all of these. Whole warps.
inline constexpr std::uint32_t kNoBucket = ~0U;
__device__ __forceinline__ void count_candidate(std::uint32_t* counts, std::uint32_t& found) {
  constexpr int kNearlyAll = 24;
  const unsigned there = __ballot_sync(full_mask, found != kNoBucket);
  if (__popc(there) >= kNearlyAll) {
    const int leader = __ffs(static_cast<int>(there)) - 1;
    const std::uint32_t bucket = __shfl_sync(full_mask, found, leader) & 0xffff;
    const bool mine = found != kNoBucket && (found & 0xffff) == bucket;
    const unsigned same = __ballot_sync(full_mask, mine);
    std::uint32_t before = 0;
    if (static_cast<int>(lane()) == leader)
      before = atomicAdd(&counts[bucket], static_cast<std::uint32_t>(__popc(same)));
    before = __shfl_sync(full_mask, before, leader);
    if (mine) found = bucket << 16 | (before + static_cast<std::uint32_t>(__popc(same & ((1U << lane()) - 1))));
    if (mine) return;
  }
  if (found != kNoBucket) found = found << 16 | atomicAdd(&counts[found & 0xffff], 1U);
}

template <class E>
__global__ void __launch_bounds__(kOrderThreads, kTileElements<E> > 8 * kOrderThreads ? 1 : 2)
    partition_spread(const __grid_constant__ PartitionArgs<E> a) {
  constexpr int kVecs = kTileVecs<E>, kPerVec = kVecElements<E>;
  SpreadState& s = shared<SpreadState>();
  // Room for the tile's candidates; cells; splitters; counts.
  auto* const list = dynamic_shared<Candidate>();
  auto* const cells = reinterpret_cast<std::uint16_t*>(list + (a.shape.tiles == 1 ? kTileElements<E> : 0));
  auto* const splitters = reinterpret_cast<Candidate*>(reinterpret_cast<char*>(cells) + kPartitionCellBytes);
  auto* const counts = reinterpret_cast<std::uint32_t*>(splitters + a.shape.buckets);

  const std::uint32_t in_round = blockIdx.x / a.shape.chunks, chunk = blockIdx.x - in_round * a.shape.chunks;
  const std::int64_t r = a.first_row + in_round;
  const Row<E> row(a.args, a.args.span(r), r);
  const std::uint32_t begin = chunk * a.shape.tiles * kVecs * kOrderThreads + threadIdx.x;
  Pack packs[kVecs][E::kPacksPerVec];
  const auto load = [&](std::uint32_t tile) {
#pragma unroll
    for (int v = 0; v < kVecs; ++v) row.load(a.element, begin + (tile * kVecs + v) * kOrderThreads, packs[v]);
  };
  load(0);
  const PartitionRow to(a, in_round);
  grid_dependency_wait();
  grid_launch_dependents();
  const std::uint32_t buckets = to.head->buckets;
  if (buckets == 0) return;
  const Candidate least = to.splitters[buckets - 1];
  for (std::uint32_t b = threadIdx.x; b < buckets; b += kOrderThreads) {
    splitters[b] = to.splitters[b];
    counts[b] = 0;
  }
  // One bucket has no cells.
  if (buckets > 1) {
    if (threadIdx.x == 0) {
      s.lowest = to.head->lowest;
      s.highest = to.head->highest;
      s.cell_of = to.head->cell_of;
    }
    for (std::uint32_t i = threadIdx.x; i < kPartitionCellBytes / 16; i += kOrderThreads)
      reinterpret_cast<uint4*>(cells)[i] = reinterpret_cast<const uint4*>(to.cells)[i];
  }
  __syncthreads();
  const Pack threshold = a.element.threshold(key_of(least));
  // The buckets of the tile's elements: in both halves of a word, or kNoBucket. All at a time, for the memory's latency.
  std::uint32_t found[kVecs * kPerVec];
  const auto element_at = [&](std::uint32_t tile, int i) {
    const int v = i / kPerVec, e = i % kPerVec;
    return candidate(a.element.key(packs[v][e / E::kPerPack], e % E::kPerPack),
                     row.position(begin + (tile * kVecs + v) * kOrderThreads, e));
  };
  const auto find_tile = [&](std::uint32_t tile) {
#pragma unroll
    for (std::uint32_t& each : found) each = kNoBucket;
#pragma unroll
    for (int v = 0; v < kVecs; ++v)
      for_granule(a.element, row, begin + (tile * kVecs + v) * kOrderThreads, packs[v], threshold, least,
                  [&](int e, Candidate c) { found[v * kPerVec + e] = buckets > 1 ? s.range(cells, c) : 0; });
    bool more = buckets > 1;
    while (more) {
      more = false;
#pragma unroll
      for (int i = 0; i < kVecs * kPerVec; ++i) more = s.narrow(found[i], splitters, element_at(tile, i)) || more;
    }
  };

  if (a.shape.tiles == 1) {
    find_tile(0);
#pragma unroll
    for (std::uint32_t& each : found) count_candidate(counts, each);
  } else {
#pragma unroll 1
    for (std::uint32_t tile = 0; tile < a.shape.tiles; ++tile) {
      find_tile(tile);
#pragma unroll
      for (const std::uint32_t each : found)
        if (each != kNoBucket) atomicAdd(&counts[each & 0xffff], 1U);
      load(tile + 1 < a.shape.tiles ? tile + 1 : 0);
    }
  }
  __syncthreads();
  // Counts become places.
  const std::uint32_t own = (buckets + kOrderThreads - 1) / kOrderThreads, first = threadIdx.x * own;
  std::uint32_t sum = 0, total;
#pragma unroll 1
  for (std::uint32_t b = first; b < first + own && b < buckets; ++b) sum += counts[b];
  std::uint32_t place = sum_before(sum, s.warps, kOrderWarps, total);
#pragma unroll 1
  for (std::uint32_t b = first; b < first + own && b < buckets; ++b) {
    const std::uint32_t count = counts[b];
    counts[b] = place;
    to.offsets[b * a.shape.chunks + chunk] = place;
    place += count;
  }
  if (threadIdx.x == 0) {
    to.offsets[buckets * a.shape.chunks + chunk] = total;
    if (a.shape.own_rooms) {
      s.base = chunk * a.shape.tiles * kTileElements<E>;
    } else {
      const std::uint32_t base = total == 0 ? 0 : atomicAdd(&to.head->stored, total);
      // Candidates without room are read from the row again by whom they concern.
      s.base = base + total <= a.shape.capacity && base + total >= base ? base : kNoBucket;
    }
    to.bases[chunk] = s.base;
  }
  if (a.shape.tiles == 1) {
    // Brought into their order here, so that they are written side by side.
    __syncthreads();
#pragma unroll
    for (int i = 0; i < kVecs * kPerVec; ++i)
      if (found[i] != kNoBucket) list[counts[found[i] >> 16] + (found[i] & 0xffff)] = element_at(0, i);
  }
  __syncthreads();
  if (s.base == kNoBucket) return;
  Candidate* const out = to.candidates + s.base;
  if (a.shape.tiles == 1) {
    for (std::uint32_t i = threadIdx.x; i < total; i += kOrderThreads) out[i] = list[i];
  } else {
#pragma unroll 1
    for (std::uint32_t tile = 0; tile < a.shape.tiles; ++tile) {
      find_tile(tile);
#pragma unroll
      for (int i = 0; i < kVecs * kPerVec; ++i)
        if (found[i] != kNoBucket) out[atomicAdd(&counts[found[i] & 0xffff], 1U)] = element_at(tile, i);
      if (tile + 1 < a.shape.tiles) load(tile + 1);
    }
  }
}

}  // namespace topkit::cuda
