// What the kernels of cuda_wide share: a row's part of the workspace and the word that an element is.
#pragma once

#include "../args.hpp"
#include "../key.hpp"
#include "radix_digits.cuh"
#include "sort_row.cuh"
#include "wide_shape.hpp"

namespace topkit::cuda {

__extension__ typedef unsigned __int128 WideWord;

// An element's key above its column: larger is better, the lower column wins ties, so no two of a row are equal.
struct WideItem {
  static constexpr int kColumnBits = 32;
  static constexpr std::uint32_t kColumns = 0xffffffffU;

  __device__ static WideWord word(std::uint64_t key, std::uint32_t column) {
    return static_cast<WideWord>(key) << kColumnBits | (kColumns - column);
  }
  __device__ static std::uint64_t key(WideWord word) { return static_cast<std::uint64_t>(word >> kColumnBits); }
  __device__ static std::uint32_t column(WideWord word) { return kColumns - static_cast<std::uint32_t>(word); }
};

inline constexpr int kWideWordBits = 64 + WideItem::kColumnBits;
static_assert(sizeof(WideWord) == kWideWordBytes);

struct WideArgs {
  Args args;
  KeyMap<std::uint64_t> map;
  WideShape shape;
  std::int64_t first_row;  // of this round
  char* workspace;

  __device__ const std::uint64_t* row(std::int64_t r, const Args::Span& span) const {
    return static_cast<const std::uint64_t*>(args.x) + args.problem.layout.row(r) + span.begin;
  }
};

// The workspace of the row-th row of a round.
struct WideRow {
  std::uint32_t* buckets;  // how many; 0: no winner is wanted
  WideWord* splitters;     // the lowest word of each bucket, best bucket first
  std::uint32_t* counts;   // the bucket's words, stored or not
  std::uint32_t* taken;    // places of the bucket that are given away
  WideWord* words;         // bucket behind bucket; what lies at `capacity` or behind it is not stored

  __device__ WideRow(const WideArgs& a, std::uint32_t row) {
    char* const at = a.workspace + row * a.shape.row_bytes;
    buckets = reinterpret_cast<std::uint32_t*>(at);
    splitters = reinterpret_cast<WideWord*>(at + a.shape.splitters_at);
    counts = reinterpret_cast<std::uint32_t*>(at + a.shape.counts_at);
    taken = counts + a.shape.buckets;
    words = reinterpret_cast<WideWord*>(at + a.shape.words_at);
  }
};

}  // namespace topkit::cuda
