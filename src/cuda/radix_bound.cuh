// A bound for the best of a row from the histogram of a sample that a block holds in registers.
#pragma once

#include "radix_order.cuh"
#include "radix_share.cuh"

namespace topkit::cuda {

inline constexpr int kSampleBins = 2048;
inline constexpr int kSampleDigit = 11;

// A key that about `wanted` of the sample reach. bins (2 * kSampleBins of them) are zero, behind a barrier; they are used.
template <class E>
__device__ Key sample_bound(OrderState& s, const E& element, const Pack (&packs)[kStageVecs][E::kPacksPerVec],
                            std::uint32_t size, std::uint32_t wanted) {
  constexpr int kKeyBits = static_cast<int>(sizeof(typename E::Raw)) * 8;
  Key prefix = 0;
  const std::uint32_t slack = wanted / 8 + 2;
  int top = kKeyBits;
  for (int round = 0;; ++round) {
    const int bits = top < kSampleDigit ? top : kSampleDigit;
    const int shift = top - bits;
    std::uint32_t* const bins = s.counts() + (round & 1) * kSampleBins;
#pragma unroll
    for (int j = 0; j < kStageVecs; ++j) {
      if (j * kOrderThreads + threadIdx.x >= size) break;
#pragma unroll
      for (int e = 0; e < RadixShare<E>::kPerVec; ++e) {
        const Key key = element.key(packs[j][e / E::kPerPack], e % E::kPerPack);
        if (round == 0 || key >> top == prefix >> top) atomicAdd(&bins[key >> shift & ((1U << bits) - 1)], 1U);
      }
    }
    __syncthreads();
    const FoundBin found = find_rank<kSampleBins / kOrderThreads>(bins, s.digits, wanted);
    prefix |= found.bin << shift;
    wanted -= found.above;
    top = shift;
    if (top == 0 || found.within <= wanted + slack) return prefix;
    if (round == 0) continue;
    for (std::uint32_t i = threadIdx.x; i < kSampleBins; i += kOrderThreads) s.counts()[i] = 0;
    __syncthreads();
  }
}

}  // namespace topkit::cuda
