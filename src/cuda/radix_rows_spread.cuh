// Puts a listed row into order whose keys crowd in some of rank_rows()' even bins: each bin is spread once more, over as many bins as
// it holds words. One of equal keys is spread by position, any other evenly over its own range.
//
// Two steps by ranges that the words themselves give: infinities and zeros beside numbers, heavy tails and ties cost what a
// second count does. What is crowded even then goes to radix_exact.cuh.
#pragma once

#include "radix_rows_rank.cuh"

namespace topkit::cuda {

// Writes the best of the state's row, which are among what rank_rows() has left so; no word is below `bound`. False, and nothing is
// written, where bins hold many again.
template <class E>
[[gnu::noinline]] __device__ bool order_spread(const RadixArgs<E>& a, typename Words<E>::Word bound) {
  using Word = typename Words<E>::Word;
  constexpr int kHalf = Words<E>::kHalf;
  static_assert(sizeof(Word) == 8);
  RadixResidentState<E>& state = shared<RadixResidentState<E>>();
  OrderState& s = state.order;
  std::uint32_t* const bins = s.counts();
  auto* const list = dynamic_shared<Word>();
  const SpreadTables tables(list);
  const Words<E> words(state.share.row.count);
  const std::uint32_t count = state.passed, k = state.out.k;
  const auto bin_of = WordBins<E>::up_to(bound, state.high);

  static_assert(kOrderOwn == 8);
  {
    auto* const own = reinterpret_cast<uint4*>(bins) + 2 * threadIdx.x;
    const uint4 first = own[0], second = own[1];
    reinterpret_cast<uint4*>(tables.starts)[threadIdx.x] = make_uint4(
        first.x | first.y << 16, first.z | first.w << 16, second.x | second.y << 16, second.z | second.w << 16);
    own[0] = own[1] = make_uint4(0, 0, 0, 0);
  }
  if (threadIdx.x == 0) tables.starts[-1] = static_cast<std::uint16_t>(count);
  __syncwarp(full_mask);
  Word held[kOrderHeld];
  std::uint32_t at[kOrderHeld];
  const auto each_held = [&](auto f) {
#pragma unroll
    for (int h = 0; h < kOrderHeld; ++h) {
      if (static_cast<std::uint32_t>(h) * kOrderThreads >= count) break;
      if (static_cast<std::uint32_t>(h) * kOrderThreads + threadIdx.x < count) f(held[h], at[h], h);
    }
  };
  each_held([&](Word& w, std::uint32_t& bin, int h) {
    w = words.word_of(a.element, list[static_cast<std::uint32_t>(h) * kOrderThreads + threadIdx.x]);
    bin = bin_of(w);
  });
  __syncthreads();
  each_held([&](Word w, std::uint32_t bin, int) {
    if (tables.keys[bin] != Words<E>::key(w))
      atomicOr(&reinterpret_cast<std::uint32_t*>(tables.starts)[bin / 2], SpreadTables::kMixed << bin % 2 * 16);
  });
  __syncthreads();
  each_held([&](Word w, std::uint32_t& arrived, int) {
    const std::uint32_t bin = arrived, start = tables.starts[bin], begin = start & ~SpreadTables::kMixed;
    const std::uint32_t own = (tables.starts[static_cast<int>(bin) - 1] & ~SpreadTables::kMixed) - begin;
    std::uint32_t depth;  // below the top of its bin, of 2^32
    if (bin_of.shift >= kHalf && start == begin) {
      depth = ~static_cast<std::uint32_t>(w);
    } else {
      const Word behind = ~(w - bin_of.base) & ((Word{1} << bin_of.shift) - 1);
      depth =
          static_cast<std::uint32_t>(bin_of.shift > 32 ? behind >> (bin_of.shift - 32) : behind << (32 - bin_of.shift));
    }
    const std::uint32_t to = kOrderBins - 1 - (begin + __umulhi(depth, own));
    arrived = atomicAdd(&bins[to], 1U) << 16 | to;
  });
  __syncthreads();
  if (threadIdx.x == 0) s.bins[3] = count;
  std::uint32_t most = 0;
  scan_down<kOrderOwn, true>(bins, s.digits, [&](std::uint32_t bin, std::uint32_t before, std::uint32_t own) {
    most = ::max(most, own);
    if (before < k && k <= before + own) s.cut_bin = before + own;
  });
  if (__syncthreads_or(most > kManyInBin ? 1 : 0) != 0) return false;
  const std::uint32_t last = s.cut_bin;
  constexpr std::uint32_t kStep = 4;  // read together, so that one's loads hide the others'
  Word* const ranked = list + kCapacity + kStep;
  // Nothing that lies behind the last, or in a lower bin, is above a word.
  if (threadIdx.x < kStep) list[last + threadIdx.x] = 0;
  each_held([&](Word w, std::uint32_t arrived, int) {
    const std::uint32_t to = bins[arrived & 0xffff] + (arrived >> 16);
    if (to < last) list[to] = w;
  });
  __syncthreads();
  each_held([&](Word w, std::uint32_t arrived, int) {
    const std::uint32_t begin = bins[arrived & 0xffff];
    if (begin >= last) return;
    const std::uint32_t end = s.bins[3 + (arrived & 0xffff)];
    std::uint32_t rank = begin;
#pragma unroll 1
    for (std::uint32_t j = begin; j < end; j += kStep) {
#pragma unroll
      for (std::uint32_t q = 0; q < kStep; ++q) count_if(list[j + q] > w, rank);
    }
    if (rank < k) ranked[rank] = w;
  });
  __syncthreads();
  const RowOut<E> out = state.out;
#pragma unroll 1
  for (std::uint32_t place = threadIdx.x; place < k; place += kOrderThreads) {
    const Word w = ranked[place];
    out.write(a.args, a.element, place, candidate(Words<E>::key(w), words.position(w)));
  }
  return true;
}

}  // namespace topkit::cuda
