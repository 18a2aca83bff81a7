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
    part = (shape.vecs + kSelectParts * kSelectVecs<S> - 1) / (kSelectParts * kSelectVecs<S>)*kSelectVecs<S>;
    whole = there >= shape.vecs * kWarp && row.inside(first) && row.inside(first + shape.vecs * kWarp - 1);
  }

  __device__ void copy() const {
    constexpr std::uint32_t kVecs = kSelectVecs<S>;
    if (whole) {
      const Vec* from = row.vec(first + lane());
      Vec* to = granules + lane();
#pragma unroll 1
      for (std::uint32_t left = vecs, p = 0; p < kSelectParts; ++p) {
#pragma unroll 1
        for (std::uint32_t v = 0; v < part && left != 0; v += kVecs, left -= kVecs) {
#pragma unroll
          for (std::uint32_t j = 0; j < kVecs; ++j) async_copy16(to + j * kWarp, from + j * kWarp);
          from += kVecs * kWarp;
          to += kVecs * kWarp;
        }
        async_commit();
      }
      return;
    }
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

  // Calls f(vecs, masks) for kSelectVecs granules of this lane at a time: the granules, and of each a bit for every element that is there.
  // kWaits: until they are.
  template <bool kWaits, class F>
  __device__ void each(F f) const {
    constexpr int kVecs = kSelectVecs<S>;
    const std::uint32_t step = kWaits ? part : vecs;
#pragma unroll 1
    for (std::uint32_t from = 0, p = 0; from < vecs; from += step, ++p) {
      if constexpr (kWaits) wait_for(p);
      const std::uint32_t end = ::min(from + step, vecs);
      if (whole) {
#pragma unroll 1
        for (std::uint32_t v = from; v < end; v += kVecs) {
          unsigned masks[kVecs];
#pragma unroll
          for (unsigned& mask : masks) mask = kAll;
          f(granules + v * kWarp + lane(), masks);
        }
      } else {
#pragma unroll 1
        for (std::uint32_t v = from; v < end; v += kVecs) {
          unsigned masks[kVecs];
#pragma unroll
          for (int j = 0; j < kVecs; ++j) masks[j] = mask_of(v + j);
          f(granules + v * kWarp + lane(), masks);
        }
      }
    }
  }

  // Calls f(word, position, has) for all words of the warp's part, neighbours by neighbouring lanes: the position of its first element, and
  // a bit for every element that is there. All lanes of the warp call f equally often.
  template <class F>
  __device__ void each_word(F f) const {
    using Word = typename S::Word;
    constexpr std::uint32_t kWords = 16 / sizeof(Word), kHas = (1U << S::kPerWord) - 1;
    const auto* const words = reinterpret_cast<const Word*>(granules);
    std::uint32_t position = row.position(first, 0) + lane() * S::kPerWord;
    const std::uint32_t end = vecs * kWarp * kWords;
    if (whole) {
#pragma unroll 4
      for (std::uint32_t i = lane(); i < end; i += kWarp, position += kWarp * S::kPerWord) f(words[i], position, kHas);
      return;
    }
#pragma unroll 1
    for (std::uint32_t i = lane(); i < end; i += kWarp, position += kWarp * S::kPerWord) {
      unsigned has = 0;
      if (i / kWords < there) {
#pragma unroll
        for (int e = 0; e < S::kPerWord; ++e) has |= (position + e < row.count ? 1U : 0U) << e;
      }
      f(words[i], position, has);
    }
  }

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
