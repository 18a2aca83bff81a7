// The candidates of one row of a merge, where they lie.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../key.hpp"
#include "../merge_args.hpp"
#include "merge_shape.hpp"
#include "simt.hpp"

namespace topkit::cuda {

inline constexpr std::uint32_t kNoCandidate = ~0U;

template <class U>
struct MergeLaunch {
  MergeArgs args;
  MergeShape shape;
  KeyMap<U> map;
  std::uint32_t* winners;  // order index: [rows, k], part * width + place of each rank
  std::uint32_t* tables;   // a block's each, where shared memory does not hold them
};

template <class U>
struct MergeCandidate {
  U key;
  std::int64_t id;
  std::uint32_t part;
};

// Candidates of two parts; in one part the first place wins.
template <class U>
__device__ __forceinline__ bool beats(const MergeCandidate<U>& a, const MergeCandidate<U>& b) {
  if (a.key != b.key) return a.key > b.key;
  return a.id != b.id ? a.id < b.id : a.part < b.part;
}

__device__ __forceinline__ std::int64_t load_id(const MergeArgs& args, std::int64_t row, std::uint32_t part,
                                                std::uint32_t place) {
  const MergeArgs::Cube& ids = args.ids;
  const std::int64_t at = row * ids.row_stride + part * ids.part_stride + place * ids.col_stride;
  return args.id_type == IndexType::i32 ? reinterpret_cast<const std::int32_t*>(ids.data)[at]
                                        : reinterpret_cast<const std::int64_t*>(ids.data)[at];
}

__device__ __forceinline__ void store_id(const MergeArgs& args, std::int64_t row, std::uint32_t rank, std::int64_t id) {
  const MergeArgs::Matrix& out = args.out_ids;
  if (out.data == nullptr) return;
  const std::int64_t at = row * out.row_stride + rank * out.col_stride;
  if (args.id_type == IndexType::i32)
    reinterpret_cast<std::int32_t*>(out.data)[at] = static_cast<std::int32_t>(id);
  else
    reinterpret_cast<std::int64_t*>(out.data)[at] = id;
}

template <class U>
__device__ __forceinline__ void store_value(const MergeArgs& args, std::int64_t row, std::uint32_t rank, U raw) {
  const MergeArgs::Matrix& out = args.out_values;
  if (out.data != nullptr) reinterpret_cast<U*>(out.data)[row * out.row_stride + rank * out.col_stride] = raw;
}

template <class U>
struct MergeRow {
  const MergeLaunch<U>& all;
  std::int64_t row;

  __device__ const U* list(std::uint32_t part) const {
    const MergeArgs::Cube& values = all.args.values;
    return reinterpret_cast<const U*>(values.data) + row * values.row_stride + part * values.part_stride;
  }
  __device__ U raw(std::uint32_t part, std::uint32_t place) const {
    return list(part)[place * all.args.values.col_stride];
  }
  __device__ U key(std::uint32_t part, std::uint32_t place) const { return all.map(raw(part, place)); }
  __device__ std::int64_t id(std::uint32_t part, std::uint32_t place) const {
    return load_id(all.args, row, part, place);
  }
  __device__ MergeCandidate<U> candidate(std::uint32_t part, std::uint32_t place) const {
    return {key(part, place), id(part, place), part};
  }

  // The winner of a rank.
  __device__ void take(std::uint32_t rank, std::uint32_t part, std::uint32_t place) const {
    if (all.winners != nullptr) {
      all.winners[row * all.args.k + rank] = part * static_cast<std::uint32_t>(all.args.width) + place;
      return;
    }
    if (all.args.out_values.data != nullptr) store_value(all.args, row, rank, raw(part, place));
    if (all.args.out_ids.data != nullptr) store_id(all.args, row, rank, id(part, place));
  }
  __device__ void pad(std::uint32_t rank) const {
    if (all.winners != nullptr) {
      all.winners[row * all.args.k + rank] = kNoCandidate;
      return;
    }
    store_value(all.args, row, rank, static_cast<U>(all.args.fill));
    store_id(all.args, row, rank, -1);
  }
};

}  // namespace topkit::cuda
