// A thread a row: the k <= 8 best of each of very many rows of up to 256 columns.
//
//   bring     a warp copies its 32 rows to shared memory, neighbouring lanes neighbouring granules
//   select    a lane reads its own row there, a granule at a time, makes words of key and column, puts eight into order and
//             merges them into the best: no lane needs another's
//   write     columns go through shared memory, so that neighbouring lanes write neighbouring places
//
// Words of 16-bit types and narrower are unique. Those of 32-bit types leave out as many low bits of the key as the column takes:
// where words of winners agree but for the column the list is put into order by the keys, and where it may lack a winner the
// row is looked at again, by the keys' distances from the last winner's, or by whole keys in words of 64 bits.
#pragma once

#include <cstdint>

#include "by_element.hpp"
#include "lane_ties.cuh"
#include "lane_words.cuh"
#include "launch.hpp"
#include "warp_rows_shape.hpp"

namespace topkit::cuda {

inline constexpr int kWarpRowsThreads = 128;

// Of one lane's row.
template <class E, int kMostOf, bool kLostOf>
struct LaneRow {
  using Raw = typename E::Raw;
  static constexpr int kMost = kMostOf;
  static constexpr bool kLost = kLostOf;
  static constexpr int kPerVec = 16 / static_cast<int>(sizeof(Raw));
  static constexpr int kGroup = kMost <= 2 ? kMost : (kMost + 3) / 4 * 4;  // is put into order at once
  static constexpr int kVecs = kGroup > kPerVec ? kGroup / kPerVec : 1;    // a step's
  static constexpr int kStep = kVecs * kPerVec;                            // elements
  static constexpr bool kWide = sizeof(Raw) == 4;
  static constexpr bool kPads = kVecs > 1 && E::kRawPacks;  // rows of an odd number of granules, when they are brought

  const E& element;
  const LaneWords& constants;
  const Raw* x;
  int granules;
  std::uint32_t low;  // bits of the column in a word

  __device__ int cols() const { return granules * kPerVec; }
  __device__ Raw at(std::uint32_t column) const { return x[column]; }
  __device__ void keys(int g, Key (&key)[kStep]) const {
    keys(reinterpret_cast<const Vec*>(x) + g, g + 1 < granules, key);
  }

  // Keys of a step's elements. Where the step has but one granule left the other's beat nothing; their columns lose ties.
  __device__ void keys(const Vec* at, bool whole, Key (&key)[kStep]) const {
#pragma unroll
    for (int v = 0; v < kVecs; ++v) {
      const bool inside = v == 0 || whole;
      Vec vec{};
      if (inside) vec = load_vec(at + v);
      Pack packs[E::kPacksPerVec];
      element.unpack(vec, packs);
#pragma unroll
      for (int i = 0; i < kPerVec; ++i) {
        const Key of = element.key(packs[i / E::kPerPack], i % E::kPerPack);
        key[v * kPerVec + i] = inside ? of : 0;
      }
    }
  }

  // Words of the keys and of the columns within the step, from the last on.
  __device__ void words_of(const Vec* at, bool whole, std::uint32_t (&words)[kStep]) const {
    if constexpr (E::kPerPack == 2) {
      words_of_pairs(element, constants, load_vec(at), words);
    } else {
      Key key[kStep];
      keys(at, kPads || whole, key);
#pragma unroll
      for (int i = 0; i < kStep; ++i) {
        const auto behind = static_cast<std::uint32_t>(kStep - 1 - i);
        words[i] = kWide ? (key[i] & ~low) | behind : key[i] * constants.half + behind;
      }
    }
  }

  // Merges a step's words, whose columns do not know where it begins.
  template <bool kKeepsLost, class W>
  __device__ void merge(const W (&words)[kStep], int g, W (&best)[kMost], W& lost) const {
    const W more = low - (kStep - 1) - static_cast<std::uint32_t>(g * kPerVec);
#pragma unroll
    for (int from = 0; from < kStep; from += kGroup) {
      W group[kGroup];
#pragma unroll
      for (int i = 0; i < kGroup; ++i) group[i] = words[from + i];
      lane_sort(constants.signs, group);
      if (from == 0 && g == 0) {
#pragma unroll
        for (int i = 0; i < kMost; ++i) best[i] = group[i] + more;
      } else {
        lane_merge<kKeepsLost>(constants.signs, best, group, more, lost);
      }
    }
  }

  // Granules [from, to), which lie at `at`: best and the best that was lost, descending.
  __device__ void select(const Vec* at, int from, int to, std::uint32_t (&best)[kMost], std::uint32_t& lost) const {
#pragma unroll 1
    for (int g = from; g < to; g += kVecs, at += kVecs) {
      std::uint32_t words[kStep];
      words_of(at, g + 1 < granules, words);
      merge<kLost>(words, g, best, lost);
    }
  }
};

// What brings a warp's rows to shared memory.
struct WarpRowsTile {
  const WarpRowsShape& shape;
  char* tile;
  const char* from;     // this lane's granule of the first chunk of its first row
  std::int64_t stride;  // bytes from row to row
  int turns;            // rows of this lane

  __device__ WarpRowsTile(const WarpRowsShape& of, char* to, const char* rows, std::int64_t row_bytes, int count)
      : shape(of), tile(to), from(rows + own() * row_bytes + granule() * 16), stride(row_bytes) {
    turns = (count - own() + step() - 1) >> (kLogWarp - shape.log_together);
  }
  // What comes of a chunk is of one group of copies; nothing of one behind the last.
  __device__ void bring(int chunk) const {
    if (chunk * kChunkGranules + granule() < shape.granules) {
      const char* source = from + chunk * kChunkGranules * 16;
      char* target = tile + own() * shape.pitch + granule() * 16 + (chunk & 1) * shape.chunk_bytes;
#pragma unroll 4
      for (int turn = 0; turn < turns; ++turn) {
        async_copy16(target, source);
        source += step() * stride;
        target += step() * shape.pitch;
      }
    }
    async_commit();
  }

 private:
  __device__ int own() const { return static_cast<int>(lane()) >> shape.log_together; }
  __device__ int step() const { return static_cast<int>(kWarp) >> shape.log_together; }
  __device__ int granule() const { return static_cast<int>(lane()) & ((1 << shape.log_together) - 1); }
};

template <class E, int kMost, bool kLost>
__global__ void __launch_bounds__(kWarpRowsThreads, 8)
    warp_rows(const __grid_constant__ Args args, const E element, const WarpRowsShape shape, const LaneWords words) {
  using Raw = typename E::Raw;
  using Row = LaneRow<E, kMost, kLost>;
  char* const tile = dynamic_shared<char>() + static_cast<int>(warp()) * shape.warp_bytes;
  const int at = static_cast<int>(lane());
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * kWarpRowsThreads + warp() * kWarp;
  const std::int64_t left = args.problem.rows - first;
  const int count = left < kWarp ? static_cast<int>(left) : kWarp;
  // The next launch's blocks come as these end: earlier ones would crowd on the multiprocessors that are done first (FACTS.md).
  grid_dependency_wait();
  if (count <= 0) return;

  const std::int64_t stride = args.problem.layout.outer_stride * static_cast<std::int64_t>(sizeof(Raw));
  const char* const rows = static_cast<const char*>(args.x) + first * stride;
  const WarpRowsTile brought(shape, tile, rows, stride, count);
  brought.bring(0);
  brought.bring(1);
  // Where an element of the rows may be read at any time.
  const char* const base = shape.is_whole ? tile : rows;
  const std::int64_t base_stride = shape.is_whole ? shape.pitch : stride;
  const Row row{element, words, reinterpret_cast<const Raw*>(base + (at < count ? at : 0) * base_stride),
                shape.granules, shape.low_bits};

  std::uint32_t best[kMost] = {}, lost = 0;
#pragma unroll 1
  for (int chunk = 0; chunk * kChunkGranules < shape.granules; ++chunk) {
    async_wait<1>();
    __syncwarp(full_mask);
    const int begin = chunk * kChunkGranules;
    const int end = begin + kChunkGranules < shape.granules ? begin + kChunkGranules : shape.granules;
    auto* const vecs = reinterpret_cast<Vec*>(tile + at * shape.pitch + (chunk & 1) * shape.chunk_bytes);
    if constexpr (Row::kPads) {
      if ((end & 1) != 0) vecs[end - begin] = {E::kPad, E::kPad, E::kPad, E::kPad};
    }
    row.select(vecs, begin, end, best, lost);
    __syncwarp(full_mask);
    brought.bring(chunk + 2);
  }
  const auto k = static_cast<int>(args.problem.k);
  if constexpr (Row::kWide) {
    const LaneTies<Row> by_row{row, k, shape.low_bits};
    const bool open = at < count && by_row.is_open(best, lost);
    const bool ties = at < count && by_row.are(open, best);
    if (__any_sync(full_mask, ties)) by_row.settle(ties, open, best);
  }

  if (args.problem.order == Order::index) {
    std::uint32_t behind[8] = {};  // 1 + columns behind; 0: no winner
#pragma unroll
    for (int i = 0; i < kMost; ++i) behind[i] = i < k ? (best[i] & shape.low_bits) + 1 : 0;
    lane_sort(words.signs, behind);
#pragma unroll
    for (int i = 0; i < kMost; ++i) best[i] = behind[i] - 1;
  }
  auto* const columns = reinterpret_cast<std::uint8_t*>(tile + shape.warp_bytes - kWarp * kWarpRowsMostK);
#pragma unroll
  for (int i = 0; i < kMost; ++i)
    columns[at * kWarpRowsMostK + i] = static_cast<std::uint8_t>(shape.low_bits - (best[i] & shape.low_bits));
  __syncwarp(full_mask);

  // The j-th winner of all of the warp's rows, j = lane, lane + 32, ...
  const std::uint32_t most = static_cast<std::uint32_t>(k), winners = static_cast<std::uint32_t>(count) * most;
  std::int64_t place = first * k + at;
  const bool is_long = args.problem.index_type == IndexType::i64;
#pragma unroll 1
  for (auto j = static_cast<std::uint32_t>(at); j < winners; j += kWarp, place += kWarp) {
    const std::uint32_t r = j * shape.reciprocal >> 16;
    const std::uint32_t column = columns[r * kWarpRowsMostK + (j - r * most)];
    if (args.values != nullptr)
      static_cast<Raw*>(args.values)[place] = reinterpret_cast<const Raw*>(base + r * base_stride)[column];
    if (args.indices == nullptr) continue;
    if (is_long) {
      static_cast<std::int64_t*>(args.indices)[place] = column;
    } else {
      static_cast<std::int32_t*>(args.indices)[place] = static_cast<std::int32_t>(column);
    }
  }
}

template <class E, int kMost, bool kLost>
void start_warp_rows(const Args& args, Stream stream) {
  const WarpRowsShape shape = warp_rows_shape(args.problem);
  launch(warp_rows<E, kMost, kLost>,
         {.kernel = "warp_rows",
          .grid = static_cast<unsigned>((args.problem.rows + kWarpRowsThreads - 1) / kWarpRowsThreads),
          .block = kWarpRowsThreads,
          .shared_bytes = static_cast<std::size_t>(kWarpRowsThreads / kWarp * shape.warp_bytes),
          .stream = stream,
          .pdl = true},
         args, E(args.problem), shape, LaneWords{});
}

}  // namespace topkit::cuda
