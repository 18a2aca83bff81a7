// A thread a row: the k <= 8 best of each of very many rows of up to 256 columns.
//
//   bring     a warp copies its 32 rows to shared memory, neighbouring lanes neighbouring granules
//   select    a lane reads its own row there, a granule at a time, makes words of key and column, puts eight into order and
//             merges them into the best: no lane needs another's
//   write     columns go through shared memory, so that neighbouring lanes write neighbouring places
//
// Words of 16-bit types and narrower are unique. Those of 32-bit types leave out as many low bits of the key as the column takes:
// where two of them agree but for the column, and the keys do not, the warp does its rows again by words of 64 bits.
#pragma once

#include <cstdint>

#include "by_element.hpp"
#include "lane_network.cuh"
#include "launch.hpp"
#include "warp_rows_shape.hpp"

namespace topkit::cuda {

inline constexpr int kWarpRowsThreads = 128, kLogWarp = 5;

// What warp_rows is made with. The words' constants are given at run time for the sake of lane_network.cuh's reason: their
// instructions shall be those that are written.
struct WarpRowsWords {
  Signs signs;
  std::uint32_t half = 0x10000, upper_half = 0xffff0000, half_signs = 0x80008000;
};

template <class Half2, std::uint32_t kInf>
__device__ __forceinline__ Pack keys_of_pair(const Float16<Half2, kInf>&, const WarpRowsWords& words, Pack pack) {
  const Pack bits = Half2::add_zero(pack);
  return bits ^ (half_signs(bits) | words.half_signs);
}

// Of one lane's row in shared memory. low: bits of the column in a word.
template <class E, int kMost, bool kLost>
struct LaneRow {
  using Raw = typename E::Raw;
  static constexpr int kPerVec = 16 / static_cast<int>(sizeof(Raw));
  static constexpr int kGroup = kMost == 6 ? 8 : kMost;                  // is put into order at once
  static constexpr int kVecs = kGroup > kPerVec ? kGroup / kPerVec : 1;  // a step's
  static constexpr int kStep = kVecs * kPerVec;                          // elements
  static constexpr bool kWide = sizeof(Raw) == 4;

  const E& element;
  const WarpRowsWords& constants;
  char* x;
  int granules;
  std::uint32_t low;

  __device__ Key key_at(std::uint32_t column) const {
    return element.key(element.pack(reinterpret_cast<const Raw*>(x)[column]), 0);
  }

  // Behind a row of an odd number of granules lies one more.
  __device__ void pad() const {
    if constexpr (kVecs > 1 && E::kRawPacks) {
      if (granules % kVecs != 0) reinterpret_cast<Vec*>(x)[granules] = {E::kPad, E::kPad, E::kPad, E::kPad};
    }
  }

  // The keys of a step's elements from granule g on. Behind the row's end are those that beat nothing; their columns lose ties.
  __device__ void keys(int g, Key (&key)[kStep]) const {
#pragma unroll
    for (int v = 0; v < kVecs; ++v) {
      const bool inside = v == 0 || E::kRawPacks || g + v < granules;
      const Vec vec = reinterpret_cast<const Vec*>(x)[g + v];
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
  __device__ void words_of(int g, std::uint32_t (&words)[kStep]) const {
    if constexpr (E::kPerPack == 2) {
      const Vec vec = reinterpret_cast<const Vec*>(x)[g];
#pragma unroll
      for (int i = 0; i < kStep; i += 2) {
        const Pack pair = keys_of_pair(element, constants, vec.word[i / 2]);
        words[i] = pair * constants.half + static_cast<std::uint32_t>(kStep - 1 - i);
        words[i + 1] = (pair & constants.upper_half) | static_cast<std::uint32_t>(kStep - 2 - i);
      }
    } else {
      Key key[kStep];
      keys(g, key);
#pragma unroll
      for (int i = 0; i < kStep; ++i) {
        const auto behind = static_cast<std::uint32_t>(kStep - 1 - i);
        words[i] = kWide ? (key[i] & ~low) | behind : key[i] * constants.half + behind;
      }
    }
  }

  // Merges groups of words whose columns lack `more`.
  template <class W>
  __device__ void merge(const W (&words)[kStep], W more, bool first, W (&best)[kMost], W& lost) const {
#pragma unroll
    for (int from = 0; from < kStep; from += kGroup) {
      W group[kGroup];
#pragma unroll
      for (int i = 0; i < kGroup; ++i) group[i] = words[from + i];
      lane_sort(constants.signs, group);
      if (from == 0 && first) {
#pragma unroll
        for (int i = 0; i < kMost; ++i) best[i] = group[i] + more;
      } else {
        lane_merge<kLost && sizeof(W) == 4>(constants.signs, best, group, more, lost);
      }
    }
  }

  // Granules [from, to): best and lost are of 32-bit words, descending.
  __device__ void quick(int from, int to, std::uint32_t (&best)[kMost], std::uint32_t& lost) const {
#pragma unroll 1
    for (int g = from; g < to; g += kVecs) {
      std::uint32_t words[kStep];
      words_of(g, words);
      merge(words, low - (kStep - 1) - static_cast<std::uint32_t>(g * kPerVec), g == 0, best, lost);
    }
  }

  // Whether bits that the words left out may decide.
  __device__ bool doubtful(int k, const std::uint32_t (&best)[kMost], std::uint32_t lost) const {
    bool doubt = kLost && k == kMost && (best[kMost - 1] ^ lost) <= low;
#pragma unroll
    for (int i = 0; i + 1 < kMost; ++i) doubt = doubt || (i < k && (best[i] ^ best[i + 1]) <= low);
    return doubt;
  }
  // Whether they do: the keys of words that agree but for the column differ.
  __device__ bool decided_by_more(int k, const std::uint32_t (&best)[kMost]) const {
    Key last = 0, before = 0;
    bool differ = false;
#pragma unroll
    for (int i = 0; i < kMost; ++i) {
      if (i >= k) break;
      last = key_at(low - (best[i] & low));
      differ = differ || (i > 0 && last != before && (last ^ before) <= low);
      before = last;
    }
#pragma unroll 1
    for (int g = 0; g < granules; g += kVecs) {
      Key key[kStep];
      keys(g, key);
#pragma unroll
      for (int i = 0; i < kStep; ++i)
        differ = differ || (key[i] != last && (key[i] ^ last) <= low && g * kPerVec + i < granules * kPerVec);
    }
    return differ;
  }
  // The same words by whole keys.
  __device__ void exact(std::uint32_t (&best)[kMost]) const {
    std::uint64_t wide[kMost], none = 0;
#pragma unroll 1
    for (int g = 0; g < granules; g += kVecs) {
      Key key[kStep];
      keys(g, key);
      std::uint64_t words[kStep];
#pragma unroll
      for (int i = 0; i < kStep; ++i)
        words[i] = static_cast<std::uint64_t>(key[i]) << 32 | static_cast<std::uint32_t>(kStep - 1 - i);
      merge(words, static_cast<std::uint64_t>(low - (kStep - 1) - static_cast<std::uint32_t>(g * kPerVec)), g == 0,
            wide, none);
    }
#pragma unroll
    for (int i = 0; i < kMost; ++i) best[i] = static_cast<std::uint32_t>(wide[i]);
  }
};

template <class E, int kMost, bool kLost>
__global__ void __launch_bounds__(kWarpRowsThreads, 8) warp_rows(const __grid_constant__ Args args, const E element,
                                                                 const WarpRowsShape shape, const WarpRowsWords words) {
  using Raw = typename E::Raw;
  const int bytes = WarpRowsShape::warp_bytes(shape.pitch);
  char* const tile = dynamic_shared<char>() + static_cast<int>(warp()) * bytes;
  const int at = static_cast<int>(lane());
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * kWarpRowsThreads + warp() * kWarp;
  const std::int64_t left = args.problem.rows - first;
  const int count = left < kWarp ? static_cast<int>(left) : kWarp;
  grid_launch_dependents();
  grid_dependency_wait();
  if (count <= 0) return;

  // bring
  {
    const int together = 1 << shape.log_together;
    const int at_granule = at & (together - 1);
    const std::int64_t stride = args.problem.layout.outer_stride * static_cast<std::int64_t>(sizeof(Raw));
    const int own = at >> shape.log_together, step = kWarp >> shape.log_together;
    const int turns = (count - own + step - 1) >> (kLogWarp - shape.log_together);
    const char* const from = static_cast<const char*>(args.x) + (first + own) * stride;
    char* const to = tile + own * shape.pitch;
#pragma unroll 1
    for (int chunk = 0; chunk < kMostChunks; ++chunk) {
      const int g = chunk * kChunkGranules + at_granule;
      if (g < shape.granules) {
        const char* source = from + g * 16;
        char* target = to + g * 16;
#pragma unroll 4
        for (int turn = 0; turn < turns; ++turn) {
          async_copy16(target, source);
          source += step * stride;
          target += step * shape.pitch;
        }
      }
      async_commit();
    }
  }

  // select
  const LaneRow<E, kMost, kLost> row{element, words, tile + at * shape.pitch, shape.granules, shape.low_bits};
  row.pad();
  std::uint32_t best[kMost] = {}, lost = 0;
#pragma unroll 1
  for (int from = 0; from < shape.granules; from += kChunkGranules) {
    async_wait<kMostChunks - 1>();
    __syncwarp(full_mask);
    const int to = from + kChunkGranules;
    row.quick(from, to < shape.granules ? to : shape.granules, best, lost);
    async_commit();  // of nothing: so that all but the newest three are what is waited for
  }
  const auto k = static_cast<int>(args.problem.k);
  if constexpr (LaneRow<E, kMost, kLost>::kWide) {
    bool doubt = at < count && row.doubtful(k, best, lost);
    if (__any_sync(full_mask, doubt)) {
      doubt = doubt && row.decided_by_more(k, best);
      if (__any_sync(full_mask, doubt)) row.exact(best);
    }
  }

  // write
  if (args.problem.order == Order::index) {
    std::uint32_t behind[8] = {};  // 1 + columns behind; 0: no winner
#pragma unroll
    for (int i = 0; i < kMost; ++i) behind[i] = i < k ? (best[i] & shape.low_bits) + 1 : 0;
    lane_sort(words.signs, behind);
#pragma unroll
    for (int i = 0; i < kMost; ++i) best[i] = behind[i] - 1;
  }
  auto* const columns = reinterpret_cast<std::uint8_t*>(tile + kWarp * shape.pitch);
#pragma unroll
  for (int i = 0; i < kMost; ++i)
    columns[at * 8 + i] = static_cast<std::uint8_t>(shape.low_bits - (best[i] & shape.low_bits));
  __syncwarp(full_mask);
  // The j-th winner of all of the warp's rows, j = lane, lane + 32, ...
  const std::uint32_t most = static_cast<std::uint32_t>(k), winners = static_cast<std::uint32_t>(count) * most;
  const std::int64_t place_of_all = first * k + at;
  auto* value = static_cast<Raw*>(args.values) + place_of_all;
  auto* long_index = static_cast<std::int64_t*>(args.indices) + place_of_all;
  auto* index = static_cast<std::int32_t*>(args.indices) + place_of_all;
  const bool has_values = args.values != nullptr, has_indices = args.indices != nullptr;
  const bool is_long = args.problem.index_type == IndexType::i64;
#pragma unroll 1
  for (auto j = static_cast<std::uint32_t>(at); j < winners; j += kWarp) {
    const std::uint32_t r = j * shape.reciprocal >> 16;
    const std::uint32_t column = columns[r * 8 + (j - r * most)];
    if (has_values) *value = reinterpret_cast<const Raw*>(tile + r * static_cast<std::uint32_t>(shape.pitch))[column];
    if (has_indices && is_long) *long_index = column;
    if (has_indices && !is_long) *index = static_cast<std::int32_t>(column);
    value += kWarp;
    long_index += kWarp;
    index += kWarp;
  }
}

template <class E, int kMost, bool kLost>
void start_warp_rows(const Args& args, Stream stream) {
  const WarpRowsShape shape = warp_rows_shape(args.problem);
  launch(warp_rows<E, kMost, kLost>,
         {.kernel = "warp_rows",
          .grid = static_cast<unsigned>((args.problem.rows + kWarpRowsThreads - 1) / kWarpRowsThreads),
          .block = kWarpRowsThreads,
          .shared_bytes = static_cast<std::size_t>(kWarpRowsThreads / kWarp) *
                          static_cast<std::size_t>(WarpRowsShape::warp_bytes(shape.pitch)),
          .stream = stream,
          .pdl = true},
         args, E(args.problem), shape, WarpRowsWords{});
}

}  // namespace topkit::cuda
