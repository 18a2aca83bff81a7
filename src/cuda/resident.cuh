// A row resident in the registers of one block or of one cluster of blocks: read once, bounded, filtered, ordered.
//
//   load         each warp a contiguous piece of the row, 16 bytes a lane at a time
//   maxima       one key a group of lanes; every block gets the maxima of all           (barrier)
//   bound        a safe lower bound T of the k-th key (bound.cuh), one warp a block
//   filter       elements >= T go to the list of their block; the first block gets the lists of all    (barrier)
//   finish       the first block puts about k candidates into order and writes (finish.cuh)
//
// No data makes it wrong. When more than `capacity` elements pass, T is raised: bins over the elements themselves, added up
// over the cluster, until the candidates fit or only equal keys are left; then each warp takes its share of the equal ones
// by position, so that the lowest indices win.
#pragma once

#include "../args.hpp"
#include "bound.cuh"
#include "compact.cuh"
#include "element.hpp"
#include "finish.cuh"
#include "row.cuh"
#include "write.cuh"

namespace topkit::cuda {

inline constexpr int kMaxCluster = 16;

struct ResidentShape {
  int blocks;       // of a cluster, that is of a row
  int group_lanes;  // lanes whose elements share one maximum: 1, 2, .. 32
  int capacity;     // candidates a row may have before T is raised; a power of two, >= k
  int push;         // lists are written straight into the first block (else it fetches them)
  std::int64_t first_row;
};

template <class E>
struct ResidentArgs {
  Args args;
  E element;
  ResidentShape shape;
};

constexpr std::size_t resident_shared_bytes(const ResidentShape& s, int threads) {
  const std::size_t maxima = static_cast<std::size_t>(s.blocks) * threads / s.group_lanes * sizeof(Key);
  const std::size_t lists = s.blocks == 1 ? 0 : static_cast<std::size_t>(s.capacity) * (s.push != 0 ? s.blocks : 1);
  return maxima + (lists + static_cast<std::size_t>(s.capacity)) * sizeof(Candidate);
}

struct ResidentState {
  std::uint32_t bins[kBoundBins];
  std::uint32_t total[kBoundBins];
  std::uint32_t list[kMaxCluster];   // candidates in each block's list
  std::uint32_t equal[kMaxCluster];  // elements equal to the k-th key in each block
  std::uint32_t warp_equal[32];
  std::uint32_t passed;  // candidates of this block
  Key high;
  CompactState compact;
};

// The bounds on the k-th key narrowed so far: low <= k-th <= high, `above` elements are > high, `within` in low..high.
struct Bracket {
  Key low, high;
  int above, within;
};

// By every thread with the same bins: the bin of the k-th element becomes the bracket.
__device__ inline Bracket narrow(const Bracket& b, int k, const std::uint32_t* bins, int shift) {
  int above = b.above;
  for (int bin = kBoundBins - 1; bin >= 0; --bin) {
    const int inside = static_cast<int>(bins[bin]);
    if (above + inside >= k) {
      const Key bottom = b.low + (static_cast<Key>(bin) << shift);
      return {bottom, bin_top(bottom, shift, b.high), above, inside};
    }
    above += inside;
  }
  return {b.low, b.low, above, 0};
}

template <class E, int kThreads, int kVecs, bool kClustered>
__global__ void __launch_bounds__(kThreads, kVecs* E::kPacksPerVec <= 16 ? 2 : 1)
    resident_kernel(const __grid_constant__ ResidentArgs<E> a) {
  static_assert(kThreads <= kWarpGroups);
  constexpr int kWarps = kThreads / 32;
  constexpr int kPacks = E::kPacksPerVec;
  const ResidentShape& shape = a.shape;
  const E& element = a.element;
  const int blocks = kClustered ? shape.blocks : 1;
  const int rank = kClustered ? static_cast<int>(cluster_rank()) : 0;
  const std::int64_t row_index = shape.first_row + (kClustered ? blockIdx.x / shape.blocks : blockIdx.x);

  ResidentState& state = shared<ResidentState>();
  const int groups_a_block = kThreads / shape.group_lanes;
  Key* maxima = dynamic_shared<Key>();
  auto* sorted = reinterpret_cast<Candidate*>(maxima + blocks * groups_a_block);
  Candidate* lists = blocks == 1 ? sorted : sorted + shape.capacity;

  grid_dependency_wait();
  const Args::Span span = a.args.span(row_index);
  const Row<E> row(a.args, span, row_index);
  const int k = static_cast<int>(span.count);
  const Writer<E> writer(a.args, element, span, row_index);
  if (k == 0) {
    for (int place = static_cast<int>(threadIdx.x); rank == 0 && place < a.args.problem.k; place += kThreads)
      writer.pad(place);
    return;
  }
  if constexpr (kClustered) cluster_arrive();  // matched below, before the first write to another block

  // Each warp a contiguous piece, so that position order is (block, warp, vector, lane, element) order.
  const std::uint32_t granules = row.granules();
  const std::uint32_t block_share = ((granules + blocks - 1) / blocks + 7) / 8 * 8;
  const std::uint32_t warp_share = ((block_share + kWarps - 1) / kWarps + 7) / 8 * 8;
  const std::uint32_t block_begin = rank * block_share;
  const std::uint32_t block_end = ::min(block_begin + block_share, granules);
  const std::uint32_t begin = block_begin + warp() * warp_share;
  const std::uint32_t end = ::min(begin + warp_share, block_end);
  Pack packs[kVecs][kPacks];
  if (begin < end && row.inside(begin) && row.inside(end - 1)) {
    Vec v[kVecs];
#pragma unroll
    for (int j = 0; j < kVecs; ++j) {
      const std::uint32_t g = begin + j * 32 + lane();
      if (g < end) v[j] = row.load_inside(g);
    }
#pragma unroll
    for (int j = 0; j < kVecs; ++j) {
      const std::uint32_t g = begin + j * 32 + lane();
      element.unpack(v[j], packs[j]);
      if (g >= end) {
#pragma unroll
        for (int i = 0; i < kPacks; ++i) packs[j][i] = E::kPad;
      }
    }
  } else {
#pragma unroll
    for (int j = 0; j < kVecs; ++j) {
      const std::uint32_t g = begin + j * 32 + lane();
#pragma unroll
      for (int i = 0; i < kPacks; ++i) packs[j][i] = E::kPad;
      if (g < end) row.load(element, g, packs[j]);
    }
  }

  // Maxima of groups of lanes.
  Pack best = packs[0][0];
#pragma unroll
  for (int j = 0; j < kVecs; ++j) {
#pragma unroll
    for (int i = 0; i < kPacks; ++i)
      if (i + j > 0) best = E::max(best, packs[j][i]);
  }
  Key key = element.key(best, 0);
  if constexpr (E::kPerPack == 2) key = ::max(key, element.key(best, 1));
  if (begin + lane() >= end) key = 0;
  for (int d = 1; d < shape.group_lanes; d *= 2) key = ::max(key, __shfl_xor_sync(full_mask, key, d));
  if (threadIdx.x == 0) state.passed = 0;
  const int group = static_cast<int>(threadIdx.x) / shape.group_lanes;
  const bool publishes = (lane() & (shape.group_lanes - 1)) == 0;
  if constexpr (kClustered) {
    cluster_wait();
    Key* mine = maxima + rank * groups_a_block + group;
    if (shape.group_lanes == 32) {
      if (static_cast<int>(lane()) < blocks) cluster_store(mine, lane(), key);
    } else if (publishes) {
      for (int to = 0; to < blocks; ++to) cluster_store(mine, to, key);
    }
    cluster_sync();
  } else {
    if (publishes) maxima[group] = key;
    __syncthreads();
  }

  if (kClustered && blocks * groups_a_block > kWarpGroups) {
    if constexpr (kClustered) block_bound<kThreads>(maxima, blocks * groups_a_block, k, state.compact);
  } else if (warp() == 0) {
    const Key t = warp_bound(maxima, blocks * groups_a_block, k, state.bins);
    if (lane() == 0) state.compact.low_key = t;
  }
  __syncthreads();
  Key bound = state.compact.low_key;

  // Calls f(key, position) for every element >= the threshold.
  const auto for_each_passing = [&](Pack threshold, auto f) {
    if (E::passes(best, threshold) == 0) return;
#pragma unroll
    for (int j = 0; j < kVecs; ++j) {
#pragma unroll
      for (int i = 0; i < kPacks; ++i) {
        const unsigned bits = E::passes(packs[j][i], threshold);
        if (bits != 0) {
#pragma unroll
          for (int s = 0; s < E::kPerPack; ++s) {
            const std::uint32_t g = begin + j * 32 + lane();
            const std::uint32_t p = row.position(g, i * E::kPerPack + s);
            if ((bits >> s & 1U) != 0 && g < end && p < row.count) f(element.key(packs[j][i], s), p);
          }
        }
      }
    }
  };
  Candidate* list = lists;
  const auto append = [&](Key at, std::uint32_t position) {
    const std::uint32_t slot = atomicAdd(&state.passed, 1U);
    if (slot < static_cast<std::uint32_t>(shape.capacity)) {
      if (kClustered && shape.push != 0) {
        cluster_store(&list[rank * shape.capacity + slot], 0, candidate(at, position));
      } else {
        list[slot] = candidate(at, position);
      }
    }
  };
  // Tells every block how many candidates each has; returns the sum.
  const auto publish = [&]() -> int {
    __syncthreads();
    if constexpr (!kClustered) return static_cast<int>(state.passed);
    if (static_cast<int>(threadIdx.x) < blocks) cluster_store(&state.list[rank], threadIdx.x, state.passed);
    cluster_sync();
    int sum = 0;
    for (int b = 0; b < blocks; ++b) sum += static_cast<int>(state.list[b]);
    return sum;
  };

  for_each_passing(element.threshold(bound), append);
  int count = publish();

  if (count > shape.capacity) {
    // Too many pass: narrow the bracket around the k-th key by counting the elements themselves.
    if (warp() == 0) {
      Key high = 0;
      for (int i = static_cast<int>(lane()); i < blocks * groups_a_block; i += kWarp) high = ::max(high, maxima[i]);
      high = __reduce_max_sync(full_mask, high);
      if (lane() == 0) state.high = high;
    }
    __syncthreads();
    Bracket bracket{bound, state.high, 0, count};
    while (bracket.low < bracket.high && bracket.above + bracket.within > shape.capacity) {
      const Key width = bracket.high - bracket.low;
      const int shift = width < kBoundBins ? 0 : 26 - __clz(static_cast<int>(width));
      if (threadIdx.x < kBoundBins) state.bins[threadIdx.x] = 0;
      __syncthreads();
      for_each_passing(element.threshold(bracket.low), [&](Key at, std::uint32_t) {
        if (at >= bracket.low && at <= bracket.high) atomicAdd(&state.bins[(at - bracket.low) >> shift], 1U);
      });
      if constexpr (kClustered) {
        cluster_sync();
        if (threadIdx.x < kBoundBins) {
          std::uint32_t sum = 0;
          for (int b = 0; b < blocks; ++b) sum += cluster_load(&state.bins[threadIdx.x], b);
          state.total[threadIdx.x] = sum;
        }
        cluster_sync();
      } else {
        __syncthreads();
      }
      bracket = narrow(bracket, k, kClustered ? state.total : state.bins, shift);
      __syncthreads();
    }
    bound = bracket.low;
    if (threadIdx.x == 0) state.passed = 0;
    const Pack threshold = element.threshold(bound);
    if (bracket.above + bracket.within <= shape.capacity) {
      __syncthreads();
      for_each_passing(threshold, [&](Key at, std::uint32_t p) {
        if (at >= bound) append(at, p);
      });
    } else {
      // Only `bound` itself is left in the bracket: its first k - above by position win.
      const int quota = k - bracket.above;
      std::uint32_t mine = 0;
      for_each_passing(threshold, [&](Key at, std::uint32_t) { mine += at == bound ? 1 : 0; });
      const std::uint32_t warp_sum = __reduce_add_sync(full_mask, mine);
      if (lane() == 0) state.warp_equal[warp()] = warp_sum;
      __syncthreads();
      std::uint32_t before = 0, block_sum = 0;
      for (int w = 0; w < kWarps; ++w) {
        before += w < static_cast<int>(warp()) ? state.warp_equal[w] : 0;
        block_sum += state.warp_equal[w];
      }
      if constexpr (kClustered) {
        if (static_cast<int>(threadIdx.x) < blocks) cluster_store(&state.equal[rank], threadIdx.x, block_sum);
        cluster_sync();
        for (int b = 0; b < rank; ++b) before += state.equal[b];
      }
      for_each_passing(threshold, [&](Key at, std::uint32_t p) {
        if (at > bound) append(at, p);
      });
      if (static_cast<int>(before) < quota) {
#pragma unroll
        for (int j = 0; j < kVecs; ++j) {
          const std::uint32_t g = begin + j * 32 + lane();
          std::uint32_t equal = 0;  // bit e: element e of this vector
#pragma unroll
          for (int e = 0; e < kPacks * E::kPerPack; ++e) {
            const bool is = element.key(packs[j][e / E::kPerPack], e % E::kPerPack) == bound && g < end &&
                            row.position(g, e) < row.count;
            equal |= (is ? 1U : 0U) << e;
          }
          std::uint32_t through = __popc(equal);
          for (int d = 1; d < 32; d *= 2) {
            const std::uint32_t other = __shfl_up_sync(full_mask, through, d);
            if (static_cast<int>(lane()) >= d) through += other;
          }
          std::uint32_t place = before + through - __popc(equal);
#pragma unroll
          for (int e = 0; e < kPacks * E::kPerPack; ++e) {
            if ((equal >> e & 1U) != 0 && static_cast<int>(place++) < quota) append(bound, row.position(g, e));
          }
          before += __shfl_sync(full_mask, through, 31);
        }
      }
    }
    count = publish();
  }

  if constexpr (kClustered) {
    // The first block gathers the lists; the others stay until they have been read.
    if (rank == 0) {
      for (int i = static_cast<int>(threadIdx.x); i < count; i += kThreads) {
        int from = 0, at = i;
        while (at >= static_cast<int>(state.list[from])) at -= static_cast<int>(state.list[from++]);
        sorted[i] = shape.push != 0 ? lists[from * shape.capacity + at] : cluster_load(&lists[at], from);
      }
    }
    if (shape.push == 0) cluster_sync();
    if (rank != 0) return;
    __syncthreads();
  }
  finish<kThreads>(sorted, count, k, a.args.problem.order, [&](int place, Candidate c) { writer.write(place, c); });
  for (int place = k + static_cast<int>(threadIdx.x); place < a.args.problem.k; place += kThreads) writer.pad(place);
}

}  // namespace topkit::cuda
