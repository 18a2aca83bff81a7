// A block's share of a row in registers. The row, or a part of it, is dealt to the blocks of its cluster by lines of 128 bytes,
// each eight lines to eight blocks in an order of their own: neighbours that win together (a sorted row, a hot range of
// tokens) are many blocks' and many warps' matter, and no period of the data meets one block alone. In a block, position
// order is (vector, thread, element). What registers do not hold lies in shared memory, where each thread reads what it has asked for.
#pragma once

#include <bit>
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

// kOdd: the blocks of the cluster, where they are no power of two. kAside: vectors behind the kVecs in registers, in kThreads places
// each at the beginning of the dynamic shared memory.
template <class E, int kThreads, int kVecs, int kOdd = 0, int kAside = 0>
struct ShareOfRow {
  static constexpr int kOddBlocks = kOdd;
  static constexpr bool kAllHeld = kAside == 0;
  static constexpr int kPacks = E::kPacksPerVec;
  static constexpr int kPerVec = kPacks * E::kPerPack;
  static constexpr int kAll = kVecs + kAside;
  static constexpr int kElements =
      kAll * kPerVec;  // of a thread: bit j * kPerVec + e of a mask is element e of vector j
  static_assert(kElements <= 64);
  static_assert(kAside == 0 || (E::kRawPacks && E::kPerPack == 1));
  using Mask = std::conditional_t<(kElements > 32), std::uint64_t, std::uint32_t>;

  static constexpr int kLogLine = 3;  // granules

  Row<E> row;
  std::uint32_t begin, end;   // granules of the row or the part
  std::uint32_t first, step;  // granules of this thread: first, first + step, ..
  const Vec* mine;            // the first of them
  Pack packs[kVecs][kPacks];
  Mask there;  // elements that are the row's

  // Of granules [from, to) of the row, or what there is of them, the share of one of 2^log_blocks blocks. from is that of a line.
  __device__ ShareOfRow(const Row<E>& r, int log_blocks, unsigned rank, std::uint32_t from, std::uint32_t to)
      : row(r),
        begin(::min(from, r.granules())),
        end(::min(to, r.granules())),
        step(kOdd != 0 ? kThreads * kOdd : kThreads << log_blocks) {
    std::uint32_t line = threadIdx.x >> kLogLine;
    if constexpr (kOdd != 0) {
      line = line * kOdd + (rank + line + line / kOdd) % kOdd;
    } else {
      const std::uint32_t turn = line ^ line >> log_blocks ^ line >> 2 * log_blocks;
      line = (line << log_blocks) + ((rank ^ turn) & ((1U << log_blocks) - 1));
    }
    first = begin + (line << kLogLine) + (threadIdx.x & ((1U << kLogLine) - 1));
    mine = row.vec(first);
    there = whole();
  }

  // Of the whole row.
  __device__ ShareOfRow(const Row<E>& r, int log_blocks, unsigned rank) : ShareOfRow(r, log_blocks, rank, 0, ~0U) {}

  __device__ std::uint32_t granule(int j) const { return first + j * step; }
  // Of bit b in the row.
  __device__ std::uint32_t position(int b) const { return row.position(granule(b / kPerVec), b % kPerVec); }

  // A word that takes what is known of the share before an element is, and is never ~0, which no compiler sees: granules are fewer
  // than 2^28, and the uppermost bits of an address are 0.
  __device__ std::uint32_t known() const {
    const auto some = static_cast<std::uint32_t>(there) ^ static_cast<std::uint32_t>(there >> (kElements / 2));
    return first ^ ((some ^ some >> 16) & 0xffff) ^
           static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(mine) >> 60);
  }

  // meanwhile() is called when all has been asked for, of which nothing is there. kKnown: `there` is kept from before, for which a
  // kernel that is short of registers has none.
  template <bool kKnown, class F>
  __device__ void load(const E& element, F meanwhile) {
    const auto is_there = [&](int j) { return kKnown ? (there >> (j * kPerVec) & 1U) != 0 : is_whole(j); };
    const Vec* at = mine;
    if constexpr (E::kRawPacks) {
#pragma unroll
      for (int j = 0; j < kVecs; ++j, at += step) {
        Vec v{{E::kPad, E::kPad, E::kPad, E::kPad}};
        if (is_there(j)) v = load_once(at);
        element.unpack(v, packs[j]);
      }
#pragma unroll
      for (int j = kVecs; j < kAll; ++j, at += step) {
        if (is_there(j)) {
          async_copy16(aside(j), at);
        } else {
          *aside(j) = Vec{{E::kPad, E::kPad, E::kPad, E::kPad}};
        }
      }
      if constexpr (kAside > 0) async_commit();
      meanwhile();
      if constexpr (!kKnown) there = whole();
    } else {
      Vec v[kVecs];
#pragma unroll
      for (int j = 0; j < kVecs; ++j, at += step) v[j] = is_there(j) ? load_once(at) : Vec{};
      meanwhile();
      if constexpr (!kKnown) there = whole();
#pragma unroll
      for (int j = 0; j < kVecs; ++j) {
        Pack some[kPacks];
        element.unpack(v[j], some);
#pragma unroll
        for (int i = 0; i < kPacks; ++i) packs[j][i] = is_there(j) ? some[i] : E::kPad;
      }
    }
    if (head() && begin == 0) edge(element, 0);
    if (tail() && end == row.granules() && begin < end && !(head() && end == 1)) edge(element, end - 1);
  }

  // Bit s is set for elements that are not below the threshold; kChain of them wait for one another.
  template <int kChain>
  __device__ Mask passing(Pack threshold) const {
    constexpr int kWord = 32;
    constexpr int kHeld = kVecs * kPerVec;
    if constexpr (kElements <= kWord) {
      return passing_word<0, kElements, kChain>(threshold) & there;
    } else {
      static_assert(kHeld >= kWord);
      Mask mask = passing_word<0, kWord, kChain>(threshold);
      if constexpr (kHeld > kWord)
        mask |= static_cast<Mask>(passing_word<kWord, kHeld - kWord, kChain>(threshold)) << kWord;
      if constexpr (kAside > 0) {
        mask &= ~Mask{0} >> (64 - kHeld);
        // In two chains.
        constexpr int kChainVecs = (kAside + 1) / 2;
#pragma unroll
        for (int chain = kVecs; chain < kAll; chain += kChainVecs) {
          const int end = chain + kChainVecs < kAll ? chain + kChainVecs : kAll;
          std::uint32_t some = 0;
#pragma unroll
          for (int j = end - 1; j >= chain; --j) {
            const Vec v = *aside(j);
#pragma unroll
            for (int e = kPerVec - 1; e >= 0; --e) some = E::append_below(some, v.word[e], threshold);
          }
          const std::uint32_t those = (1U << ((end - chain) * kPerVec)) - 1;
          mask |= static_cast<Mask>(~some & those) << (chain * kPerVec);
        }
      }
      return mask & there;
    }
  }

  // Bit s is set for NaN; of F32, Bf16 and F16.
  __device__ Mask nans(Pack infinity) const {
    constexpr int kWord = 32;
    if constexpr (kElements <= kWord) {
      return nan_word<0, kElements>(infinity) & there;
    } else {
      return (nan_word<0, kWord>(infinity) | static_cast<Mask>(nan_word<kWord, kElements - kWord>(infinity)) << kWord) &
             there;
    }
  }

  // Pack `at`, a constant of an unrolled loop.
  __device__ Pack pack_at(int at) const {
    return at < kVecs * kPacks ? packs[at / kPacks % kVecs][at % kPacks] : aside(at / kPacks)->word[at % kPacks];
  }

  // Element `bit` as a pack's half bit % kPerPack, chosen by a tree of selects without an index into registers.
  __device__ Pack pack_of(int bit) const {
    const unsigned at = static_cast<unsigned>(bit) / E::kPerPack;
    if constexpr (kAside > 0)
      if (at >= kVecs * kPacks) return aside(static_cast<int>(at) / kPacks)->word[at % kPacks];
    return pick<0, kVecs * kPacks>(at);
  }

  // The thread's best pack: each of its halves, where packs have two, is the best of that half.
  __device__ Pack best() const {
    Pack m = packs[0][0];
#pragma unroll
    for (int j = 0; j < kVecs; ++j) {
#pragma unroll
      for (int i = 0; i < kPacks; ++i)
        if (i + j > 0) m = E::max(m, packs[j][i]);
    }
    if constexpr (kAside > 0) {
      async_wait<0>();
#pragma unroll
      for (int j = kVecs; j < kAll; ++j) {
        const Vec v = *aside(j);
#pragma unroll
        for (int i = 0; i < kPacks; ++i) m = E::max(m, v.word[i]);
      }
    }
    return m;
  }

 private:
  // Vector j >= kVecs.
  __device__ static Vec* aside(int j) { return dynamic_shared<Vec>() + (j - kVecs) * kThreads + threadIdx.x; }

  // passing() of kMany elements from kFrom on; the bits above are anything.
  template <int kFrom, int kMany, int kChain>
  __device__ std::uint32_t passing_word(Pack threshold) const {
    std::uint32_t bits = 0;
    if constexpr (E::kPerPack == 1) {
      // Each appends to the one before it: in chains beside one another.
#pragma unroll
      for (int chain = 0; chain < kMany; chain += kChain) {
        std::uint32_t some = 0;
#pragma unroll
        for (int i = (kMany - chain < kChain ? kMany - chain : kChain) - 1; i >= 0; --i)
          some = E::append_below(some, packs[(kFrom + chain + i) / kPacks][(chain + i) % kPacks], threshold);
        bits |= some << chain;
      }
      return ~bits;
    } else {
      // The packs' low elements, and above them their high ones, into the order of the row.
#pragma unroll
      for (int i = 0; i < kMany / 2; ++i)
        bits |= E::passing(packs[(kFrom / 2 + i) / kPacks][i % kPacks], threshold) & 0x00010001U << i;
      return shuffle_halves(bits);
    }
  }

  // nans() of kMany elements from kFrom on. The maximum of infinity and NaN is the one of the two that is odd.
  template <int kFrom, int kMany>
  __device__ std::uint32_t nan_word(Pack infinity) const {
    std::uint32_t bits = 0;
    if constexpr (E::kPerPack == 1) {
#pragma unroll
      for (int i = kMany - 1; i >= 0; --i) bits = bits << 1 | (E::max(pack_at(kFrom + i), infinity) & 1);
      return bits;
    } else {
#pragma unroll
      for (int i = 0; i < kMany / 2; ++i) bits |= (E::max(pack_at(kFrom / 2 + i), infinity) & 0x00010001U) << i;
      return shuffle_halves(bits);
    }
  }

  // Pack `at` of the kMany from kFrom on; only its low bits count, as many as kMany has.
  template <int kFrom, int kMany>
  __device__ Pack pick(unsigned at) const {
    if constexpr (kMany == 1) {
      return packs[kFrom / kPacks][kFrom % kPacks];
    } else {
      constexpr unsigned kHalf = std::bit_floor(static_cast<unsigned>(kMany - 1));
      const Pack low = pick<kFrom, kHalf>(at), high = pick<kFrom + kHalf, kMany - kHalf>(at);
      return (at & kHalf) != 0 ? high : low;
    }
  }

  // Vector j lies in the share as a whole: the first and the last granule may stick out of the row.
  __device__ bool is_whole(int j) const {
    const std::uint32_t inside = ::max(begin, head() ? 1U : 0U),
                        behind = ::min(end, row.granules() - (tail() ? 1U : 0U));
    return granule(j) >= inside && granule(j) < behind;
  }
  __device__ Mask whole() const {
    Mask mask = 0;
#pragma unroll
    for (int j = 0; j < kAll; ++j)
      if (is_whole(j)) mask |= vec_bits(j);
    return mask;
  }

  __device__ bool head() const { return row.shift != 0; }
  __device__ bool tail() const { return (row.shift + row.count) % kPerVec != 0; }

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
    if (g < first) return;
    if constexpr (kOdd != 0) {
      if ((g - first) % (kThreads * kOdd) != 0) return;
    } else if (((g - first) & (step - 1)) != 0) {
      return;
    }
    Pack some[kPacks];
    const Mask bits = load_edge(row, element, g, some);
#pragma unroll
    for (int j = 0; j < kVecs; ++j) {
      const bool here = granule(j) == g;
#pragma unroll
      for (int i = 0; i < kPacks; ++i) packs[j][i] = here ? some[i] : packs[j][i];
      there = here ? (there & ~vec_bits(j)) | bits << (j * kPerVec) : there;
    }
#pragma unroll
    for (int j = kVecs; j < kAll; ++j) {
      if (granule(j) != g) continue;
      *aside(j) = Vec{{some[0], some[1], some[2], some[3]}};
      there = (there & ~vec_bits(j)) | bits << (j * kPerVec);
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
    if (slot >= capacity) break;
    const int bit = lowest_bit(mask);
    mask &= mask - 1;
    const Key key = element.key(share.pack_of(bit), bit % E::kPerPack);
    list[slot++] = candidate(key, share.position(bit));
  } while (mask != 0);
}

}  // namespace topkit::cuda
