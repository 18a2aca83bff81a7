// Rows of which many elements have the best key, k at least: a row of one value, of few, with NaN or infinities. The first k of
// them are the winners, and may lie near the row's beginning, where every block finds them by itself: nothing is sent or compared.
#pragma once

#include "cluster_crowd.cuh"

namespace topkit::cuda {

// The beginning of a row as a share of it (ShareOfRow), a granule a thread, which is loaded to be compared.
template <class E, int kThreads>
struct BeginningOfRow {
  static constexpr int kPerVec = E::kPacksPerVec * E::kPerPack, kElements = kPerVec;
  using Mask = std::uint32_t;

  const Row<E>& row;

  __device__ std::uint32_t position(int b) const { return row.position(threadIdx.x, b); }

  // Bit s is set for elements of this key; of the row's last granule only where that is whole, or its first.
  __device__ Mask equal(const E& element, Key key) const {
    const bool whole = row.inside(threadIdx.x), head = threadIdx.x == 0 && row.shift != 0;
    Vec v{};
    if (whole) v = row.load_inside(threadIdx.x);
    if (head) v = row.load_edge(0);
    Pack packs[E::kPacksPerVec];
    element.unpack(v, packs);
    Mask bits = 0;
#pragma unroll
    for (int e = 0; e < kPerVec; ++e)
      bits |= (element.key(packs[e / E::kPerPack], e % E::kPerPack) == key ? 1U : 0U) << e;
    const std::uint32_t end = row.shift + row.count,
                        of_head = (end < kPerVec ? (1U << end) - 1 : ~0U) & ~0U << row.shift;
    return whole ? bits : head ? bits & of_head : 0;
  }
};

// Whether the first k elements of this key are among a row's first kAtOnce * kThreads; list[0..k) then. A warp has 32 neighbours at a
// time, which need no more than votes. All threads; ends with a barrier.
template <int kThreads, unsigned kAtOnce, class E>
__device__ __forceinline__ bool list_first_near(const E& element, const Row<E>& row, Key key, int k, Candidate* list,
                                                CrowdState& s) {
  constexpr unsigned kWarps = kThreads / kWarp;
  const unsigned first = warp() * kAtOnce * kWarp;
  unsigned equal = 0;
  int mine = 0;
  if (first + kAtOnce * kWarp <= row.count) {  // what sticks out is the row's last
    const typename E::Raw* const at = row.x + first + lane();
    typename E::Raw raw[kAtOnce];
#pragma unroll
    for (unsigned i = 0; i < kAtOnce; ++i) raw[i] = at[i * kWarp];
#pragma unroll
    for (unsigned i = 0; i < kAtOnce; ++i) {
      const bool is_equal = element.key(element.pack(raw[i]), 0) == key;
      equal |= (is_equal ? 1U : 0U) << i;
      mine += __popc(__ballot_sync(full_mask, is_equal));
    }
  }
  if (lane() == 0) s.warps[0][warp()] = static_cast<std::uint32_t>(mine);
  __syncthreads();
  const std::uint32_t sum = lane() < kWarps ? s.warps[0][lane()] : 0;
  auto before = static_cast<int>(__reduce_add_sync(full_mask, lane() < warp() ? sum : 0));
  const auto all = static_cast<int>(__reduce_add_sync(full_mask, sum));
  if (mine > 0) {
#pragma unroll 1
    for (unsigned i = 0; i < kAtOnce && before < k; ++i) {
      const unsigned those = __ballot_sync(full_mask, (equal >> i & 1U) != 0);
      const int place = before + __popc(those & ((1U << lane()) - 1));
      if ((equal >> i & 1U) != 0 && place < k) list[place] = candidate(key, first + i * kWarp + lane());
      before += __popc(those);
    }
  }
  __syncthreads();
  return all >= k;
}

// Whether the first k elements of this key are among the first that the threads have a vector of; list[0..k) then. All threads,
// behind a barrier; ends with one.
template <int kThreads, class E>
__device__ __forceinline__ bool list_first_of_row(const E& element, const Row<E>& row, Key key, int k, Candidate* list,
                                                  CrowdState& s) {
  const BeginningOfRow<E, kThreads> first{row};
  return list_first<kThreads>(first, first.equal(element, key), key, k, list, s) == k;
}

}  // namespace topkit::cuda
