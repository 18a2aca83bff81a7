// A row in the registers of a group of lanes: vector loads of its 16-byte granules, single loads at its two ends.
//
// Granule g of the aligned part is granule g / kLanes of lane g % kLanes. What lies before and after the aligned part shares
// the granules behind it: element q of these is column q while that is before the aligned part, else it is after it.
#pragma once

#include "../args.hpp"
#include "element.hpp"

namespace topkit::cuda {

template <class E, int kLanes, int kVecs>
struct WarpRow {
  using Raw = typename E::Raw;
  static constexpr int kPerVec = 16 / static_cast<int>(sizeof(Raw));
  static constexpr int kPacks = kVecs * E::kPacksPerVec;
  static constexpr int kElements = kPacks * E::kPerPack;  // a lane's
  static constexpr int kCapacity = kElements * kLanes;
  static_assert(kElements <= 32);

  const Raw* x;
  int count;     // elements of the row
  int head;      // elements before the aligned part
  int granules;  // of the aligned part
  int at;        // this lane in its group

  // Bit i of a mask stands for element_of(i) of the lane: packs of two keep their low halves in the low half.
  __device__ static int element_of(int bit) { return E::kPerPack == 1 ? bit : 2 * (bit & 15) + (bit >> 4); }
  static constexpr std::uint32_t kAll = E::kPerPack == 2 ? ((1U << (kElements / 2)) - 1) * 0x00010001U
                                                         : ~0U >> (32 - kElements);

  __device__ WarpRow(const Raw* begin, int elements)
      : x(begin), count(elements), at(static_cast<int>(lane()) & (kLanes - 1)) {
    const auto behind = static_cast<int>(reinterpret_cast<std::uintptr_t>(begin) % 16 / sizeof(Raw));
    head = (kPerVec - behind) % kPerVec;
    if (head > count) head = count;
    granules = (count - head) / kPerVec;
  }

  __device__ int column(int bit) const {
    const int e = element_of(bit);
    const int g = e / kPerVec * kLanes + at;
    const int position = g * kPerVec + e % kPerVec;
    if (g < granules) return position + head;
    const int q = position - granules * kPerVec;
    return q < head ? q : position;
  }

  // Fills packs (kPad where there is no element) and returns the mask of what is there.
  __device__ std::uint32_t load(const E& element, Pack (&packs)[kPacks]) const {
    const Vec* const aligned = reinterpret_cast<const Vec*>(x + head) + at;
    if (__all_sync(full_mask, count == kCapacity && head == 0)) {
      Vec v[kVecs];
#pragma unroll
      for (int i = 0; i < kVecs; ++i) v[i] = aligned[i * kLanes];
#pragma unroll
      for (int i = 0; i < kVecs; ++i) unpack(element, v[i], i, packs);
      return kAll;
    }
    // What is outside the aligned part fills one granule of a lane at most.
    Pack edge[E::kPacksPerVec];
    const int edge_vec = load_edge(element, edge);
    std::uint32_t there = 0;
    Vec v[kVecs];
#pragma unroll
    for (int i = 0; i < kVecs; ++i)
      if (i * kLanes + at < granules) v[i] = aligned[i * kLanes];
#pragma unroll
    for (int i = 0; i < kVecs; ++i) {
      const bool inside = i * kLanes + at < granules;
      unpack(element, v[i], i, packs);
#pragma unroll
      for (int j = 0; j < E::kPacksPerVec; ++j) {
        Pack& p = packs[i * E::kPacksPerVec + j];
        p = inside ? p : i == edge_vec ? edge[j] : E::kPad;
      }
      if (inside) there |= granule_bits(i, kPerVec);
      if (i == edge_vec) there |= granule_bits(i, edge_elements());
    }
    return there;
  }

  // Elements not below the threshold; NaN passes.
  __device__ static std::uint32_t filter(const Pack (&packs)[kPacks], Pack threshold) {
    std::uint32_t mask = 0;
#pragma unroll
    for (int i = kPacks - 1; i >= 0; --i) {
      if constexpr (E::kPerPack == 2) {
        mask |= E::passing(packs[i], threshold) & (0x00010001U << i);
      } else {
        mask = E::append_below(mask, packs[i], threshold);
      }
    }
    if constexpr (E::kPerPack == 1) mask = ~mask & kAll;
    return mask;
  }

  // The mask in the order of the elements.
  __device__ static std::uint32_t in_order(std::uint32_t mask) {
    if constexpr (E::kPerPack == 2) {
      const auto spread = [](std::uint32_t m) {
        m = (m | m << 8) & 0x00ff00ff;
        m = (m | m << 4) & 0x0f0f0f0f;
        m = (m | m << 2) & 0x33333333;
        return (m | m << 1) & 0x55555555;
      };
      return spread(mask & 0xffff) | spread(mask >> 16) << 1;
    }
    return mask;
  }
  __device__ static std::uint32_t out_of_order(std::uint32_t mask) {
    if constexpr (E::kPerPack == 2) {
      const auto gather = [](std::uint32_t m) {
        m &= 0x55555555;
        m = (m | m >> 1) & 0x33333333;
        m = (m | m >> 2) & 0x0f0f0f0f;
        m = (m | m >> 4) & 0x00ff00ff;
        return (m | m >> 8) & 0xffff;
      };
      return gather(mask) | gather(mask >> 1) << 16;
    }
    return mask;
  }

  // The first n elements of granule i.
  __device__ static std::uint32_t granule_bits(int i, int n) { return out_of_order(((1U << n) - 1) << (i * kPerVec)); }
  __device__ static void unpack(const E& element, const Vec& v, int i, Pack (&packs)[kPacks]) {
    Pack some[E::kPacksPerVec];
    element.unpack(v, some);
#pragma unroll
    for (int j = 0; j < E::kPacksPerVec; ++j) packs[i * E::kPacksPerVec + j] = some[j];
  }
  __device__ static void fill(int i, Pack (&packs)[kPacks]) {
#pragma unroll
    for (int j = 0; j < E::kPacksPerVec; ++j) packs[i * E::kPacksPerVec + j] = E::kPad;
  }

 private:
  // The first element of this lane among those outside the aligned part, and how many it has.
  __device__ int edge_first() const { return ((at - granules) & (kLanes - 1)) * kPerVec; }
  __device__ int edge_elements() const {
    const int n = count - granules * kPerVec - edge_first();
    return n < 0 ? 0 : n > kPerVec ? kPerVec : n;
  }
  // Returns which granule of the lane they are, -1 if there are none.
  __device__ int load_edge(const E& element, Pack (&edge)[E::kPacksPerVec]) const {
    const int first = edge_first(), n = edge_elements();
#pragma unroll
    for (int j = 0; j < E::kPacksPerVec; ++j) edge[j] = E::kPad;
#pragma unroll
    for (int j = 0; j < kPerVec; ++j) {
      if (j >= n) continue;
      const int q = first + j;
      const Raw raw = x[q < head ? q : q + granules * kPerVec];
      if constexpr (E::kPerPack == 2) {
        Pack& p = edge[j / 2];
        p = j % 2 == 0 ? (p & 0xffff0000U) | raw : (p & 0xffffU) | static_cast<Pack>(raw) << 16;
      } else {
        edge[j] = element.pack(raw);
      }
    }
    return n == 0 ? -1 : (granules + first / kPerVec) / kLanes;
  }
};

}  // namespace topkit::cuda
