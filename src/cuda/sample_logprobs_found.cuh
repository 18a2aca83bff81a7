// The end of rows of log-probabilities whose tiles have been weighed (sample_logprobs_tiles.cuh), a block a row.
//
// The n best lie in the n granules of the largest maxima, of equal ones the first: whatever lies elsewhere, these maxima are better.
#pragma once

#include "kth.cuh"
#include "sample_logprobs_tiles.cuh"
#include "stream_list.cuh"

namespace topkit::cuda {

inline constexpr int kFoundThreads = 4 * kCountedGroups, kFoundWarps = kFoundThreads / kWarp;
inline constexpr int kFoundFew = 128;           // granules, or elements, that are not cut to as many as are wanted
inline constexpr std::uint32_t kFoundHeld = 3;  // granules of a thread whose maxima it keeps
inline constexpr int kFoundRoom = kFoundFew + kFoundThreads;

struct FoundState {
  alignas(16) Key maxima[kCountedGroups];
  Key bound;
  std::uint32_t granules, elements;
  Key most[kFoundWarps];
  std::uint64_t mass[kFoundWarps];
  std::uint32_t above[kFoundWarps];
  Candidate granule[kFoundRoom], element[kFoundRoom];  // of a granule: its maximum, and which it is
  CompactState compact;
};

// The best of the candidates at(0), .., at(count - 1) that reach `floor` to `list`, at most kFoundFew and at least `wanted` where
// there are as many; *listed counts them. All threads, behind a barrier; ends with one.
template <class At>
__device__ int best_of_many(Candidate* list, std::uint32_t* listed, std::uint32_t count, Candidate floor, int wanted,
                            At at) {
  if (threadIdx.x == 0) *listed = 0;
  __syncthreads();
  int held = 0;
#pragma unroll 1
  for (std::uint32_t base = 0; base < count; base += kFoundThreads) {
    const std::uint32_t i = base + threadIdx.x;
    const Candidate c = i < count ? at(i) : 0;
    if (c >= floor) list[atomicAdd(listed, 1U)] = c;
    __syncthreads();
    held = static_cast<int>(*listed);
    __syncthreads();  // all have read it
    if (held <= kFoundFew) continue;
    CompactState& compact = shared<FoundState>().compact;
    held = cut_list<kFoundThreads>(list, held, wanted, wanted, compact);
    floor = compact.low;
    if (threadIdx.x == 0) *listed = static_cast<std::uint32_t>(held);
    __syncthreads();
  }
  return held;
}

// A list of which all have counted `count`, cut to few.
template <class At>
__device__ __forceinline__ int few_of(Candidate* list, std::uint32_t* listed, std::uint32_t of, Candidate floor,
                                      int wanted, At at) {
  const std::uint32_t count = *listed;
  if (count <= kFoundFew) return static_cast<int>(count);
  __syncthreads();  // all have read it
  if (count <= kFoundRoom)
    return cut_list<kFoundThreads>(list, static_cast<int>(count), wanted, wanted, shared<FoundState>().compact);
  return best_of_many(list, listed, of, floor, wanted, at);
}

// Behind the barriers of a row's maxima: its best, at least `wanted` where there are as many, to state.element. Returns how many they
// are. x: the row; held: the maxima of the thread's first granules, first, first + kFoundThreads, .. All threads; ends with a barrier.
template <class L>
__device__ __forceinline__ int find_best(const typename L::Raw* x, std::uint32_t length, const Key* maxima,
                                         const Key (&held)[kFoundHeld], std::uint32_t first, std::uint32_t granules,
                                         int wanted) {
  using T = Tile<L>;
  FoundState& state = shared<FoundState>();
  kth_by_count<kFoundThreads>(state.maxima, kCountedGroups, wanted, &state.bound);
  __syncthreads();
  const Key bound = ::max(state.bound, kNobodyKey + 1);
  const Candidate floor = static_cast<Candidate>(bound) << 32;
  const auto list = [&](Key key, std::uint32_t g) {
    if (key < bound) return;
    const std::uint32_t slot = atomicAdd(&state.granules, 1U);
    if (slot < kFoundRoom) state.granule[slot] = candidate(key, g);
  };
#pragma unroll
  for (std::uint32_t i = 0; i < kFoundHeld; ++i) list(held[i], first + i * kFoundThreads);
#pragma unroll 1
  for (std::uint32_t g = first + kFoundHeld * kFoundThreads; g < granules; g += kFoundThreads) list(maxima[g], g);
  __syncthreads();
  const int many = few_of(state.granule, &state.granules, granules, floor, wanted,
                          [maxima](std::uint32_t g) { return candidate(maxima[g], g); });
  // Two granules at once, as each is a wait for memory.
  const bool aligned = reinterpret_cast<std::uintptr_t>(x) % 16 == 0;
  constexpr int kAtOnce = 2;
#pragma unroll 1
  for (int j = static_cast<int>(warp()); j < many; j += kAtOnce * kFoundWarps) {
    Vec vecs[kAtOnce][T::kGranuleVecs];
    std::uint32_t begin[kAtOnce];
#pragma unroll
    for (int i = 0; i < kAtOnce; ++i) {
      const int which = j + i * kFoundWarps;
      begin[i] = which < many ? index_of(state.granule[which]) * T::kGranule + lane() * T::kPerVec : length;
#pragma unroll
      for (std::uint32_t v = 0; v < T::kGranuleVecs; ++v) {
        const std::uint32_t token = begin[i] + v * T::kOfWarp;
        vecs[i][v] = aligned && token + T::kPerVec <= length ? load_once(reinterpret_cast<const Vec*>(x + token))
                                                             : T::some_of(x, length, token);
      }
    }
#pragma unroll
    for (int i = 0; i < kAtOnce; ++i)
#pragma unroll
      for (std::uint32_t v = 0; v < T::kGranuleVecs; ++v)
#pragma unroll
        for (int q = 0; q < T::kQuads; ++q) {
          const Quad quad = LogitRow<L>::candidates(T::quad(vecs[i][v], q));
#pragma unroll
          for (std::uint32_t e = 0; e < 4; ++e) {
            const Key key = key_of_z(quad.z[e]);
            if (key < bound) continue;
            const std::uint32_t slot = atomicAdd(&state.elements, 1U);
            if (slot < kFoundRoom)
              state.element[slot] = candidate(key, begin[i] + v * T::kOfWarp + 4 * static_cast<std::uint32_t>(q) + e);
          }
        }
  }
  __syncthreads();
  const int count = few_of(
      state.element, &state.elements, static_cast<std::uint32_t>(many) * T::kGranule, floor, wanted,
      [&](std::uint32_t i) {
        const std::uint32_t token = index_of(state.granule[i / T::kGranule]) * T::kGranule + i % T::kGranule;
        return token < length ? candidate(key_of_z(sampling::candidate<One>(L::value(load_once(x + token)))), token)
                              : Candidate{0};
      });
  return count;
}

template <class L>
__global__ void __launch_bounds__(kFoundThreads) sample_logprobs_found(const __grid_constant__ SampleTilesLaunch a) {
  using T = Tile<L>;
  FoundState& state = shared<FoundState>();
  const SampleArgs& args = a.args;
  const std::int64_t row = a.first_row + blockIdx.x;
  if (threadIdx.x == 0) {
    state.bound = ~Key{0};
    state.granules = state.elements = 0;
  }
  // What was there before the kernel whose tiles these are, which lets this one begin when it has waited itself.
  const sampling::Rules rules = sampling::rules_of<One>(args, row);
  const auto length = static_cast<std::uint32_t>(args.length(row));
  const auto* const x = static_cast<const typename T::Raw*>(args.x) + args.x_row(row) * args.problem.row_stride;
  const auto tiles = static_cast<std::uint32_t>(tiles_of(length));
  const std::uint32_t granules = (length + T::kGranule - 1) / T::kGranule;
  const Key* const maxima = a.maxima + row * a.tiles * T::kGranules;
  const std::uint64_t* const tallies = a.tallies + row * a.tiles;
  const std::int64_t asked = looks_up(args) ? args.tokens_in[row] : -1, listed = args.listed(row);
  // Neighbours in the row are of different groups.
  const std::uint32_t first = (threadIdx.x >> 2) + kCountedGroups * (threadIdx.x & 3);
  grid_dependency_wait();
  grid_launch_dependents();

  // All that is waited for at once.
  const auto key_of_tile = [&](std::uint32_t t) {
    Key key = 0;
#pragma unroll
    for (int g = 0; g < T::kGranules; ++g)
      if (t * T::kGranules + g < granules) key = ::max(key, maxima[t * T::kGranules + g]);
    return key;
  };
  std::uint64_t tally = threadIdx.x < tiles ? tallies[threadIdx.x] : 0;
  Key tile_key = threadIdx.x < tiles ? key_of_tile(threadIdx.x) : 0;
  const Asked<L> token(x, length, asked);
  Key held[kFoundHeld];
  Key most = 0;
#pragma unroll
  for (std::uint32_t i = 0; i < kFoundHeld; ++i) {
    const std::uint32_t g = first + i * kFoundThreads;
    held[i] = g < granules ? maxima[g] : 0;
    most = ::max(most, held[i]);
  }
#pragma unroll 4
  for (std::uint32_t g = first + kFoundHeld * kFoundThreads; g < granules; g += kFoundThreads)
    most = ::max(most, maxima[g]);
  most = ::max(most, __shfl_xor_sync(full_mask, most, 1));
  most = ::max(most, __shfl_xor_sync(full_mask, most, 2));
  if ((threadIdx.x & 3) == 0) state.maxima[threadIdx.x >> 2] = most;
  most = __reduce_max_sync(full_mask, most);
  if (lane() == 0) state.most[warp()] = most;
  __syncthreads();
  most = __reduce_max_sync(full_mask, lane() < kFoundWarps ? state.most[lane()] : 0);
  const bool any = most > kNobodyKey;
  const float z_max = any ? z_of_key(most) : 0, scale = sampling::weight_scale(args.problem.cols);

  std::uint64_t mass = 0;
  std::uint32_t above = 0;
#pragma unroll 1
  for (std::uint32_t t = threadIdx.x; t < tiles; t += kFoundThreads) {
    if (t != threadIdx.x) {
      tally = tallies[t];
      tile_key = key_of_tile(t);
    }
    above += static_cast<std::uint32_t>(tally) & ((1U << kAboveBits) - 1);
    if (tile_key > kNobodyKey)
      mass += sampling::mass_in_row<One>(tally >> kAboveBits,
                                         sampling::exponent<One>(z_of_key(tile_key), z_max, rules.c), scale);
  }
  mass = warp_sum(mass);
  above = __reduce_add_sync(full_mask, above);
  if (lane() == 0) {
    state.mass[warp()] = mass;
    state.above[warp()] = above;
  }
  const int wanted = any ? static_cast<int>(::min(listed, std::int64_t{length})) : 0;
  const int count = wanted > 0 ? find_best<L>(x, length, maxima, held, first, granules, wanted) : 0;
  const float token_z = token.z();
  __syncthreads();
  mass = warp_sum(lane() < kFoundWarps ? state.mass[lane()] : 0);
  above = __reduce_add_sync(full_mask, lane() < kFoundWarps ? state.above[lane()] : 0);

  const float log2_mass = any ? sampling::log2_mass<One>(mass, scale) : 0;
  const auto logprob = [&](float z) {
    if (!(z == z)) return z;
    return any ? sampling::logprob_of<One>(sampling::exponent<One>(z, z_max, rules.c), log2_mass) : kNobody;
  };
  const auto put = [&](std::int64_t j, std::int64_t token, float value) {
    if (args.ids.data != nullptr) args.ids.put(row, j, token);
    if (args.id_logprobs.data != nullptr) *args.id_logprobs.at(row, j) = value;
  };
  const auto at = static_cast<int>(threadIdx.x >> 2);
  static_assert(kFoundFew * 4 <= kFoundThreads);
  const Candidate mine = at < count ? state.element[at] : 0;
  int place = 0;
#pragma unroll 4
  for (int j = static_cast<int>(threadIdx.x & 3); j < count; j += 4) place += state.element[j] > mine ? 1 : 0;
  place += __shfl_xor_sync(full_mask, place, 1);
  place += __shfl_xor_sync(full_mask, place, 2);
  if ((threadIdx.x & 3) == 0 && mine != 0 && place < wanted)
    put(place, std::int64_t{index_of(mine)}, logprob(z_of_key(key_of(mine))));
#pragma unroll 1
  for (std::int64_t j = std::int64_t{::min(count, wanted)} + threadIdx.x; j < args.problem.listed; j += kFoundThreads)
    put(j, -1, kNobody);
  if (args.probe_logprobs.data != nullptr) {
#pragma unroll 1
    for (std::int64_t j = threadIdx.x; j < args.problem.probes; j += kFoundThreads)
      *args.probe_logprobs.at(row, j) = logprob(Asked<L>(x, length, args.probes.at(row, j)).z());
  }
  if (threadIdx.x != kFoundThreads - 1) return;
  if (args.token_logprobs.data != nullptr) *args.token_logprobs.at(row) = logprob(token_z);
  if (args.token_ranks.data != nullptr)
    *args.token_ranks.at(row) = token_z == token_z ? static_cast<std::int32_t>(above) + 1 : 0;
  if (args.logsumexp.data != nullptr)
    *args.logsumexp.at(row) = any ? sampling::logsumexp_of<One>(z_max, rules.inv_t, log2_mass) : kNobody;
}

}  // namespace topkit::cuda
