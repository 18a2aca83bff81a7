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

// Whether all groups of a row have this maximum. By each warp for itself; maxima is 16-byte aligned, groups a multiple of 4.
__device__ __forceinline__ bool all_have(Key key, const Key* maxima, int groups) {
  bool all = true;
#pragma unroll 1
  for (int i = static_cast<int>(lane()); i < groups / 4; i += kWarp) {
    const Vec v = reinterpret_cast<const Vec*>(maxima)[i];
#pragma unroll
    for (int j = 0; j < 4; ++j) all = all && v.word[j] == key;
  }
  return __all_sync(full_mask, all) != 0;
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
