// A block's share of a row in registers. The row, or a part of it, is dealt to the blocks of its cluster by lines of 128 bytes,
// each eight lines to eight blocks in an order of their own: neighbours that win together (a sorted row, a hot range of
// tokens) are many blocks' and many warps' matter, and no period of the data meets one block alone. In a block, position
// order is (vector, thread, element).
#pragma once

#include <type_traits>

#include "row.cuh"

namespace topkit::cuda {

// Bit i of the low half becomes bit 2 * i, bit i of the high half bit 2 * i + 1 (Hacker's Delight, 7-2).
__device__ __forceinline__ std::uint32_t shuffle_halves(std::uint32_t x) {
  const auto swap = [&x](std::uint32_t which, int by) {
    const std::uint32_t differ = (x ^ x >> by) & which;
    x ^= differ ^ differ << by;
  };
  swap(0x0000ff00, 8);
  swap(0x00f000f0, 4);
  swap(0x0c0c0c0c, 2);
  swap(0x22222222, 1);
  return x;
}

template <class E, int kThreads, int kVecs>
struct ShareOfRow {
  static constexpr int kPacks = E::kPacksPerVec;
  static constexpr int kPerVec = kPacks * E::kPerPack;
  static constexpr int kElements =
      kVecs * kPerVec;  // of a thread: bit j * kPerVec + e of a mask is element e of vector j
  static_assert(kElements <= 64);
  using Mask = std::conditional_t<(kElements > 32), std::uint64_t, std::uint32_t>;

  static constexpr int kLogLine = 3;  // granules

  Row<E> row;
  std::uint32_t begin, end;   // granules of the row or the part
  std::uint32_t first, step;  // granules of this thread: first, first + step, ..
  Pack packs[kVecs][kPacks];
  Mask there;  // elements that are the row's

  // Of granules [from, to) of the row, or what there is of them, the share of one of 2^log_blocks blocks. from is that of a line.
  __device__ ShareOfRow(const Row<E>& r, int log_blocks, unsigned rank, std::uint32_t from, std::uint32_t to)
      : row(r), begin(::min(from, r.granules())), end(::min(to, r.granules())), step(kThreads << log_blocks) {
    const std::uint32_t line = threadIdx.x >> kLogLine, turn = line ^ line >> log_blocks ^ line >> 2 * log_blocks;
    const std::uint32_t block = (rank ^ turn) & ((1U << log_blocks) - 1);
    first = begin + (((line << log_blocks) + block) << kLogLine) + (threadIdx.x & ((1U << kLogLine) - 1));
  }

  // Of the whole row.
  __device__ ShareOfRow(const Row<E>& r, int log_blocks, unsigned rank) : ShareOfRow(r, log_blocks, rank, 0, ~0U) {}

  __device__ std::uint32_t granule(int j) const { return first + j * step; }
  // Of bit b in the row.
  __device__ std::uint32_t position(int b) const { return row.position(granule(b / kPerVec), b % kPerVec); }

  __device__ void load(const E& element) {
    // The first and the last granule may stick out of the row.
    const bool head = row.shift != 0, tail = (row.shift + row.count) % kPerVec != 0;
    const std::uint32_t from = ::max(begin, head ? 1U : 0U), to = ::min(end, row.granules() - (tail ? 1U : 0U));
    Vec v[kVecs];
    const Vec* const mine = row.vec(granule(0));
#pragma unroll
    for (int j = 0; j < kVecs; ++j) {
      const std::uint32_t g = granule(j);
      v[j] = Vec{{E::kPad, E::kPad, E::kPad, E::kPad}};
      if (g >= from && g < to) v[j] = load_once(mine + j * step);
    }
    there = 0;
#pragma unroll
    for (int j = 0; j < kVecs; ++j) {
      const std::uint32_t g = granule(j);
      if (g >= from && g < to) there |= vec_bits(j);
    }
#pragma unroll
    for (int j = 0; j < kVecs; ++j) {
      element.unpack(v[j], packs[j]);
      if constexpr (!E::kRawPacks) {
#pragma unroll
        for (int i = 0; i < kPacks; ++i) packs[j][i] = (there >> (j * kPerVec) & 1U) != 0 ? packs[j][i] : E::kPad;
      }
    }
    if (head && begin == 0) edge(element, 0);
    if (tail && end == row.granules() && begin < end && !(head && end == 1)) edge(element, end - 1);
  }

  // Bit s is set for elements that are not below the threshold.
  __device__ Mask passing(Pack threshold) const {
    constexpr int kWord = kElements < 32 ? kElements : 32;
    Mask mask = 0;
#pragma unroll
    for (int word = 0; word < kElements / kWord; ++word) {
      std::uint32_t bits = 0;
      if constexpr (E::kPerPack == 1) {
#pragma unroll
        for (int i = kWord - 1; i >= 0; --i)
          bits = E::append_below(bits, packs[(word * kWord + i) / kPacks][i % kPacks], threshold);
        bits = ~bits;
      } else {
        // The packs' low elements, and above them their high ones, into the order of the row.
#pragma unroll
        for (int i = 0; i < kWord / 2; ++i)
          bits |= E::passing(packs[(word * kWord / 2 + i) / kPacks][i % kPacks], threshold) & 0x00010001U << i;
        bits = shuffle_halves(bits);
      }
      mask |= static_cast<Mask>(bits) << (word * kWord);
    }
    return mask & there;
  }

  // Element `bit` as a pack's half bit % kPerPack, chosen by a tree of selects without an index into registers.
  __device__ Pack pack_of(int bit) const { return pick<0, kVecs * kPacks>(static_cast<unsigned>(bit) / E::kPerPack); }

  // The thread's best pack: each of its halves, where packs have two, is the best of that half.
  __device__ Pack best() const {
    Pack m = packs[0][0];
#pragma unroll
    for (int j = 0; j < kVecs; ++j) {
#pragma unroll
      for (int i = 0; i < kPacks; ++i)
        if (i + j > 0) m = E::max(m, packs[j][i]);
    }
    return m;
  }

 private:
  // Pack `at` of the kMany from kFrom on; only its low bits count.
  template <int kFrom, int kMany>
  __device__ Pack pick(unsigned at) const {
    static_assert((kMany & (kMany - 1)) == 0);
    if constexpr (kMany == 1) {
      return packs[kFrom / kPacks][kFrom % kPacks];
    } else {
      const Pack low = pick<kFrom, kMany / 2>(at), high = pick<kFrom + kMany / 2, kMany / 2>(at);
      return (at & (kMany / 2)) != 0 ? high : low;
    }
  }

  static constexpr __device__ Mask vec_bits(int j) {
    return (~Mask{0} >> (sizeof(Mask) * 8 - kPerVec)) << (j * kPerVec);
  }

  // Granule g, which sticks out of the row, goes to its thread.
  __device__ static Mask load_edge(const Row<E>& row, const E& element, std::uint32_t g, Pack (&out)[kPacks]) {
    row.load(element, g, out);
    Mask bits = 0;
#pragma unroll
    for (int e = 0; e < kPerVec; ++e)
      if (row.position(g, e) < row.count) bits |= Mask{1} << e;
    return bits;
  }
  __device__ void edge(const E& element, std::uint32_t g) {
    if (g < first || ((g - first) & (step - 1)) != 0) return;
    Pack some[kPacks];
    const Mask bits = load_edge(row, element, g, some);
#pragma unroll
    for (int j = 0; j < kVecs; ++j) {
      const bool here = granule(j) == g;
#pragma unroll
      for (int i = 0; i < kPacks; ++i) packs[j][i] = here ? some[i] : packs[j][i];
      there = here ? (there & ~vec_bits(j)) | bits << (j * kPerVec) : there;
    }
  }
};

template <class Mask>
__device__ __forceinline__ int lowest_bit(Mask mask) {
  return (sizeof(Mask) == 8 ? __ffsll(static_cast<long long>(mask)) : __ffs(static_cast<int>(mask))) - 1;
}

// Puts a thread's elements of `mask`, at least one, into the list behind the *listed that it has, as far as there is room.
template <class E, class Share>
__device__ __forceinline__ void list_elements(const E& element, const Share& share, typename Share::Mask mask,
                                              Candidate* list, int capacity, std::uint32_t* listed) {
  const int many = sizeof(mask) == 8 ? __popcll(mask) : __popc(static_cast<std::uint32_t>(mask));
  auto slot = static_cast<int>(atomicAdd(listed, static_cast<std::uint32_t>(many)));
  do {
    const int bit = lowest_bit(mask);
    mask &= mask - 1;
    const Key key = element.key(share.pack_of(bit), bit % E::kPerPack);
    if (slot < capacity) list[slot] = candidate(key, share.position(bit));
    ++slot;
  } while (mask != 0);
}

}  // namespace topkit::cuda
