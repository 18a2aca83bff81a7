// The winners by ascending index: each warp knows how many come before its own, and writes them side by side.
#pragma once

#include "radix_out.cuh"
#include "select_cut.cuh"

namespace topkit::cuda {

// Of elements that reach the cut's key; `equal`: of them, those that have it, where only the first of these win.
struct alignas(8) SelectCounts {
  std::uint32_t reach, equal;
};

struct SelectCountState {
  SelectCounts warps[kMostSelectWarps];
  SelectCounts blocks[kMostSelectBlocks];
};

// Of this warp.
template <class S>
__device__ SelectCounts count_own(const S& element, const SelectShare<S>& share,
                                  const SelectCut<typename S::Key>& cut) {
  using Word = typename S::Word;
  constexpr int kWords = 16 / sizeof(Word);
  constexpr unsigned kHas = (1U << S::kPerWord) - 1;
  std::uint32_t reach = 0, equal = 0;
  const auto words_of = [&](auto f) {
    share.template each<false>([&](const Vec* at, const unsigned(&masks)[kSelectVecs<S>]) {
#pragma unroll
      for (int j = 0; j < kSelectVecs<S>; ++j) {
        const Vec v = at[j * kWarp];
#pragma unroll
        for (int w = 0; w < kWords; ++w) {
          Word word = v.word[w * (4 / kWords)];
          if constexpr (kWords == 2) word |= static_cast<Word>(v.word[2 * w + 1]) << 32;
          f(word, masks[j] >> (w * S::kPerWord) & kHas);
        }
      }
    });
  };
  words_of([&](Word word, unsigned has) {
    reach += static_cast<std::uint32_t>(__popc(element.reach(word, cut.key) & has));
  });
  if (cut.tied != cut.kAll)
    words_of([&](Word word, unsigned has) {
#pragma unroll
      for (int e = 0; e < S::kPerWord; ++e) count_if(element.key(word, e) == cut.key && (has >> e & 1U) != 0, equal);
    });
  return {__reduce_add_sync(full_mask, reach), __reduce_add_sync(full_mask, equal)};
}

// What the warps before this one have, of all blocks of the row. All threads of all blocks; ends with a barrier of them.
__device__ inline SelectCounts count_before(SelectCountState& s, const SelectCounts& own, int blocks_log,
                                            unsigned rank) {
  if (lane() == 0) s.warps[warp()] = own;
  __syncthreads();
  const SelectCounts of_lane = lane() < blockDim.x / kWarp ? s.warps[lane()] : SelectCounts{0, 0};
  SelectCounts before{__reduce_add_sync(full_mask, lane() < warp() ? of_lane.reach : 0),
                      __reduce_add_sync(full_mask, lane() < warp() ? of_lane.equal : 0)};
  if (blocks_log == 0) return before;
  if (warp() == 0) {
    const SelectCounts all{__reduce_add_sync(full_mask, of_lane.reach), __reduce_add_sync(full_mask, of_lane.equal)};
    if (lane() < 1U << blocks_log) cluster_store(&s.blocks[rank], lane(), all);
  }
  __syncwarp(full_mask);
  cluster_sync();
  const SelectCounts of_block = lane() < rank ? s.blocks[lane()] : SelectCounts{0, 0};
  before.reach += __reduce_add_sync(full_mask, of_block.reach);
  before.equal += __reduce_add_sync(full_mask, of_block.equal);
  return before;
}

// Writes the warp's elements that wins(word, has) says, one behind the other from `place` on.
template <class S, class Wins, class Write>
__device__ void write_words(const SelectShare<S>& share, std::uint32_t place, Wins wins, Write write) {
  using Word = typename S::Word;
  const unsigned lower = (1U << lane()) - 1;
  share.each_word([&](Word word, std::uint32_t position, unsigned has) {
    const unsigned own = wins(word, has);
    std::uint32_t at = place;
#pragma unroll
    for (int e = 0; e < S::kPerWord; ++e) {
      const unsigned all = __ballot_sync(full_mask, (own >> e & 1U) != 0);
      at += static_cast<std::uint32_t>(__popc(all & lower));
      place += static_cast<std::uint32_t>(__popc(all));
    }
#pragma unroll
    for (int e = 0; e < S::kPerWord; ++e)
      if ((own >> e & 1U) != 0) write(at++, S::raw(word, e), position + e);
  });
}

// Writes the warp's winners behind those of the warps before it.
template <class S, class Write>
__device__ void write_winners(const S& element, const SelectShare<S>& share, const SelectCut<typename S::Key>& cut,
                              const SelectCounts& before, const SelectCounts& own, Write write) {
  using Key = typename S::Key;
  using Word = typename S::Word;
  const std::uint32_t taken = ::min(before.equal, cut.tied), left = ::min(cut.tied - taken, own.equal);
  const std::uint32_t place = before.reach - before.equal + taken;
  if (own.reach - own.equal + left == 0) return;
  if (left == own.equal || left == 0) {
    // No larger key than the cut's is in doubt: a warp whose elements all have the largest of all has left by now.
    const Key least = left == own.equal ? cut.key : cut.key + 1;
    write_words(
        share, place, [&](Word word, unsigned has) { return element.reach(word, least) & has; }, write);
    return;
  }
  std::uint32_t rank = 0;  // of the next with the cut's key
  write_words(
      share, place,
      [&](Word word, unsigned has) {
        unsigned wins = element.reach(word, cut.key) & has, equal = 0;
        std::uint32_t at = rank;
#pragma unroll
        for (int e = 0; e < S::kPerWord; ++e) {
          equal |= (element.key(word, e) == cut.key ? 1U : 0U) << e;
          const unsigned all = __ballot_sync(full_mask, (wins & equal) >> e & 1U);
          at += static_cast<std::uint32_t>(__popc(all & ((1U << lane()) - 1)));
          rank += static_cast<std::uint32_t>(__popc(all));
        }
#pragma unroll
        for (int e = 0; e < S::kPerWord; ++e)
          if (((wins & equal) >> e & 1U) != 0 && at++ >= left) wins &= ~(1U << e);
        return wins;
      },
      write);
}

}  // namespace topkit::cuda
