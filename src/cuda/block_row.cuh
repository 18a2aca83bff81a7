// A row in the registers of a team of threads: 32 elements a lane for each of its masks, vector loads of the row's 16-byte
// granules, single loads at its two ends.
//
// RowKind::plain: the row begins with an aligned granule and ends with one. RowKind::part: it is some of such a row's, and
// x is where the granule of its first element begins; what is not its own is loaded and becomes kPad.
//
// Granule g of the aligned part is granule g / threads of thread g % threads, so that neighbours are spread over all warps.
// What lies before and after the aligned part shares the granules behind it, as in WarpRow.
#pragma once

#include "block_team.cuh"
#include "warp_row.cuh"

namespace topkit::cuda {

enum class RowKind : std::uint8_t { any, plain, part };

template <class E, class Team, int kMasks, RowKind kKind>
struct BlockRow {
  static constexpr bool kGranules = kKind != RowKind::any;  // nothing lies outside the aligned part
  using Raw = typename E::Raw;
  static constexpr int kPerVec = 16 / static_cast<int>(sizeof(Raw));
  static constexpr int kVecs = 32 / kPerVec;  // of a mask
  static constexpr int kPacks = kVecs * E::kPacksPerVec;
  using Lane = WarpRow<E, kWarp, kVecs>;  // the elements of one mask of one lane are the same

  const Raw* x;
  int count;     // elements of the row; of a part with those before it in its first granule
  int head;      // elements before the aligned part
  int granules;  // of the aligned part
  [[no_unique_address]] Team team;

  __device__ BlockRow(const Raw* begin, int elements, Team team = {}) : x(begin), count(elements), team(team) {
    if constexpr (kGranules) {
      head = 0;
      granules = (count + kPerVec - 1) / kPerVec;
      return;
    }
    const auto behind = static_cast<int>(reinterpret_cast<std::uintptr_t>(begin) % 16 / sizeof(Raw));
    head = ::min((kPerVec - behind) % kPerVec, count);
    granules = (count - head) / kPerVec;
  }

  // An element's name: its thread, mask and bit in 16 bits.
  __device__ static std::uint16_t name(int mask, int bit) {
    return static_cast<std::uint16_t>((Team::at() * kMasks + mask) << 5 | bit);
  }
  __device__ unsigned column(unsigned name) const {
    if constexpr (kGranules && E::kPerPack == 2) {
      const auto threads = static_cast<unsigned>(team.threads());
      const unsigned halves = name >> 4;  // two of each mask
      return (name & 3) * 2 + (halves & 1) + (halves / (2 * kMasks)) * 8 + (name & 12) * 2 * threads +
             (halves & (2 * kMasks - 2)) * 16 * threads;
    } else if constexpr (kGranules && E::kPerPack == 1 && kPerVec == 4 && kMasks == 1) {
      return (name & 3) + (name >> 5) * 4 + (name & 28) * static_cast<unsigned>(team.threads());
    } else {
      return static_cast<unsigned>(column_anywhere(static_cast<int>(name)));
    }
  }

  // Fills packs (kPad where there is no element) and the masks of what is there.
  __device__ void load(const E& element, Pack (&packs)[kMasks][kPacks], std::uint32_t (&there)[kMasks]) const {
    const int threads = team.threads(), at = Team::at();
    const Vec* const aligned = reinterpret_cast<const Vec*>(x + head) + at;
    const int edge = kGranules ? 0 : count - granules * kPerVec;  // elements outside the aligned part
    Vec v[kMasks][kVecs] = {};
    if (kKind != RowKind::part && granules == kMasks * kVecs * threads && edge == 0) {
#pragma unroll
      for (int m = 0; m < kMasks; ++m) {
#pragma unroll
        for (int i = 0; i < kVecs; ++i) v[m][i] = aligned[(m * kVecs + i) * threads];
      }
#pragma unroll
      for (int m = 0; m < kMasks; ++m) {
#pragma unroll
        for (int i = 0; i < kVecs; ++i) Lane::unpack(element, v[m][i], i, packs[m]);
        there[m] = Lane::kAll;
      }
      return;
    }
#pragma unroll
    for (int m = 0; m < kMasks; ++m) {
      there[m] = 0;
#pragma unroll
      for (int i = 0; i < kVecs; ++i) {
        v[m][i] = {{E::kPad, E::kPad, E::kPad, E::kPad}};
        if ((m * kVecs + i) * threads + at < granules) {
          v[m][i] = aligned[(m * kVecs + i) * threads];
          there[m] |= Lane::granule_bits(i, kPerVec);
        }
      }
    }
#pragma unroll
    for (int m = 0; m < kMasks; ++m) {
#pragma unroll
      for (int i = 0; i < kVecs; ++i) {
        Lane::unpack(element, v[m][i], i, packs[m]);
        if constexpr (E::kPad == 0) {
          if ((m * kVecs + i) * threads + at >= granules) Lane::fill(i, packs[m]);
        }
      }
    }
    if constexpr (!kGranules) {
      if (edge != 0) load_edge(element, edge, packs, there);
    }
  }

  // Of a part: `skip` elements of the first granule and what is behind the last element are not its own.
  __device__ void trim(int skip, Pack (&packs)[kMasks][kPacks], std::uint32_t (&there)[kMasks]) const {
    static_assert(kKind == RowKind::part);
    if (skip > 0 && Team::at() == 0) erase(0, skip, 0, packs, there);
    const int last = granules - 1, some = count - last * kPerVec;
    if (some == kPerVec) return;
#pragma unroll
    for (int i = 0; i < kMasks * kVecs; ++i)
      if (i * team.threads() + Team::at() == last) erase(some, kPerVec, i, packs, there);
  }

 private:
  // Elements from..to - 1 of the lane's granule `vec`.
  __device__ static void erase(int from, int to, int vec, Pack (&packs)[kMasks][kPacks],
                               std::uint32_t (&there)[kMasks]) {
    const std::uint32_t gone = Lane::granule_bits(0, to) & ~Lane::granule_bits(0, from);
#pragma unroll
    for (int m = 0; m < kMasks; ++m) {
#pragma unroll
      for (int i = 0; i < kVecs; ++i) {
        if (m * kVecs + i != vec) continue;
        there[m] &= ~(gone << (i * E::kPacksPerVec));
#pragma unroll
        for (int j = 0; j < E::kPacksPerVec; ++j) {
          Pack& p = packs[m][i * E::kPacksPerVec + j];
          if constexpr (E::kPerPack == 2) {
            const Pack pads = ((gone >> j) & 0x00010001U) * 0xffffU;
            p = (p & ~pads) | (E::kPad & pads);
          } else {
            if ((gone >> j & 1U) != 0) p = E::kPad;
          }
        }
      }
    }
  }

  __device__ int column_anywhere(int name) const {
    const int e = Lane::element_of(name & 31), mask = (name >> 5) % kMasks, thread = (name >> 5) / kMasks;
    const int g = (mask * kVecs + e / kPerVec) * team.threads() + thread;
    const int position = g * kPerVec + e % kPerVec;
    if (g < granules) return position + head;
    const int q = position - granules * kPerVec;
    return q < head ? q : position;
  }

  // The elements outside the aligned part fill two granules at most, of two threads.
  __device__ void load_edge(const E& element, int edge, Pack (&packs)[kMasks][kPacks],
                            std::uint32_t (&there)[kMasks]) const {
    const int threads = team.threads(), at = Team::at();
    int vec = -1, first = 0;
#pragma unroll
    for (int i = 0; i < kMasks * kVecs; ++i) {
      const int beyond = (i * threads + at - granules) * kPerVec;
      if (beyond >= 0 && beyond < edge) {
        vec = i;
        first = beyond;
      }
    }
    if (vec < 0) return;
    const int n = ::min(edge - first, kPerVec);
    Pack some[E::kPacksPerVec];
#pragma unroll
    for (int j = 0; j < E::kPacksPerVec; ++j) some[j] = E::kPad;
#pragma unroll
    for (int j = 0; j < kPerVec; ++j) {
      if (j >= n) continue;
      const int q = first + j;
      const Raw raw = x[q < head ? q : q + granules * kPerVec];
      if constexpr (E::kPerPack == 2) {
        Pack& p = some[j / 2];
        p = j % 2 == 0 ? (p & 0xffff0000U) | raw : (p & 0xffffU) | static_cast<Pack>(raw) << 16;
      } else {
        some[j] = element.pack(raw);
      }
    }
#pragma unroll
    for (int m = 0; m < kMasks; ++m) {
#pragma unroll
      for (int i = 0; i < kVecs; ++i) {
        if (m * kVecs + i != vec) continue;
        there[m] |= Lane::granule_bits(i, n);
#pragma unroll
        for (int j = 0; j < E::kPacksPerVec; ++j) packs[m][i * E::kPacksPerVec + j] = some[j];
      }
    }
  }
};

}  // namespace topkit::cuda
