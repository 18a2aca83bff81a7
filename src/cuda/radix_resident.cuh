// The best k of a row by one block or a cluster of up to 16, each with a share of the row: read once.
//
//   sample       every block the same few thousand elements, loaded ahead of the block's own share of the row
//   bound        a key that about 1.2 .. 1.5 k elements reach, from the sample's histogram, while the share arrives
//   filter       elements that reach it go to the list of their block                      (barrier of the cluster)
//   order        each block reads all lists and puts its k / blocks ranks into order (radix_order.cuh) and writes them
//
// No data makes it wrong: when fewer than k reach the bound, or more than the lists hold, the bound is moved by histograms
// of the elements themselves, added up over the cluster, until they fit or only equal keys are left; of those each warp
// takes its share by position, so that the lowest indices win.
#pragma once

#include "../args.hpp"
#include "by_element.hpp"
#include "radix_bound.cuh"
#include "radix_order.cuh"
#include "radix_out.cuh"
#include "radix_shape.hpp"
#include "radix_share.cuh"

namespace topkit::cuda {

inline constexpr int kFewLanes = 8;
inline constexpr int kShareWords = 4 * kOrderThreads;  // bits for the positions of a block's share

template <class E>
struct RadixArgs {
  Args args;
  E element;
  RadixResident shape;
};

template <class E>
struct RadixResidentState {
  // Of the row at hand: read again behind each barrier rather than kept in registers.
  std::int64_t row;
  RowOut<E> out;
  RadixShare<E> share;
  OrderState order;
  std::uint32_t counts[kMostRadixBlocks];   // of each block's list
  std::uint32_t offsets[kMostRadixBlocks];  // where its list begins among all
  Key highest[kMostRadixBlocks];            // key of each block's share
  std::uint32_t others[kMostRadixBlocks];   // of each block: elements above or equal to a key, winners by index
  RingRow ring[kOrderWarps];
  std::uint32_t warps[kOrderWarps];
  std::uint32_t passed;
  Key high, bound;
  Candidate cut;  // the last winner
};

// Reads the lists of all blocks as one.
struct ListReader {
  const Candidate* list;
  const std::uint32_t* offsets;
  std::uint32_t blocks;

  __device__ Candidate operator()(std::uint32_t i) const {
    if (blocks == 1) return list[i];
    std::uint32_t from = 0;
    for (std::uint32_t b = 1; b < blocks; ++b) from += i >= offsets[b] ? 1U : 0U;
    return cluster_load(&list[i - offsets[from]], from);
  }
};

template <class E>
__global__ void __launch_bounds__(kOrderThreads, std::is_same_v<E, F32> ? 2 : 1)
    radix_resident(const __grid_constant__ RadixArgs<E> a) {
  using Share = RadixShare<E>;
  const E& element = a.element;
  const std::uint32_t blocks = a.shape.blocks;
  const int blocks_log = 31 - __clz(a.shape.blocks);
  const std::uint32_t rank = blocks == 1 ? 0 : cluster_rank();
  const auto capacity = static_cast<std::uint32_t>(a.shape.capacity);

  RadixResidentState<E>& state = shared<RadixResidentState<E>>();
  const RadixShare<E>& share = state.share;
  const RowOut<E>& out = state.out;
  OrderState& order = state.order;
  auto* const list = dynamic_shared<Candidate>();
  Candidate* const sorted = a.shape.scratch ? list + capacity : list;

  if (blocks > 1) cluster_arrive();  // waited for before the first access to another block
  RadixRing<E> ring(a.args, a.shape, state.ring, rank, blocks_log);

  // A sum over the cluster; lower: of the blocks before this one. All threads bring the same value.
  const auto cluster_sum = [&](std::uint32_t value, std::uint32_t* lower) {
    *lower = 0;
    if (blocks == 1) return value;
    if (threadIdx.x < blocks) cluster_store(&state.others[rank], threadIdx.x, value);
    cluster_sync();
    std::uint32_t sum = 0;
    for (std::uint32_t b = 0; b < blocks; ++b) {
      if (b < rank) *lower += state.others[b];
      sum += state.others[b];
    }
    cluster_sync();
    return sum;
  };
  // A sum over the block; before: of the warps before this one.
  const auto block_sum = [&](std::uint32_t value, std::uint32_t* before) {
    value = __reduce_add_sync(full_mask, value);
    __syncthreads();
    if (lane() == 0) state.warps[warp()] = value;
    __syncthreads();
    const std::uint32_t other = lane() < kOrderWarps ? state.warps[lane()] : 0;
    *before = __reduce_add_sync(full_mask, lane() < warp() ? other : 0);
    return __reduce_add_sync(full_mask, other);
  };
  // Every block learns how many candidates each list has; returns the sum.
  const auto publish = [&] {
    __syncthreads();
    if (blocks == 1) {
      if (threadIdx.x == 0) {
        state.counts[0] = state.passed;
        state.highest[0] = state.high;
      }
      __syncthreads();
      return state.counts[0];
    }
    if (threadIdx.x < blocks) {
      cluster_store(&state.counts[rank], threadIdx.x, state.passed);
      cluster_store(&state.highest[rank], threadIdx.x, state.high);
    }
    cluster_sync();
    std::uint32_t sum = 0;
    for (std::uint32_t b = 0; b < blocks; ++b) {
      if (threadIdx.x == 0) state.offsets[b] = sum;
      sum += state.counts[b];
    }
    __syncthreads();
    return sum;
  };

  if (threadIdx.x == 0) state.row = blockIdx.x >> blocks_log;
  if (blocks > 1) cluster_wait();
  for (;;) {
    if (threadIdx.x == 0 && state.row < a.args.problem.rows) {
      const Args::Span span = a.args.span(state.row);
      state.out.set(a.args, span, state.row);
      state.share = RadixShare<E>(Row<E>(a.args, span, state.row), rank, blocks_log);
      state.passed = state.high = 0;
    }
    order.clear();
    __syncthreads();
    if (state.row >= a.args.problem.rows) break;
    const std::uint32_t k = out.k, n = share.row.count;
    for (std::int64_t place = k + rank * kOrderThreads + threadIdx.x; place < a.args.problem.k;
         place += blocks * kOrderThreads)
      out.pad(a.args, place);
    if (k == 0) {
      __syncthreads();
      if (threadIdx.x == 0) state.row += gridDim.x >> blocks_log;
      continue;
    }
    Pack threshold = element.threshold(0);
    if (threadIdx.x == 0) state.bound = 0;
    if (n > capacity) {  // else every element goes to the lists
      const std::uint32_t sampled = sample_size(share, k);
      const float expected =
          static_cast<float>(k) / static_cast<float>(n) * static_cast<float>(sampled * Share::kPerVec);
      const auto wanted = static_cast<std::uint32_t>(expected + 3.5F * sqrtf(expected) + 3.0F);
      ring.take();
      Pack packs[kStageVecs][Share::kPacks];
#pragma unroll
      for (int j = 0; j < kStageVecs; ++j) element.unpack(ring.granule(j), packs[j]);
      if (wanted < sampled * Share::kPerVec) {
        // The filter works with the bound's own element, which for NaN is a lower one.
        threshold = element.threshold(sample_bound(order, element, packs, sampled, wanted));
        if (threadIdx.x == 0) state.bound = element.key(threshold, 0);
      }
      ring.release(rank, blocks_log);
      order.clear();
    }
    Pack best = E::kPad;
    const std::uint32_t edge = share.edge();
    if (__any_sync(full_mask, edge != ~0U)) {
      Pack pack = E::kPad;
      if (edge != ~0U) pack = element.pack(share.row.x[edge]);
      std::uint32_t slot = 0;
      if (edge != ~0U && (E::passes(pack, threshold) & 1U) != 0) {
        slot = atomicAdd(&state.passed, 1U);
        if (slot < capacity) list[slot] = candidate(element.key(pack, 0), edge);
      }
      if (edge != ~0U) atomicMax(&state.high, element.key(pack, 0));
    }
    const std::uint32_t whole_end = ::min(share.end, share.whole_end);
#pragma unroll 1
    for (std::uint32_t from = share.begin; from < share.end; from += RadixRing<E>::kStage) {
      ring.take();
      Pack packs[kStageVecs][Share::kPacks];
      unsigned passes[kStageVecs] = {};  // bit e: element e
      std::uint32_t own = 0;
#pragma unroll
      for (int j = 0; j < kStageVecs; ++j) {
        const std::uint32_t g = from + j * kOrderThreads + threadIdx.x;
        element.unpack(ring.granule(j), packs[j]);  // garbage where there is none
        if (g >= share.whole_begin && g < whole_end) {
#pragma unroll
          for (int i = 0; i < Share::kPacks; ++i) {
            best = E::max(best, packs[j][i]);
            passes[j] |= E::passes(packs[j][i], threshold) << (i * E::kPerPack);
          }
        }
        own += static_cast<std::uint32_t>(__popc(passes[j]));
      }
      // Few lanes take their places by themselves, many by a sum over the warp.
      std::uint32_t slot = 0;
      if (__popc(__ballot_sync(full_mask, own != 0)) <= kFewLanes) {
        if (own != 0) slot = atomicAdd(&state.passed, own);
      } else {
        const std::uint32_t through = sum_through(own);
        if (lane() == kWarp - 1) slot = atomicAdd(&state.passed, through);
        slot = __shfl_sync(full_mask, slot, kWarp - 1) + through - own;
      }
      if (slot + own <= capacity) {
#pragma unroll
        for (int j = 0; j < kStageVecs; ++j) {
          const std::uint32_t position = share.row.position(from + j * kOrderThreads + threadIdx.x, 0);
#pragma unroll
          for (int e = 0; e < Share::kPerVec; ++e)
            if ((passes[j] >> e & 1U) != 0)
              list[slot++] = candidate(element.key(packs[j][e / E::kPerPack], e % E::kPerPack), position + e);
        }
      }
      ring.release(rank, blocks_log);
    }
    Key high = element.key(best, 0);
    if constexpr (E::kPerPack == 2) high = ::max(high, element.key(best, 1));
    high = __reduce_max_sync(full_mask, high);
    if (lane() == 0) atomicMax(&state.high, high);

    std::uint32_t count = publish();
    Key bound = state.bound;
    high = 0;
    for (std::uint32_t b = 0; b < blocks; ++b) high = ::max(high, state.highest[b]);

    if (count < k || count > capacity) {
      if (blocks > 1) cluster_sync();  // everybody has read the counts
      // The k-th key lies in low..top: `above` elements are higher, `within` in there.
      Key low = 0, top = high;
      std::uint32_t above = 0, within = count, unused;
      if (count < k) {
        top = bound - 1;
        above = count;
        within = n - count;
      } else {
        std::uint32_t own = 0;
        if (bound != ~Key{0}) share.read(element, bound + 1, [&](Key, std::uint32_t) { ++own; });
        const std::uint32_t higher = cluster_sum(block_sum(own, &unused), &unused);
        if (higher < k) {
          low = top = bound;
          above = higher;
          within = count - higher;
        } else {
          low = bound + 1;
          within = higher;
        }
      }
      while (low < top && above + within > capacity) {
        const int bits = 32 - __clz(static_cast<int>(top - low));
        const int shift = bits > kSampleDigit ? bits - kSampleDigit : 0;
        __syncthreads();
        order.clear();
        __syncthreads();
        share.read(element, low, [&](Key key, std::uint32_t) {
          if (key <= top) atomicAdd(&order.counts()[(key - low) >> shift], 1U);
        });
        std::uint32_t* bins = order.counts();
        if (blocks > 1) {
          bins += kSampleBins;
          cluster_sync();
          for (std::uint32_t i = threadIdx.x; i < kSampleBins; i += kOrderThreads) {
            std::uint32_t sum = 0;
            for (std::uint32_t b = 0; b < blocks; ++b) sum += cluster_load(&order.counts()[i], b);
            bins[i] = sum;
          }
          cluster_sync();
        } else {
          __syncthreads();
        }
        const FoundBin found = find_rank<kSampleBins / kOrderThreads>(bins, order.digits, k - above);
        above += found.above;
        within = found.within;
        const Key bottom = low + (found.bin << shift);
        const Key last = bottom + ((Key{1} << shift) - 1);
        top = last < top && last >= bottom ? last : top;
        low = bottom;
      }
      bound = low;
      __syncthreads();
      order.clear();
      if (threadIdx.x == 0) state.passed = 0;
      __syncthreads();
      // What is left is `bound` alone when it does not fit: its first k - above by position win.
      const bool fits = above + within <= capacity;
      if (fits || bound != ~Key{0})
        share.read(element, fits ? bound : bound + 1,
                   [&](Key key, std::uint32_t p) { list[atomicAdd(&state.passed, 1U)] = candidate(key, p); });
      if (!fits) {
        const std::uint32_t quota = k - above;
        std::uint32_t equal = 0, before, lower;
        share.read(element, bound, [&](Key key, std::uint32_t) { equal += key == bound ? 1U : 0U; });
        cluster_sum(block_sum(equal, &before), &lower);
        before += lower;
#pragma unroll 1
        for (std::uint32_t from = share.warp_begin(); from < share.warp_end() && before < quota; from += kWarp) {
          const std::uint32_t g = from + lane();
          std::uint32_t own = 0;
          if (g < share.warp_end())
            share.read(element, g, bound, [&](Key key, std::uint32_t) { own += key == bound ? 1U : 0U; });
          const std::uint32_t through = sum_through(own);
          std::uint32_t place = before + through - own;
          if (g < share.warp_end())
            share.read(element, g, bound, [&](Key key, std::uint32_t p) {
              if (key == bound && place++ < quota) list[atomicAdd(&state.passed, 1U)] = candidate(key, p);
            });
          before += __shfl_sync(full_mask, through, kWarp - 1);
        }
      }
      count = publish();
    }

    const int position_bits = 32 - __clz(static_cast<int>(n - 1));
    const std::uint32_t ranks = (k + blocks - 1) >> blocks_log;
    const std::uint32_t from = ::min(rank * ranks, k), to = ::min(from + ranks, k);

    order_items(
        order, sorted, count, k, from, to, candidate(bound, ~0U), candidate(high, 0), position_bits,
        a.args.problem.order, nullptr, ListReader{list, state.offsets, blocks},
        [&] {
          if (blocks > 1) cluster_arrive();
        },
        // Behind this all blocks have read this one's list.
        [&] {
          if (blocks > 1) cluster_wait();
        },
        [&] {
          return [&](std::uint32_t place, Candidate c) {
            if (a.args.problem.order != Order::index) {
              out.write(a.args, element, place, c);
            } else if (place == k - 1) {
              for (std::uint32_t b = 0; b < blocks; ++b) cluster_store(&state.cut, b, c);
            }
          };
        });
    if (blocks > 1 && a.args.problem.order == Order::index) {
      cluster_sync();
    } else {
      __syncthreads();
    }
    if (threadIdx.x == 0) state.row += gridDim.x >> blocks_log;
    if (a.args.problem.order != Order::index) continue;

    // Winners by index: a bit for each position of the block's share.
    const Candidate cut = state.cut;
    order.clear();
    __syncthreads();
    std::uint32_t* const words = order.counts();
    std::uint32_t* const places = words + kShareWords;  // of each word's first winner
    const std::uint32_t first = rank == 0 ? 0 : share.row.position(share.begin, 0);
    const std::uint32_t own = state.counts[rank];
    for (std::uint32_t i = threadIdx.x; i < own; i += kOrderThreads) {
      const std::uint32_t at = index_of(list[i]) - first;
      if (list[i] >= cut) atomicOr(&words[at / 32], 1U << at % 32);
    }
    __syncthreads();
    const uint4 bits = reinterpret_cast<const uint4*>(words)[threadIdx.x];
    const auto to_y = static_cast<std::uint32_t>(__popc(bits.x)),
               to_z = to_y + static_cast<std::uint32_t>(__popc(bits.y));
    const std::uint32_t to_w = to_z + static_cast<std::uint32_t>(__popc(bits.z));
    const std::uint32_t winners = to_w + static_cast<std::uint32_t>(__popc(bits.w));
    std::uint32_t before, lower;
    cluster_sum(block_sum(winners, &before), &lower);
    const std::uint32_t place = lower + before + sum_through(winners) - winners;
    reinterpret_cast<uint4*>(places)[threadIdx.x] = make_uint4(place, place + to_y, place + to_z, place + to_w);
    __syncthreads();
    for (std::uint32_t i = threadIdx.x; i < own; i += kOrderThreads) {
      const std::uint32_t at = index_of(list[i]) - first;
      const std::uint32_t lower_bits = words[at / 32] & ((1U << at % 32) - 1);
      if (list[i] >= cut)
        out.write(a.args, element, places[at / 32] + static_cast<std::uint32_t>(__popc(lower_bits)), list[i]);
    }
    __syncthreads();
  }
}

}  // namespace topkit::cuda
