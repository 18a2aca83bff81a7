// The threads that have a row, and what they keep of it: a block, or each half of a block that has two rows.
#pragma once

#include "radix_state.cuh"
#include "radix_word.cuh"

namespace topkit::cuda {

template <int kRowsOfBlock>
struct RowTeam {
  static constexpr int kRows = kRowsOfBlock;
  static constexpr std::uint32_t kThreads = kOrderThreads / kRows;
  static constexpr std::uint32_t kWarps = kThreads / kWarp;
  static constexpr std::uint32_t kListed = kRows == 1 ? kRadixCapacity : kRadixPairCapacity;

  __device__ static std::uint32_t row() { return kRows == 1 ? 0 : threadIdx.x / kThreads; }
  __device__ static std::uint32_t thread() { return kRows == 1 ? threadIdx.x : threadIdx.x % kThreads; }
  __device__ static std::uint32_t warp_at() { return kRows == 1 ? warp() : warp() % kWarps; }
  __device__ static void sync() {
    if constexpr (kRows == 1) {
      __syncthreads();
    } else {
      block_sync(static_cast<int>(1 + row()), static_cast<int>(kThreads));
    }
  }
};

using BlockTeam = RowTeam<1>;
using PairTeam = RowTeam<2>;

// How far a row has come: written, or but for what has the bound's key, or its bound is known and its keys crowd, or not even that.
enum class RowEnd : std::uint32_t { written, tied, bounded, unknown };

template <class E>
struct RowState {
  // Read again behind each barrier rather than kept in registers.
  RowOut<E> out;
  RadixShare<E> share;
  RadixSample sample;
  SplitState split;  // once the bound is known, RadixResidentState::split
  std::uint32_t warps[kOrderWarps];
  std::uint32_t passed;  // elements that reach the bound; as many as there is room for are listed
  std::uint32_t high;    // of what is listed, a key or a word
  std::uint32_t last;    // where the bin of the last winner ends
  std::uint32_t crowd;   // the most that a bin holds, where that is many
  RowEnd end;

  __device__ void set(const Args& args, const Args::Span& span, std::int64_t row, const RadixShare<E>& s,
                      const RadixSample& taken) {
    out.set(args, span, row);
    share = s;
    sample = taken;
    passed = high = crowd = 0;
    split.floor = split.high = split.highest = split.reached = 0;
    split.lowest = ~Key{0};
    end = RowEnd::written;
  }
};

template <class E, int kRows>
struct RowsState {
  RowState<E> row[kRows];
};

// Where a team's row lies and what belongs to it: of a block of one row, or of its half.
template <class Team, class E>
struct TeamRow {
  static constexpr std::size_t kListed = Team::kListed;

  __device__ static auto& state() {
    if constexpr (Team::kRows == 1) {
      return shared<RadixResidentState<E>>();
    } else {
      return shared<RowsState<E, Team::kRows>>().row[Team::row()];
    }
  }
  __device__ static std::uint32_t* bins() {
    std::uint32_t* const own = shared<RadixResidentState<E>>().order.counts();
    if (Team::row() == 0) return own;
    return reinterpret_cast<std::uint32_t*>(dynamic_shared<char>() + kRadixPairBytes) - kOrderBins;
  }
  __device__ static std::uint32_t* sums() {
    if constexpr (Team::kRows == 1) {
      return state().order.digits.warps;
    } else {
      return state().warps;
    }
  }
  // The list, and what is put into order behind it: of one row by order_spread() and write_ties(), of two that lies in bins.
  __device__ static char* list() { return dynamic_shared<char>() + Team::row() * kSecondListAt; }
  __device__ static char* behind_list() { return dynamic_shared<char>() + kSampleAt + Team::row() * kSecondListAt; }
  // Positions by radix_stable.cuh and its marks: of one row they share the list's room with what is in order.
  __device__ static char* positions() { return Team::kRows == 1 ? list() + kListed * 4 : behind_list(); }
  static_assert(kListed * 4 <= (Team::kRows == 1 ? kSampleAt : kSecondListAt));
  static_assert(kListed * 2 + kMostRowsCols / 8 + 16 <=
                (Team::kRows == 1 ? kSampleAt - kListed * 4 : static_cast<std::size_t>(kSecondListAt)));
};

}  // namespace topkit::cuda
