// A block's share of a row in shared memory, as it lies in memory: a contiguous piece for each warp, so that the order of
// positions is (block, warp, granule, element). A thread reads what it has copied itself, so no barrier lies between.
#pragma once

#include "select_element.cuh"
#include "select_shape.hpp"

namespace topkit::cuda {

inline constexpr std::uint32_t kSelectParts = 4;  // that are waited for one after the other

template <class S>
struct SelectShare {
  using Raw = typename S::Raw;
  static constexpr int kPerVec = S::kPerVec;
  static constexpr unsigned kAll = (1U << kPerVec) - 1;

  Row<S> row;
  Vec* granules;        // the warp's
  std::uint32_t first;  // the row's granule that the warp begins with
  std::uint32_t there;  // granules of the row from there on that are the block's; they may be more than the warp's
  std::uint32_t vecs;   // granules of a lane
  std::uint32_t part;   // granules of a lane in each of kSelectParts parts
  bool whole;           // all the warp's granules lie inside the row and the share

  __device__ SelectShare(const Row<S>& r, const SelectShape& shape, unsigned rank, Vec* share) : row(r) {
    const std::uint32_t all = r.granules();
    const std::uint32_t each = (all + (1U << shape.blocks_log) - 1) >> shape.blocks_log;
    const std::uint32_t own = warp() * shape.vecs * kWarp, end = ::min((rank + 1) * each, all);
    granules = share + own;
    first = rank * each + own;
    there = own < each && first < end ? end - first : 0;
    vecs = ::min(shape.vecs, (there + kWarp - 1) / kWarp);
    part = (shape.vecs + kSelectParts * kSelectVecs - 1) / (kSelectParts * kSelectVecs) * kSelectVecs;
    whole = there >= shape.vecs * kWarp && row.inside(first) && row.inside(first + shape.vecs * kWarp - 1);
  }

  __device__ void copy() const {
#pragma unroll 1
    for (std::uint32_t from = 0, p = 0; p < kSelectParts; ++p, from += part) {
#pragma unroll 1
      for (std::uint32_t v = from; v < from + part && v < vecs; ++v) {
        const std::uint32_t i = v * kWarp + lane(), g = first + i;
        if (i >= there) continue;
        if (row.inside(g)) {
          async_copy16(granules + i, row.vec(g));
        } else {
          copy_edge(g, reinterpret_cast<Raw*>(granules + i));
        }
      }
      async_commit();
    }
  }

  // Calls f(v, keys, masks) for each kSelectVecs granules of this lane: v of the first, the keys of all of them, and of
  // each a bit for every element that is there. All lanes of the warp call f equally often.
  template <class F>
  __device__ void each(const S& element, F f) const {
#pragma unroll 1
    for (std::uint32_t from = 0, p = 0; p < kSelectParts && from < vecs; ++p, from += part) {
      wait_for(p);
#pragma unroll 1
      for (std::uint32_t v = from; v < from + part && v < vecs; v += kSelectVecs) {
        typename S::Key keys[kSelectVecs][kPerVec];
#pragma unroll
        for (int j = 0; j < kSelectVecs; ++j) element.keys(granules[(v + j) * kWarp + lane()], keys[j]);
        unsigned masks[kSelectVecs];
        if (whole) {
#pragma unroll
          for (unsigned& mask : masks) mask = kAll;
          f(v, keys, masks);
        } else {
#pragma unroll
          for (int j = 0; j < kSelectVecs; ++j) masks[j] = mask_of(v + j);
          f(v, keys, masks);
        }
      }
    }
  }

  // Position in the row of the first element of granule v of lane 0.
  __device__ std::uint32_t position(std::uint32_t v) const { return row.position(first + v * kWarp, 0); }

 private:
  __device__ static void wait_for(std::uint32_t p) {
    static_assert(kSelectParts == 4);
    if (p == 0) async_wait<3>();
    if (p == 1) async_wait<2>();
    if (p == 2) async_wait<1>();
    if (p == 3) async_wait<0>();
  }
  __device__ void copy_edge(std::uint32_t g, Raw* to) const {
#pragma unroll 1
    for (int e = 0; e < kPerVec; ++e)
      if (row.position(g, e) < row.count) to[e] = row.x[row.position(g, e)];
  }
  __device__ unsigned mask_of(std::uint32_t v) const {
    const std::uint32_t i = v * kWarp + lane(), g = first + i;
    if (i >= there) return 0;
    if (row.inside(g)) return kAll;
    unsigned mask = 0;
#pragma unroll 1
    for (int e = 0; e < kPerVec; ++e) mask |= (row.position(g, e) < row.count ? 1U : 0U) << e;
    return mask;
  }
};

}  // namespace topkit::cuda
