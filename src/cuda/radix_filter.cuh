// Lists the elements of a block's share of a row that reach the bound.
//
// About one element in fifty passes, so no instruction is spent on storing one that does not: a thread keeps a bit for each of its
// elements of a stage and walks over those that are set, whose elements still lie in shared memory.
#pragma once

#include "radix_state.cuh"

namespace topkit::cuda {

// Entries of a list before its elements are keys: a pack of one element and its position.
template <class E>
__device__ Candidate candidate_of(const E& element, Candidate entry) {
  return (static_cast<Candidate>(element.key(static_cast<Pack>(entry >> 32), 0)) << 32) |
         static_cast<std::uint32_t>(entry);
}

// A bit for each of a thread's elements of a stage, in the order in which they cost the fewest instructions to set.
template <class E>
struct StageBits {
  static constexpr int kPacks = E::kPacksPerVec, kPerVec = RadixShare<E>::kPerVec, kAll = kStageVecs * kPacks;
  static_assert(kStageVecs * kPerVec < 32);
  // Packs of two: pack p has bits p and 16 + p. Of one: bit kAll - 1 - p.
  static constexpr bool kPairs = E::kPerPack == 2;

  // Elements that are not below the threshold.
  __device__ static std::uint32_t passing(const Pack (&packs)[kStageVecs][kPacks], Pack threshold) {
    std::uint32_t bits = 0;
#pragma unroll
    for (int p = 0; p < kAll; ++p) {
      const Pack pack = packs[p / kPacks][p % kPacks];
      if constexpr (kPairs) {
        bits |= E::passing(pack, threshold) & (0x00010001U << p);
      } else {
        bits = E::append_below(bits, pack, threshold);
      }
    }
    return kPairs ? bits : ~bits & ((1U << kAll) - 1);
  }
  // Of those that pass a threshold of +inf, the NaN: negated these pass it too.
  __device__ static std::uint32_t nan(std::uint32_t bits, const Pack (&packs)[kStageVecs][kPacks], Pack infinity) {
    if constexpr (E::kOctave == 0) {
      return 0;
    } else {
      Pack negated[kStageVecs][kPacks];
#pragma unroll
      for (int p = 0; p < kAll; ++p)
        negated[p / kPacks][p % kPacks] = packs[p / kPacks][p % kPacks] ^ (kPairs ? 0x80008000U : 0x80000000U);
      return bits & passing(negated, infinity);
    }
  }
  // The first `many` of granule j.
  __device__ static std::uint32_t first(int j, std::uint32_t many) {
    if constexpr (kPairs) {
      return (((1U << (many + 1) / 2) - 1) | ((1U << many / 2) - 1) << 16) << j * kPacks;
    } else {
      return ((1U << many) - 1) << (static_cast<std::uint32_t>(kAll - j * kPacks) - many);
    }
  }
  // How far behind element 0 of granule 0 the element of a bit lies, in the row as in shared memory.
  __device__ static std::uint32_t distance(std::uint32_t bit) {
    const std::uint32_t p = kPairs ? bit & 15 : kAll - 1 - bit;
    constexpr std::uint32_t kNextGranule = RadixShare<E>::kLine * kPerVec;
    return p / kPacks * kNextGranule + p % kPacks * E::kPerPack + (kPairs ? bit >> 4 : 0);
  }
};

// Calls f(bit) for every bit that is set.
template <class F>
__device__ void each_bit(std::uint32_t bits, F f) {
#pragma unroll 1
  while (bits != 0) {
    const auto bit = static_cast<std::uint32_t>(31 - __clz(static_cast<int>(bits)));
    bits ^= 1U << bit;
    f(bit);
  }
}

// More lanes of a warp than this take their places in the list together, fewer each for itself.
inline constexpr int kFewLanes = 8;

// Where a thread's `own` entries go in the list, which counts all. Whole warps.
__device__ inline std::uint32_t list_place(std::uint32_t& passed, std::uint32_t own) {
  const int lanes = __popc(__ballot_sync(full_mask, own != 0));
  std::uint32_t slot = 0;
  if (lanes <= kFewLanes) {
    if (own != 0) slot = atomicAdd(&passed, own);
    return slot;
  }
  const std::uint32_t through = sum_through(own);
  if (lane() == kWarp - 1) slot = atomicAdd(&passed, through);
  return __shfl_sync(full_mask, slot, kWarp - 1) + through - own;
}

// Appends entries of the block's share that reach the bound to the list, as far as it has room, and counts all: a list that is
// too full has holes. Returns the best key of what the warp has listed.
template <class E>
__device__ Key filter_share(const E& element, RadixResidentState<E>& state, RadixRing<E>& ring, const Split& split,
                            Candidate* list) {
  using Bits = StageBits<E>;
  constexpr std::uint32_t kPerVec = RadixShare<E>::kPerVec;
  constexpr Key kMostKey = ~Key{0} >> (32 - 8 * sizeof(typename E::Raw));  // NaN's
  const RadixShare<E>& share = state.share;
  const Pack threshold = element.threshold(key_of(split.bound));
  const auto passes_too = [&](Candidate c) { return split.bins.dense(c) >= split.bound; };
  Key high = 0;
  const std::uint32_t edge = share.edge();
  if (edge != ~0U) {
    const Pack pack = element.pack(share.row.x[edge]);
    const Candidate c = candidate(element.key(pack, 0), edge);
    if (passes_too(c)) {
      high = key_of(c);
      const std::uint32_t slot = atomicAdd(&state.passed, 1U);
      if (slot < kCapacity) list[slot] = candidate(pack, edge);
    }
  }
  __syncwarp(full_mask);
  // Not all positions of the bound's key pass, but those in front of one.
  const bool by_position = split.bins.shift < 32;
  const Key next = key_of(split.bound) + 1;
  const Pack above = element.threshold(next);
  // The bound is above +inf, which passes its threshold too; or nothing is above it, or NaN only, for which there is no threshold.
  const bool is_beyond = element.key(threshold, 0) < key_of(split.bound);
  const bool by_nan = is_beyond || (by_position && (next == 0 || element.key(above, 0) < next));
  Pack best = E::kPad;
  const std::uint32_t front = share.row.position(share.whole_begin, 0);
#pragma unroll 1
  for (std::uint32_t left = ring.stages(share); left != 0; --left) {
    ring.take();
    Pack packs[kStageVecs][E::kPacksPerVec];
#pragma unroll
    for (int j = 0; j < kStageVecs; ++j) element.unpack(*ring.granule(j), packs[j]);  // garbage where there is none
    std::uint32_t passes = Bits::passing(packs, threshold);
    const std::uint32_t own = ring.first(), first = own * kPerVec + front;  // of granule 0, element 0
    const auto* const raws = reinterpret_cast<const typename E::Raw*>(ring.granule(0));
    const auto pack_at = [&](std::uint32_t distance) { return element.pack(raws[distance]); };
#pragma unroll
    for (int j = 0; j < kStageVecs; ++j)
      if (!ring.has(own + j * RadixShare<E>::kLine)) passes &= ~Bits::first(j, kPerVec);
    const auto early = [&] {
      const std::uint32_t in_front = split.bins.in_front(split.bound);
      std::uint32_t bits = 0;
#pragma unroll
      for (int j = 0; j < kStageVecs; ++j) {
        const int many = static_cast<int>(in_front - (first + j * RadixShare<E>::kLine * kPerVec));
        bits |= Bits::first(j, static_cast<std::uint32_t>(::min(::max(many, 0), static_cast<int>(kPerVec))));
      }
      return bits;
    };
    if (by_position && !by_nan) {
      passes &= Bits::passing(packs, above) | early();
    } else if (by_nan) [[unlikely]] {
      const std::uint32_t nan = Bits::nan(passes, packs, threshold);
      if (is_beyond) passes = nan;
      if (by_position) passes = (key_of(split.bound) == kMostKey ? 0 : nan) | (passes & early());
    }
    const auto many = static_cast<std::uint32_t>(__popc(passes));
    std::uint32_t slot = list_place(state.passed, many);
    if (slot + many <= kCapacity)
      each_bit(passes, [&](std::uint32_t bit) {
        const std::uint32_t distance = Bits::distance(bit);
        const Pack pack = pack_at(distance);
        best = E::max(best, pack);
        list[slot++] = candidate(pack, first + distance);
      });
    ring.release();
  }
  __syncwarp(full_mask);
  high = ::max(high, element.key(best, 0));
  return __reduce_max_sync(full_mask, high);
}

}  // namespace topkit::cuda
