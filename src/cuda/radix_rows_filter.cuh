// A row, or 16384 elements of it after the other, in the registers of one block: what reaches the bound is listed.
#pragma once

#include "radix_rows_bound.cuh"
#include "radix_state.cuh"

namespace topkit::cuda {

// A stage is 16384 elements, longer rows take several.
template <class E>
inline constexpr int kRowVecs = 16384 / kOrderThreads / RadixShare<E>::kPerVec;

template <class E>
struct RowStage {
  static_assert(E::kRawPacks);
  static constexpr int kVecs = kRowVecs<E>;
  static constexpr std::uint32_t kGranules = kVecs * kOrderThreads;
  Vec vecs[kVecs];

  // Whether granules from..from + kGranules / 2 - 1 are all that is left.
  __device__ static bool is_half(std::uint32_t from, std::uint32_t end) { return from + kGranules / 2 >= end; }

  // The row's granules from..from + kGranules - 1, those of them that lie inside it. kAgain: they shall stay in L1.
  template <bool kAgain = false>
  __device__ void load(const RadixShare<E>& share, std::uint32_t from) {
    const std::uint32_t first = from + threadIdx.x, begin = share.whole_begin, end = share.whole_end;
    const Vec* const granules = share.row.vectors() + first;
    const bool half = is_half(from, end);
#pragma unroll
    for (int j = 0; j < kVecs; ++j) {
      if (j == kVecs / 2 && half) break;
      const std::uint32_t g = first + j * kOrderThreads;
      if (g >= begin && g < end)
        vecs[j] = kAgain ? granules[j * kOrderThreads] : load_once(granules + j * kOrderThreads);
    }
  }
  // Elements of granules that do not lie inside the row become kPad.
  __device__ void blank(const RadixShare<E>& share, std::uint32_t from) {
    const std::uint32_t first = from + threadIdx.x, begin = share.whole_begin, end = share.whole_end;
#pragma unroll
    for (int j = 0; j < kVecs; ++j)
      if (first + j * kOrderThreads < begin || first + j * kOrderThreads >= end)
        vecs[j] = {E::kPad, E::kPad, E::kPad, E::kPad};
  }
  // Calls f(pack, position) for all packs of this thread, whose first element is at `first`.
  template <class F>
  __device__ void each_pack(const E& element, bool half, std::uint32_t first, F f) const {
    constexpr int kPerVec = RadixShare<E>::kPerVec;
#pragma unroll
    for (int j = 0; j < kVecs; ++j) {
      if (j == kVecs / 2 && half) break;
      Pack packs[E::kPacksPerVec];
      element.unpack(vecs[j], packs);
#pragma unroll
      for (int i = 0; i < E::kPacksPerVec; ++i) f(packs[i], first + j * kOrderThreads * kPerVec + i * E::kPerPack);
    }
  }
};

// Which elements of a pack pass: of one, 1 or 0; of two, 0xffff or 0 in its half.
template <class E>
__device__ std::uint32_t passing(Pack pack, Pack threshold) {
  if constexpr (E::kPerPack == 2) {
    return E::passing(pack, threshold);
  } else {
    return E::passes(pack, threshold);
  }
}

// Appends what is not below `threshold` to the list as far as that has room for kCapacity, and counts all. A thread's first
// element is at `first`; half: its later granules are not there.
template <class E>
__device__ void append(const E& element, std::uint32_t& passed, const RowStage<E>& stage, bool half,
                       std::uint32_t first, typename Words<E>::Word* list, Pack threshold) {
  std::uint32_t own = 0;
  stage.each_pack(element, half, first, [&](Pack pack, std::uint32_t) {
    if constexpr (E::kPerPack == 2) {
      own += passing<E>(pack, threshold);
    } else {
      count_if(passing<E>(pack, threshold) != 0, own);
    }
  });
  if constexpr (E::kPerPack == 2) {
    // The sum of l low and h high halves is (l - h) << 16 less l.
    const std::uint32_t low = -own & 0xffffU;
    own = (2 * low - ((own + low) >> 16)) & 0xffffU;
  }
  const std::uint32_t through = sum_through(own);
  std::uint32_t base = 0;
  if (lane() == kWarp - 1 && through != 0) {
    base = atomicAdd(&passed, through);
    if (base + through > kCapacity) base = ~0U;
  }
  base = __shfl_sync(full_mask, base, kWarp - 1);
  if (base == ~0U) return;
  SharedEnd<typename Words<E>::Word> end(list + (base + through - own));
  // Another register for the same, so that the compiler compares again and keeps no results.
  const Pack again = __shfl_sync(full_mask, threshold, 0);
  stage.each_pack(element, half, first, [&](Pack pack, std::uint32_t position) {
    const std::uint32_t passes = passing<E>(pack, again);
    push_if((passes & 1U) != 0, end, Words<E>::entry(pack, 0, position));
    if constexpr (E::kPerPack == 2) push_if(passes >> 31 != 0, end, Words<E>::entry(pack, 1, position + 1));
  });
}

// Of a bound: what packs are compared with. It says all where the bound is the lowest word of a key that is no NaN's, whose
// threshold +inf passes too, and above kPad, which stands for elements that are not there.
template <class E>
struct RowThreshold {
  Pack pack;
  bool says_all;

  __device__ RowThreshold(const E& element, const RowBound<E>& bound) {
    const Key key = Words<E>::key(bound.word);
    pack = element.threshold(key);
    says_all = bound.by_key && element.key(pack, 0) >= key && E::passes(E::kPad, pack) == 0;
  }
};

// Lists what reaches the bound, of the row whose first granules are in `stage`.
template <class E>
__device__ void filter_row(const E& element, std::uint32_t& passed, const RadixShare<E>& share, RowStage<E>& stage,
                           typename Words<E>::Word* list, Pack threshold) {
  const std::uint32_t edge = share.edge();  // in granules that are not whole, one a lane of the first warp
  if (edge != ~0U) {
    const Pack pack = element.pack(share.row.x[edge]);
    if ((E::passes(pack, threshold) & 1U) != 0) {
      const std::uint32_t slot = atomicAdd(&passed, 1U);
      if (slot < kCapacity) list[slot] = Words<E>::entry(pack, 0, edge);
    }
  }
  __syncwarp(full_mask);
#pragma unroll 1
  for (std::uint32_t from = 0;;) {
    const std::uint32_t end = share.whole_end;
    if (from < share.whole_begin || (from + RowStage<E>::kGranules > end && from + RowStage<E>::kGranules / 2 != end))
      stage.blank(share, from);
    append(element, passed, stage, RowStage<E>::is_half(from, end), share.row.position(from + threadIdx.x, 0), list,
           threshold);
    from += RowStage<E>::kGranules;
    if (from >= end) break;
    stage.load(share, from);
  }
}

// The same where no threshold says it all: the row is read again.
template <class E>
__device__ void filter_again(const E& element, std::uint32_t& passed, const RadixShare<E>& share,
                             typename Words<E>::Word* list, const Words<E>& words, typename Words<E>::Word bound) {
  share.read(element, Words<E>::key(bound), [&](Key key, std::uint32_t position) {
    if (words.word(key, position) < bound) return;
    const std::uint32_t slot = atomicAdd(&passed, 1U);
    if (slot < kCapacity)
      list[slot] = Words<E>::entry(element.pack(element.raw(key)), 0, position);  // of the same word
  });
}

}  // namespace topkit::cuda
