// Puts what a block has listed of its row into order: each word arrives in a bin, bins lie behind one another, and within a bin
// each counts what is above it. What is held in registers between these steps is where each arrived.
#pragma once

#include "radix_exact.cuh"
#include "radix_word.cuh"

namespace topkit::cuda {

// Even bins over the words from `base`, which all are below kOrderBins.
template <class E>
struct WordBins {
  using Word = typename Words<E>::Word;
  Word base;
  int shift;

  __device__ WordBins(Word from, Word top) : base(from) {
    constexpr int kBinsLog = kOrderThreadsLog + 3;
    static_assert(kOrderBins == 1 << kBinsLog);
    const Word span = top - from;
    int bits;
    if constexpr (sizeof(Word) == 8) {
      bits = 64 - __clzll(static_cast<long long>(span));
    } else {
      bits = 32 - __clz(static_cast<int>(span));
    }
    shift = ::max(bits - kBinsLog, 0);
  }
  // Up to all words of a key.
  __device__ static WordBins up_to(Word from, Key high) {
    return {from, Words<E>::lowest(high) | ((Word{1} << Words<E>::kHalf) - 1)};
  }
  __device__ std::uint32_t operator()(Word w) const { return static_cast<std::uint32_t>((w - base) >> shift); }
};

// Behind the list, where bins crowd: of each bin the key that came first, and where it begins; the top bit says that it has other keys
// too. A bin ends at starts[bin - 1].
struct SpreadTables {
  std::uint32_t* keys;
  std::uint16_t* starts;
  static constexpr std::uint32_t kMixed = 0x8000;

  __device__ explicit SpreadTables(std::uint64_t* list)
      : keys(reinterpret_cast<std::uint32_t*>(list + kCapacity)),
        starts(reinterpret_cast<std::uint16_t*>(keys + kOrderBins) + 8) {}
};
static_assert(kSampleAt + kOrderBins * 6 + 16 <= kRadixRowsBytes);

// Bins as most rows want them. ranged(key): what of a key the range depends on.
template <class E>
struct AllInRange {
  static constexpr bool kLeavesTables = sizeof(typename Words<E>::Word) == 8;  // for order_spread()

  __device__ static Key ranged(Key key) { return key; }
  __device__ static WordBins<E> bins(typename Words<E>::Word bound, Key high) {
    return WordBins<E>::up_to(bound, high);
  }
};

// Calls emitter()(rank, word) for ranks below k, 0 < k <= count; `count` entries are listed, none of a word below `bound`. Their place
// is used. Bins are zero, behind a barrier. False where some bins hold many: the list is as it was, and order_spread() can go on
// from there.
template <class Range, class E, class Emitter>
__device__ bool rank_rows(const E& element, RadixResidentState<E>& state, typename Words<E>::Word* list,
                          const Words<E>& words, typename Words<E>::Word bound, std::uint32_t count, std::uint32_t k,
                          Emitter emitter) {
  using Word = typename Words<E>::Word;
  OrderState& s = state.order;
  std::uint32_t* const bins = s.counts();
  Word held[kOrderHeld];
  Key high = 0;
#pragma unroll
  for (int h = 0; h < kOrderHeld; ++h) {
    const std::uint32_t i = static_cast<std::uint32_t>(h) * kOrderThreads + threadIdx.x;
    if (static_cast<std::uint32_t>(h) * kOrderThreads >= count) break;
    if (i >= count) continue;
    held[h] = words.word_of(element, list[i]);
    high = ::max(high, Range::ranged(Words<E>::key(held[h])));
  }
  high = __reduce_max_sync(full_mask, high);
  if (lane() == 0) atomicMax(&state.high, high);
  if (threadIdx.x == 0) s.bins[3] = count;  // the bin below the lowest begins there
  __syncthreads();
  const auto bin_of = Range::bins(bound, state.high);
  std::uint32_t arrived[kOrderHeld];  // in bin, and before it there: 16 bits each
#pragma unroll
  for (int h = 0; h < kOrderHeld; ++h) {
    const std::uint32_t i = static_cast<std::uint32_t>(h) * kOrderThreads + threadIdx.x;
    if (static_cast<std::uint32_t>(h) * kOrderThreads >= count) break;
    if (i >= count) continue;
    const std::uint32_t bin = bin_of(held[h]);
    arrived[h] = atomicAdd(&bins[bin], 1U) << 16 | bin;
  }
  __syncthreads();
  std::uint32_t start = 0, end = 0, any_of = 0;  // of this thread's bins
  bool fresh = true;
  scan_down<kOrderOwn, true>(bins, s.digits, [&](std::uint32_t, std::uint32_t before, std::uint32_t own) {
    if (fresh) start = before;
    fresh = false;
    end = before + own;
    any_of |= own;
  });
  if (start < k && k <= end) {
    // The end of the bin in which the last winner lies.
    std::uint32_t last = end;
    const std::uint32_t first = (kOrderThreads - 1 - threadIdx.x) * kOrderOwn;
#pragma unroll
    for (int i = 0; i < kOrderOwn; ++i) {
      const std::uint32_t begin = bins[first + i];
      if (begin >= k) last = ::min(last, begin);
    }
    s.cut_bin = last;
  }
  if (__syncthreads_or(any_of > kManyInBin ? 1 : 0) != 0) [[unlikely]] {
    if constexpr (Range::kLeavesTables) {
      const SpreadTables tables(list);
#pragma unroll
      for (int h = 0; h < kOrderHeld; ++h) {
        const std::uint32_t i = static_cast<std::uint32_t>(h) * kOrderThreads + threadIdx.x;
        if (static_cast<std::uint32_t>(h) * kOrderThreads >= count) break;
        if (i < count && arrived[h] >> 16 == 0) tables.keys[arrived[h]] = Words<E>::key(held[h]);
      }
    }
    return false;
  }
  const std::uint32_t last = s.cut_bin;
  constexpr std::uint32_t kStep = 4;  // read together, so that one's loads hide the others'
  // Nothing that lies behind the last, or in a lower bin, is above a word.
  if (threadIdx.x < kStep) list[last + threadIdx.x] = 0;
#pragma unroll
  for (int h = 0; h < kOrderHeld; ++h) {
    const std::uint32_t i = static_cast<std::uint32_t>(h) * kOrderThreads + threadIdx.x;
    if (static_cast<std::uint32_t>(h) * kOrderThreads >= count) break;
    if (i >= count) continue;
    const std::uint32_t at = bins[arrived[h] & 0xffff] + (arrived[h] >> 16);
    if (at < last) list[at] = held[h];
  }
  __syncthreads();
  const auto emit = emitter();  // here, where nothing is held any more
  constexpr std::uint32_t kTogether = 2;
#pragma unroll 1
  for (std::uint32_t from = threadIdx.x; from < last; from += kTogether * kOrderThreads) {
    Word mine[kTogether];
    std::uint32_t begin[kTogether], end_of[kTogether], rank[kTogether];
#pragma unroll
    for (std::uint32_t h = 0; h < kTogether; ++h) mine[h] = list[::min(from + h * kOrderThreads, last - 1)];
#pragma unroll
    for (std::uint32_t h = 0; h < kTogether; ++h) {
      const std::uint32_t* const bin = s.bins + 3 + bin_of(mine[h]);
      rank[h] = begin[h] = bin[1];
      end_of[h] = bin[0];
    }
#pragma unroll
    for (std::uint32_t h = 0; h < kTogether; ++h)
#pragma unroll
      for (std::uint32_t q = 0; q < kStep; ++q) count_if(list[begin[h] + q] > mine[h], rank[h]);
#pragma unroll
    for (std::uint32_t h = 0; h < kTogether; ++h) {
#pragma unroll 1
      for (std::uint32_t j = begin[h] + kStep; j < end_of[h]; j += kStep) {
#pragma unroll
        for (std::uint32_t q = 0; q < kStep; ++q) count_if(list[j + q] > mine[h], rank[h]);
      }
      if (from + h * kOrderThreads < last && rank[h] < k) emit(rank[h], mine[h]);
    }
  }
  return true;
}

}  // namespace topkit::cuda
