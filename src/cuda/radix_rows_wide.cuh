// Puts a row into order whose words lie far apart, as its sample says or even bins that hold many: behind a bound below zero, beside
// infinities and NaN, or few of them above many ties.
#pragma once

#include "radix_rows_rank.cuh"
#include "radix_rows_ties.cuh"
#include "radix_wide_bins.cuh"

namespace topkit::cuda {

template <class E>
struct NumbersInRange {
  static constexpr bool kLeavesTables = false;

  __device__ static Key ranged(Key key) { return key < FloatKeys<E>::kInfinity ? key : 0; }
  __device__ static WideBins<E> bins(typename Words<E>::Word bound, Key high) { return {bound, high}; }
};

// Of few keys, which share low bits: what they have beside them, and then positions.
template <class E>
struct FewKeysInRange {
  using Word = typename Words<E>::Word;
  static constexpr bool kLeavesTables = false;

  struct Bins {
    Word base;
    int alike, shift;

    __device__ std::uint32_t operator()(Word w) const {
      const Word above = w - base;
      const Word short_one = above >> Words<E>::kHalf >> alike << Words<E>::kHalf;
      return static_cast<std::uint32_t>((short_one | static_cast<typename Words<E>::Half>(above)) >> shift);
    }
  };
  __device__ static Key ranged(Key key) { return key; }
  __device__ static Bins bins(Word bound, Key high) {
    const auto alike = static_cast<int>(shared<RadixResidentState<E>>().pulled);
    const Word base = Words<E>::lowest(Words<E>::key(bound));
    const Key most = (high - Words<E>::key(bound)) >> alike;
    return {base, alike, WordBins<E>::up_to(0, most).shift};
  }
};

// Writes the best of the state's row, `passed` of which are listed, none of a word below state.cut. Bins and state.high are zero, behind a
// barrier. False, and nothing is written, where bins hold many: all is as rank_rows() leaves it.
template <class Range, class E>
[[gnu::noinline]] __device__ bool order_listed(const RadixArgs<E>& a) {
  using Word = typename Words<E>::Word;
  RadixResidentState<E>& state = shared<RadixResidentState<E>>();
  const Words<E> words(state.share.row.count);
  return rank_rows<Range>(a.element, state, dynamic_shared<Word>(), words, static_cast<Word>(state.cut), state.passed,
                          state.out.k, [&] {
                            return [&a, words, out = state.out](std::uint32_t place, Word w) {
                              out.write(a.args, a.element, place, candidate(Words<E>::key(w), words.position(w)));
                            };
                          });
}

// Where bins hold many: so that another try may begin. All threads, all of which have seen what they need; ends with a barrier.
template <class E>
__device__ void forget_bins(RadixResidentState<E>& state) {
  __syncthreads();
  state.order.clear();
  if (threadIdx.x == 0) state.high = 0;
  __syncwarp(full_mask);
  __syncthreads();
}

// Writes the best of the state's row, which are listed, none of a word below state.cut. Unless state.split.heavy says that rank_rows() was not
// asked, that has found that even bins hold many. False where wide bins do too: all is as rank_rows() leaves it. Nothing is kept behind a
// call.
template <class E>
__device__ __forceinline__ bool order_apart(const RadixArgs<E>& a) {
  using Word = typename Words<E>::Word;
  RadixResidentState<E>& state = shared<RadixResidentState<E>>();
  __syncthreads();
  if (state.split.heavy != 0 || WideBins<E>::may_help(static_cast<Word>(state.cut), state.high)) {
    forget_bins(state);
    if constexpr (sizeof(typename E::Raw) == 4) {
      if (state.split.heavy == kAlikeKeys) {
        if (order_listed<FewKeysInRange<E>>(a)) return true;
        forget_bins(state);
      }
    }
    if (order_listed<NumbersInRange<E>>(a)) return true;
    if constexpr (AllInRange<E>::kLeavesTables) {
      forget_bins(state);
      if (order_listed<AllInRange<E>>(a)) return true;
    }
  }
  __syncthreads();
  return false;
}

// Lists what is above the bound of a row of a 16-bit type, nothing of which is listed, if that bound is all of a key: as state.split says,
// with no barrier behind that. A barrier is owed.
template <class E>
[[gnu::noinline]] __device__ bool list_above(const RadixArgs<E>& a) {
  using Stage = RowStage<E, BlockTeam>;
  RadixResidentState<E>& state = shared<RadixResidentState<E>>();
  Stage stage;
  stage.template load<0, Stage::kVecs, true>(state.share, 0);
  __syncthreads();
  const RadixShare<E>& share = state.share;
  const Key key = state.split.floor;
  const TieThresholds<E> ties(a.element, key, share);
  if (!ties.say_all || state.split.high != Words<E>(share.row.count).position(Words<E>::lowest(key))) return false;
  filter_row<BlockTeam>(a.element, state.passed, share, stage, dynamic_shared<typename Words<E>::Word>(), ties.above);
  return true;
}

// Of such a row: what is above the key is listed, and of the key as many as are needed are written; state.out.k are still to be, of what
// is listed. False where there is no room for what is above. Nothing is kept behind a call; a barrier is owed.
template <class E>
__device__ __forceinline__ bool list_few_above(const RadixArgs<E>& a) {
  if (!list_above(a)) return false;
  __syncthreads();
  return order_ties(a);
}

}  // namespace topkit::cuda
