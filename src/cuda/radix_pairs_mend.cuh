// From words that lie bin behind bin to words in order, and their way out: networks of eight over all places of the list.
//
// Eight neighbours a lane are put into order; then eights that begin in the middle of these, and the first ones again. Of each of the
// latter both halves are in order already. That puts right a bin of up to nine words: it has four at most on one side of a border of
// eights, which the second step brings over it. No address and no branch depends on the data.
#pragma once

#include "lane_network.cuh"
#include "radix_pairs_bins.cuh"

namespace topkit::cuda {

inline constexpr std::uint32_t kMendedLanes = kWarp - 2;  // the others' neighbours are missing
inline constexpr std::uint32_t kMendedWords = 8 * kMendedLanes;

// Descending, of two halves that are. (Batcher's merge by odd and even places.)
__device__ __forceinline__ void join_fours(std::uint32_t (&a)[8]) {
#pragma unroll
  for (int i = 0; i < 4; ++i) put_in_order(a[i], a[i + 4]);
  put_in_order(a[2], a[4]);
  put_in_order(a[3], a[5]);
  put_in_order(a[1], a[2]);
  put_in_order(a[3], a[4]);
  put_in_order(a[5], a[6]);
}

// a: what is at place .. place + 7 of `list`, of which the first `last` are words and zeros follow. Whole warps call; of its lanes' eights,
// which are neighbours, all but the first and last come out in order.
__device__ __forceinline__ void mend(std::uint32_t (&a)[8], const std::uint32_t* list, int place, std::uint32_t last) {
  if (place >= 0 && static_cast<std::uint32_t>(place) < last) {
#pragma unroll
    for (int i = 0; i < 8; i += 4) {
      const uint4 four = *reinterpret_cast<const uint4*>(list + place + i);
      a[i] = four.x;
      a[i + 1] = four.y;
      a[i + 2] = four.z;
      a[i + 3] = four.w;
    }
  } else {
#pragma unroll
    for (int i = 0; i < 8; ++i) a[i] = place < 0 ? ~0U : 0;
  }
  __syncwarp(full_mask);
  lane_sort(Signs{}, a);
  std::uint32_t b[8];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    b[i] = __shfl_up_sync(full_mask, a[4 + i], 1);
    b[4 + i] = a[i];
  }
  join_fours(b);
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    a[i] = b[4 + i];
    a[4 + i] = __shfl_down_sync(full_mask, b[i], 1);
  }
  join_fours(a);
}

// Eight words of each lane but the first and last become those at places lane, 32 + lane, .. of them all. room: of this warp alone.
__device__ __forceinline__ void deal_to_lanes(std::uint32_t* room, std::uint32_t (&a)[8]) {
  __syncwarp(full_mask);
  if (lane() - 1 < kMendedLanes) {
    auto* const to = reinterpret_cast<uint4*>(room + (lane() - 1) * 8);
    to[0] = make_uint4(a[0], a[1], a[2], a[3]);
    to[1] = make_uint4(a[4], a[5], a[6], a[7]);
  }
  __syncwarp(full_mask);
#pragma unroll
  for (int j = 0; j < 8; ++j) a[j] = room[j * kWarp + lane()];
}

// Writes a warp's winners: words[j] has rank first + j * 32 + lane, where that is below `end`.
template <class E>
struct WinnerRows {
  const Args& args;
  const E& element;
  const RowOut<E> out;
  const Words<E> words;

  __device__ __forceinline__ void write(const std::uint32_t (&w)[8], std::uint32_t first, std::uint32_t end) const {
    if (out.ids != nullptr || out.values == nullptr || out.indices == nullptr) [[unlikely]] {
#pragma unroll
      for (int j = 0; j < 8; ++j) {
        const std::uint32_t place = first + j * kWarp + lane();
        if (place < end) out.write(args, element, place, candidate(Words<E>::key(w[j]), words.position(w[j])));
      }
    } else if (args.problem.index_type == IndexType::i64) {
      put<std::int64_t>(w, first, end);
    } else {
      put<std::int32_t>(w, first, end);
    }
  }

 private:
  template <class Index>
  __device__ __forceinline__ void put(const std::uint32_t (&w)[8], std::uint32_t first, std::uint32_t end) const {
    const std::uint32_t place = first + lane();
    auto* const values = out.values + place;
    auto* const indices = static_cast<Index*>(out.indices) + place;
    const auto begin = static_cast<std::uint32_t>(out.begin);  // a row's columns are no more than kMostRowsCols
#pragma unroll
    for (int j = 0; j < 8; ++j) {
      if (place + j * kWarp >= end) break;
      const Key key = Words<E>::key(w[j]);
      const std::uint32_t position = words.position(w[j]);
      auto raw = element.raw(key);
      if (element.lossy(key)) [[unlikely]]
        raw = out.x[position];
      values[j * kWarp] = raw;
      indices[j * kWarp] = static_cast<Index>(begin + position);
    }
  }
};

// Puts the first `last` words of the list into order and writes the first k. room: eight words for each
// lane of the team, which calls, behind a barrier.
template <class E>
__device__ __forceinline__ void write_in_order(const WinnerRows<E>& winners, const std::uint32_t* list,
                                               std::uint32_t* room, std::uint32_t last, std::uint32_t k) {
  std::uint32_t* const own = room + PairTeam::warp_at() * (8 * kWarp);
#pragma unroll 1
  for (std::uint32_t first = PairTeam::warp_at() * kMendedWords; first < k; first += PairTeam::kWarps * kMendedWords) {
    const std::uint32_t end = ::min(first + kMendedWords, k);
    std::uint32_t a[8];
    mend(a, list, static_cast<int>(first + 8 * lane()) - 8, last);
    deal_to_lanes(own, a);
    winners.write(a, first, end);
  }
}

}  // namespace topkit::cuda
