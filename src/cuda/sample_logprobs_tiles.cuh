// Log-probabilities of many tokens at memory speed: a warp holds a tile of a row in its registers, weighs it against its own largest z,
// and needs to know nothing of any other. Meanwhile its next tile comes to shared memory.
//
//   tile      its granules' maxima, its mass, and how many are above the token that is looked up: to the workspace
//   end       a second kernel, a block a row: puts masses together, finds the granules in which the best lie, by their maxima, and
//             reads these again (sample_logprobs_found.cuh)
#pragma once

#include "sample_mass.cuh"

namespace topkit::cuda {

struct SampleTilesLaunch {
  SampleArgs args;
  std::int64_t first_row;
  std::uint32_t blocks;  // of a row
  std::uint32_t turns;   // tiles of a warp
  std::int64_t tiles;    // of a row in the workspace
  Key* maxima;           // of granules: [rows, tiles, tile_granules]
  std::uint64_t* tallies;
  float c;  // of rows of one temperature
};

// What is said of a tile in a word: its mass by a scale of 1, and how many are above the token.
inline constexpr int kAboveBits = 12;
static_assert(sampling::kTile < 1 << kAboveBits);

// A token that is asked for: its raw bits, and z, which is NaN where it is not one of the row.
template <class L>
struct Asked {
  bool is;
  typename L::Raw raw;
  __device__ Asked(const typename L::Raw* x, std::int64_t length, std::int64_t id)
      : is(id >= 0 && id < length), raw(is ? load_once(x + id) : typename L::Raw{}) {}
  __device__ float z() const { return is ? sampling::candidate<One>(L::value(raw)) : __builtin_nanf(""); }
};

// Vectors of 16 bytes of a tile, each of one lane.
template <class L>
struct Tile {
  using Raw = typename L::Raw;
  static constexpr std::uint32_t kPerVec = 16 / sizeof(Raw), kOfWarp = kPerVec * kWarp;
  static constexpr int kVecs = sampling::kTile / kOfWarp, kQuads = kPerVec / 4;
  static constexpr int kGranules = tile_granules(sizeof(Raw)), kGranuleVecs = kVecs / kGranules;
  static constexpr std::uint32_t kGranule = sampling::kTile / kGranules;  // tokens

  Vec vecs[kVecs];

  // Vector v of the lane; what is behind the row's end is -inf. x: the row; token: the vector's first.
  __device__ static Vec some_of(const Raw* x, std::uint32_t length, std::uint32_t token) {
    Vec vec;
    Raw raws[kPerVec];
#pragma unroll
    for (std::uint32_t e = 0; e < kPerVec; ++e)
      raws[e] = token + e < length ? load_once(x + token + e) : static_cast<Raw>(LogitRow<L>::kMinusInfinity);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if constexpr (kQuads == 1)
        vec.word[i] = raws[i];
      else
        vec.word[i] = raws[2 * i] | static_cast<std::uint32_t>(raws[2 * i + 1]) << 16;
    }
    return vec;
  }

  // Whether a tile is one of whole vectors.
  __device__ __forceinline__ static bool is_plain(const Raw* x, std::uint32_t length, std::uint32_t begin) {
    return reinterpret_cast<std::uintptr_t>(x) % 16 == 0 && begin + sampling::kTile <= length;
  }
  // A plain tile to room[kVecs * kWarp], of which each lane brings and takes its own.
  __device__ __forceinline__ static void ask(const Raw* x, std::uint32_t begin, Vec* room) {
    const auto* const from = reinterpret_cast<const Vec*>(x + begin) + lane();
#pragma unroll
    for (int v = 0; v < kVecs; ++v) async_copy16(room + v * kWarp + lane(), from + v * kWarp);
  }
  __device__ __forceinline__ void take(const Vec* room) {
#pragma unroll
    for (int v = 0; v < kVecs; ++v) vecs[v] = room[v * kWarp + lane()];
  }
  __device__ __forceinline__ void load(const Raw* x, std::uint32_t length, std::uint32_t begin) {
    const std::uint32_t first = begin + lane() * kPerVec;
    if (is_plain(x, length, begin)) {
#pragma unroll
      for (int v = 0; v < kVecs; ++v) vecs[v] = load_once(reinterpret_cast<const Vec*>(x + first + v * kOfWarp));
    } else {
#pragma unroll
      for (int v = 0; v < kVecs; ++v) vecs[v] = some_of(x, length, first + static_cast<std::uint32_t>(v) * kOfWarp);
    }
  }

  // NaN and +inf stay what they are.
  __device__ __forceinline__ static Quad quad(const Vec& vec, int i) {
    Quad q;
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      if constexpr (kQuads == 1) {
        q.z[e] = L::value(vec.word[e]);
      } else {
        const std::uint32_t word = vec.word[2 * i + e / 2];
        q.z[e] = L::value(static_cast<Raw>(e % 2 == 0 ? word & 0xffff : word >> 16));
      }
    }
    return q;
  }
  // Calls f(quad) for all of the lane's, as candidates where the tile is odd.
  template <bool kOdd, class F>
  __device__ __forceinline__ void for_quads(F f) const {
#pragma unroll
    for (int v = 0; v < kVecs; ++v)
#pragma unroll
      for (int i = 0; i < kQuads; ++i) f(kOdd ? LogitRow<L>::candidates(quad(vecs[v], i)) : quad(vecs[v], i));
  }

  // Calls f(most, quad) for all quads of each granule.
  template <class F>
  __device__ __forceinline__ void for_granules(float (&most)[kGranules], F f) const {
#pragma unroll
    for (int g = 0; g < kGranules; ++g) {
      most[g] = kNobody;
#pragma unroll
      for (int v = 0; v < kGranuleVecs; ++v)
#pragma unroll
        for (int i = 0; i < kQuads; ++i) f(most[g], quad(vecs[g * kGranuleVecs + v], i));
    }
  }
  // The lane's largest z of each granule; NaN where one is.
  __device__ __forceinline__ void maxima(float (&most)[kGranules]) const {
    for_granules(most, [](float& z, const Quad& q) {
      z = max_nan(max_nan(z, max_nan(q.z[0], q.z[1])), max_nan(q.z[2], q.z[3]));
    });
  }
  __device__ __forceinline__ void odd_maxima(float (&most)[kGranules]) const {
    for_granules(most, [](float& z, const Quad& q) { z = ::max(z, LogitRow<L>::candidates(q).most()); });
  }

  template <bool kOdd>
  __device__ __forceinline__ std::uint64_t mass(float z_max, float c) const {
    MassOfQuads<false> weighs(z_max, c, 1);
    for_quads<kOdd>([&](const Quad& q) { weighs.add(q); });
    return weighs.sum();
  }
  template <bool kOdd>
  __device__ __forceinline__ std::uint32_t above(float token_z) const {
    std::uint32_t count = 0;
    for_quads<kOdd>([&](const Quad& q) {
#pragma unroll
      for (int e = 0; e < 4; ++e) count_above(count, q.z[e], token_z);
    });
    return count;
  }
};

struct TilesState {
  alignas(16) Vec next[kTileWarps][sampling::kTile * 4 / sizeof(Vec)];
};

// As many as registers allow: halves take some for their conversion.
template <class L>
inline constexpr int tile_blocks_an_sm = std::is_same_v<L, LogitF16> ? 4 : 8;

template <class L>
__global__ void __launch_bounds__(kTileWarps* kWarp, tile_blocks_an_sm<L>)
    sample_logprobs_tiles(const __grid_constant__ SampleTilesLaunch a) {
  using T = Tile<L>;
  const SampleArgs& args = a.args;
  const std::uint32_t row_here = blockIdx.x / a.blocks;
  std::uint32_t tile = (blockIdx.x - row_here * a.blocks) * a.turns * kTileWarps + warp();
  const std::int64_t row = a.first_row + row_here;
  grid_dependency_wait();
  const auto length = static_cast<std::uint32_t>(args.length(row));
  if (tile * sampling::kTile >= length) return;
  const auto* const x = static_cast<const typename T::Raw*>(args.x) + args.x_row(row) * args.problem.row_stride;
  const bool looks = looks_up(args);
  const std::int64_t id = looks ? args.tokens_in[row] : -1;
  T mine;
  mine.load(x, length, tile * sampling::kTile);
  const Asked<L> token(x, length, id);
  const float c = args.temperature.data == nullptr
                      ? a.c
                      : One::Mul(sampling::inverse_temperature<One>(sampling::temperature_of(args.temperature[row])),
                                 sampling::kLog2E);
  Vec* const room = shared<TilesState>().next[warp()];

#pragma unroll 1
  for (std::uint32_t turn = 1;; ++turn) {
    const std::uint32_t next = tile + kTileWarps;
    const bool goes_on = turn < a.turns && next * sampling::kTile < length;
    const bool comes = goes_on && T::is_plain(x, length, next * sampling::kTile);
    if (comes) T::ask(x, next * sampling::kTile, room);
    async_commit();
    if (!goes_on) grid_launch_dependents();

    float most[T::kGranules];
    mine.maxima(most);
    float largest = most[0];
#pragma unroll
    for (int g = 1; g < T::kGranules; ++g) largest = max_nan(largest, most[g]);
    const bool odd = __any_sync(full_mask, !(largest < __builtin_inff())) != 0;
    if (odd) [[unlikely]]
      mine.odd_maxima(most);
    Key key = 0, of_lane = 0;
#pragma unroll
    for (int g = 0; g < T::kGranules; ++g) {
      const Key of_granule = __reduce_max_sync(full_mask, key_of_z(most[g]));
      key = ::max(key, of_granule);
      if (lane() == static_cast<unsigned>(g)) of_lane = of_granule;
    }
    const std::int64_t at = row * a.tiles + tile;
    if (lane() < T::kGranules) a.maxima[at * T::kGranules + lane()] = of_lane;

    std::uint64_t mass = 0;
    std::uint32_t above = 0;
    if (key > kNobodyKey) {
      const float z_max = z_of_key(key);
      mass = odd ? mine.template mass<true>(z_max, c) : mine.template mass<false>(z_max, c);
      // Behind the mass, for its z has been waited for twice.
      const float token_z = looks ? token.z() : __builtin_nanf("");
      if (z_max > token_z) above = odd ? mine.template above<true>(token_z) : mine.template above<false>(token_z);
    }
    mass = warp_sum(mass);
    above = __reduce_add_sync(full_mask, above);
    if (lane() == 0) a.tallies[at] = mass << kAboveBits | above;
    if (!goes_on) return;
    tile = next;
    if (comes) {
      async_wait<0>();
      mine.take(room);
    } else {
      mine.load(x, length, tile * sampling::kTile);
    }
  }
}

}  // namespace topkit::cuda
