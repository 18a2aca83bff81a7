// A thread a row: the k <= 16 best of each of very many rows of up to 64 granules of 16 bytes.
//
//   bring     a warp copies its 32 rows to shared memory
//   maxima    a lane reads its own row there and keeps the best granules by their maxima: winners are in the k best of them, for
//             each granule in front of another has an element that is better than all of the other's
//   select    it looks into these granules alone, makes words of key and column, puts eight into order and merges them into the best
//   write     columns go through shared memory, so that neighbouring lanes write neighbouring places
//
// Rows of few granules are looked into at once. What words of 32-bit keys leave open, of granules or elements, lane_ties.cuh settles.
#pragma once

#include <cstdint>

#include "by_element.hpp"
#include "lane_ties.cuh"
#include "lane_words.cuh"
#include "launch.hpp"
#include "warp_granules_shape.hpp"

namespace topkit::cuda {

inline constexpr int kWarpGranulesThreads = 64;

// One lane's row.
template <class E, int kMostOf, bool kLostOf>
struct GranuleRow {
  using Raw = typename E::Raw;
  static constexpr int kMost = kMostOf;
  static constexpr bool kLost = kLostOf, kWide = sizeof(Raw) == 4;
  static constexpr int kPerVec = 16 / static_cast<int>(sizeof(Raw));
  static constexpr int kGroup = 8;
  static constexpr int kVecs = kPerVec < kGroup ? kGroup / kPerVec : 1;
  static constexpr int kStep = kVecs * kPerVec;

  const E& element;
  const LaneWords& constants;
  const char* x;  // in shared memory
  std::uint32_t pad;
  std::uint32_t low, granule_low;
  int granules, columns;

  __device__ int cols() const { return columns; }
  __device__ Raw at(std::uint32_t column) const { return reinterpret_cast<const Raw*>(x)[column]; }

  __device__ void keys_of(const Vec& vec, Key* key) const {
    Pack packs[E::kPacksPerVec];
    element.unpack(vec, packs);
#pragma unroll
    for (int i = 0; i < kPerVec; ++i) key[i] = element.key(packs[i / E::kPerPack], i % E::kPerPack);
  }
  // Keys of a step's elements. What lies behind the row beats nothing; its columns lose ties.
  __device__ void keys(int g, Key (&key)[kStep]) const {
#pragma unroll
    for (int v = 0; v < kVecs; ++v) {
      Vec vec{pad, pad, pad, pad};
      if (g + v < granules) vec = load_vec(x + 16 * (g + v));
      keys_of(vec, key + v * kPerVec);
    }
  }
  template <bool kKeepsLost, class W>
  __device__ void merge(const W (&words)[kStep], int g, W (&best)[kMost], W& lost) const {
    merge_from<kKeepsLost>(words, static_cast<W>(low - (kStep - 1) - static_cast<std::uint32_t>(g * kPerVec)), best,
                           lost);
  }

  // The maximum of a granule and `behind` it: how many granules lie behind.
  __device__ std::uint32_t maximum(const Vec& vec, std::uint32_t behind) const {
    Pack packs[E::kPacksPerVec];
    element.unpack(vec, packs);
#pragma unroll
    for (int i = 1; i < E::kPacksPerVec; ++i) packs[0] = E::max(packs[0], packs[i]);
    if constexpr (E::kPerPack == 2) {
      const Pack pair = keys_of_pair(element, constants, packs[0]);
      const std::uint32_t even = pair * constants.half + behind, odd = (pair & constants.upper_half) | behind;
      return even > odd ? even : odd;
    } else {
      const Key key = element.key(packs[0], 0);
      return kWide ? (key & ~granule_low) | behind : key * constants.half + behind;
    }
  }
  // The best granules by their maxima.
  __device__ void maxima(std::uint32_t (&best)[kMost], std::uint32_t& lost) const {
    int g = 0;
    const char* at = x;
#pragma unroll 1
    for (; g + kStepGranules <= granules; g += kStepGranules, at += 16 * kStepGranules) {
      std::uint32_t words[kStepGranules];
#pragma unroll
      for (int i = 0; i < kStepGranules; ++i)
        words[i] = maximum(load_vec(at + 16 * i), static_cast<std::uint32_t>(kStepGranules - 1 - i));
      lane_sort(constants.signs, words);
      lane_merge<kLost>(constants.signs, best, words, granule_low - (kStepGranules - 1) - static_cast<std::uint32_t>(g),
                        lost);
    }
#pragma unroll 1
    for (; g < granules; ++g, at += 16)
      lane_insert<kLost>(best, maximum(load_vec(at), granule_low - static_cast<std::uint32_t>(g)), lost);
  }

  // Whether a granule that is not looked into may have a winner: its word agrees with the k-th one's but for its number.
  __device__ bool leaves_open(int k, int looked_into, const std::uint32_t (&best)[kMost], std::uint32_t lost) const {
    std::uint32_t last = best[0], next = kLost ? lost : best[kMost - 1];
#pragma unroll
    for (int i = 1; i < kMost; ++i) {
      if (i < k) last = best[i];
      if (i == looked_into) next = best[i];
    }
    return (last ^ next) <= granule_low;
  }

  // Looks into a step's granules.
  __device__ void look(const int (&g)[kVecs], std::uint32_t (&best)[kMost], std::uint32_t& lost) const {
    std::uint32_t words[kStep];
    if constexpr (kWide) {
#pragma unroll
      for (int v = 0; v < kVecs; ++v) {
        Key key[kPerVec];
        keys_of(load_vec(x + 16 * g[v]), key);
        const std::uint32_t behind = low - static_cast<std::uint32_t>(g[v] * kPerVec);
#pragma unroll
        for (int i = 0; i < kPerVec; ++i)
          words[v * kPerVec + i] = (key[i] & ~low) + (behind - static_cast<unsigned>(i));
      }
      merge_from<kLost>(words, std::uint32_t{0}, best, lost);
    } else {
      words_of_granule(load_vec(x + 16 * g[0]), words);
      merge<kLost>(words, g[0], best, lost);
    }
  }

 private:
  __device__ void words_of_granule(const Vec& vec, std::uint32_t (&words)[kStep]) const {
    if constexpr (E::kPerPack == 2) {
      words_of_pairs(element, constants, vec, words);
    } else {
      keys_of(vec, words);
#pragma unroll
      for (int i = 0; i < kStep; ++i) words[i] = words[i] * constants.half + static_cast<std::uint32_t>(kStep - 1 - i);
    }
  }
  template <bool kKeepsLost, class W>
  __device__ void merge_from(const W (&words)[kStep], W more, W (&best)[kMost], W& lost) const {
#pragma unroll
    for (int from = 0; from < kStep; from += kGroup) {
      W group[kGroup];
#pragma unroll
      for (int i = 0; i < kGroup; ++i) group[i] = words[from + i];
      lane_sort(constants.signs, group);
      lane_merge<kKeepsLost>(constants.signs, best, group, more, lost);
    }
  }
};

// Brings `count` rows that are `stride` bytes apart to shared memory, by units of kUnit bytes.
template <int kUnit>
__device__ __forceinline__ void bring_rows(const WarpGranulesShape& shape, char* tile, const char* rows,
                                           std::int64_t stride, int count) {
  const int own = static_cast<int>(lane()) >> shape.log_together, together = 1 << shape.log_together;
  const int log_step = kLogWarp - shape.log_together, turns = (count - own + (1 << log_step) - 1) >> log_step;
  const std::int64_t source_step = stride << log_step;
  const int target_step = shape.pitch << log_step;
#pragma unroll 1
  for (int at = (static_cast<int>(lane()) & (together - 1)) * kUnit; at < shape.row_bytes; at += together * kUnit) {
    const char* source = rows + own * stride + at;
    char* target = tile + own * shape.pitch + at;
#pragma unroll 8
    for (int turn = 0; turn < turns; ++turn) {
      if constexpr (kUnit == 16) async_copy16(target, source);
      if constexpr (kUnit == 8) async_copy8(target, source);
      if constexpr (kUnit == 4) async_copy4(target, source);
      source += source_step;
      target += target_step;
    }
  }
}

template <class E, int kMost, bool kLost>
__global__ void __launch_bounds__(kWarpGranulesThreads, 10)
    warp_granules(const __grid_constant__ Args args, const E element, const WarpGranulesShape shape,
                  const LaneWords words, const std::uint32_t pad) {
  using Raw = typename E::Raw;
  using Row = GranuleRow<E, kMost, kLost>;
  char* const tile = dynamic_shared<char>() + static_cast<int>(warp()) * shape.warp_bytes;
  const int at = static_cast<int>(lane());
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * kWarpGranulesThreads + warp() * kWarp;
  const std::int64_t left = args.problem.rows - first;
  const int count = left < kWarp ? static_cast<int>(left) : kWarp;
  // The next launch's blocks come as these end: earlier ones would crowd on the multiprocessors that are done first (FACTS.md).
  grid_dependency_wait();
  if (count <= 0) return;

  const std::int64_t stride = args.problem.layout.outer_stride * static_cast<std::int64_t>(sizeof(Raw));
  const char* const rows = static_cast<const char*>(args.x) + first * stride;
  if (shape.unit == 16) {
    bring_rows<16>(shape, tile, rows, stride, count);
  } else if (shape.unit == 8) {
    bring_rows<8>(shape, tile, rows, stride, count);
  } else {
    bring_rows<4>(shape, tile, rows, stride, count);
  }
  async_commit();
  char* const mine = tile + at * shape.pitch;
  const Row row{element, words, mine, pad, shape.low_bits, shape.granule_bits, shape.granules, shape.cols};
  const auto k = static_cast<int>(args.problem.k);
  int looked_into = ((shape.is_direct ? shape.granules : k) + Row::kVecs - 1) / Row::kVecs * Row::kVecs;
  auto* const behind_tile = tile + shape.warp_bytes - static_cast<int>(kWarp) * 2 * kWarpGranulesMostK;
  auto* const chosen = reinterpret_cast<std::uint8_t*>(behind_tile) + at;  // the j-th granule at 32 * j

  async_wait<0>();
  __syncwarp(full_mask);
  // Behind the row, up to the end of an even number of granules, for two are looked into at once.
#pragma unroll 1
  for (int to = shape.row_bytes; to < 16 * ((shape.granules + 1) / 2 * 2); to += 4)
    *reinterpret_cast<std::uint32_t*>(mine + to) = pad;

  bool open = false;
  if (!shape.is_direct) {
    std::uint32_t best[kMost] = {}, lost = 0;
    row.maxima(best, lost);
#pragma unroll
    for (int i = 0; i < kMost; ++i)
      chosen[i * static_cast<int>(kWarp)] = static_cast<std::uint8_t>(row.granule_low - (best[i] & row.granule_low));
    if constexpr (Row::kWide) {
      open = at < count && row.leaves_open(k, looked_into, best, lost);
      // All of the list, where that may be enough.
      if (__any_sync(full_mask, open) && looked_into < kMost) {
        looked_into = kMost < shape.granules ? kMost : shape.granules / Row::kVecs * Row::kVecs;
        open = open && row.leaves_open(k, looked_into, best, lost);
      }
    }
  }

  std::uint32_t best[kMost] = {}, lost = 0;
#pragma unroll 1
  for (int j = 0; j < looked_into; j += Row::kVecs) {
    int g[Row::kVecs];
#pragma unroll
    for (int v = 0; v < Row::kVecs; ++v) g[v] = shape.is_direct ? j + v : chosen[(j + v) * static_cast<int>(kWarp)];
    row.look(g, best, lost);
  }
  if constexpr (Row::kWide) {
    const LaneTies<Row> by_row{row, k, shape.low_bits};
    open = open || (at < count && by_row.is_open(best, lost));
    const bool ties = at < count && by_row.are(open, best);
    if (__any_sync(full_mask, ties)) by_row.settle(ties, open, best);
  }

  if (args.problem.order == Order::index) {
    std::uint32_t behind[kMost] = {};  // 1 + columns behind; 0: no winner
#pragma unroll
    for (int i = 0; i < kMost; ++i) behind[i] = i < k ? (best[i] & shape.low_bits) + 1 : 0;
    lane_sort(words.signs, behind);
#pragma unroll
    for (int i = 0; i < kMost; ++i) best[i] = behind[i] - 1;
  }
  __syncwarp(full_mask);  // the chosen granules' numbers lay where the columns will
  // Two columns a word, eight words a row.
  auto* const columns = reinterpret_cast<std::uint32_t*>(behind_tile);
#pragma unroll
  for (int i = 0; i < kMost; i += 2)
    columns[at * (kWarpGranulesMostK / 2) + i / 2] =
        (__byte_perm(best[i], best[i + 1], 0x5410) & shape.low_bits * 0x10001) ^ shape.low_bits * 0x10001;
  __syncwarp(full_mask);

  // The j-th winner of all of the warp's rows, j = lane, lane + 32, ...
  const std::uint32_t most = static_cast<std::uint32_t>(k), winners = static_cast<std::uint32_t>(count) * most;
  std::int64_t place = first * k + at;
  const bool is_long = args.problem.index_type == IndexType::i64;
  constexpr int kAtOnce = 4;
#pragma unroll 1
  for (auto j = static_cast<std::uint32_t>(at); j < winners; j += kAtOnce * kWarp, place += kAtOnce * kWarp) {
    std::uint32_t column[kAtOnce];
    Raw value[kAtOnce];
#pragma unroll
    for (int i = 0; i < kAtOnce; ++i) {
      const std::uint32_t of = j + i * kWarp < winners ? j + i * kWarp : 0, r = of * shape.reciprocal >> 16;
      column[i] = reinterpret_cast<const std::uint16_t*>(columns)[r * kWarpGranulesMostK + (of - r * most)];
      value[i] = reinterpret_cast<const Raw*>(tile + r * shape.pitch)[column[i]];
    }
#pragma unroll
    for (int i = 0; i < kAtOnce; ++i) {
      if (j + i * kWarp >= winners) break;
      const std::int64_t to = place + i * static_cast<int>(kWarp);
      if (args.values != nullptr) static_cast<Raw*>(args.values)[to] = value[i];
      if (args.indices == nullptr) continue;
      if (is_long) {
        static_cast<std::int64_t*>(args.indices)[to] = column[i];
      } else {
        static_cast<std::int32_t*>(args.indices)[to] = static_cast<std::int32_t>(column[i]);
      }
    }
  }
}

// Bits that no element of the type has a worse key than, in each place of a word.
template <class E>
std::uint32_t pad_word(const E& element) {
  using Raw = typename E::Raw;
  if constexpr (E::kRawPacks) {
    return E::kPad;
  } else {
    constexpr Raw kOnes = static_cast<Raw>(~Raw{0}), kHalf = KeyMap<Raw>::kHalf;
    const KeyMap<Raw>& map = element.map;
    Raw worst = 0;
    for (const Raw bits :
         {kOnes, kHalf, static_cast<Raw>(kOnes ^ kHalf), map.largest, static_cast<Raw>(kHalf | map.largest)})
      if (map(bits) < map(worst)) worst = bits;
    return worst * (sizeof(Raw) == 1 ? 0x01010101U : sizeof(Raw) == 2 ? 0x00010001U : 1U);
  }
}

template <class E, int kMost, bool kLost>
void start_warp_granules(const Args& args, Stream stream) {
  const WarpGranulesShape shape = warp_granules_shape(args);
  const E element(args.problem);
  launch(warp_granules<E, kMost, kLost>,
         {.kernel = "warp_granules",
          .grid = static_cast<unsigned>((args.problem.rows + kWarpGranulesThreads - 1) / kWarpGranulesThreads),
          .block = kWarpGranulesThreads,
          .shared_bytes = static_cast<std::size_t>(kWarpGranulesThreads / static_cast<int>(kWarp) * shape.warp_bytes),
          .stream = stream,
          .pdl = true},
         args, element, shape, LaneWords{}, pad_word(element));
}

}  // namespace topkit::cuda
