// Where a prefix of a row's order ends, exactly, however long it is: the last token with less than `limit` of a measure before
// it. The measure is a token's weight, or 1. Nobody sorts: bins of the measure over y, then over the keys of the bin in which
// the end lies, until one key is left; of equal keys the first by index.
//
// For what the list of the best cannot answer. Of a whole row, all blocks of the cluster in step; or of one block's share.
#pragma once

#include "sample_state.cuh"

namespace topkit::cuda {

// Adds to a 64-bit sum in two words.
__device__ inline void add_wide(std::uint32_t* low, std::uint32_t* high, std::uint64_t value) {
  const auto part = static_cast<std::uint32_t>(value);
  const std::uint32_t before = atomicAdd(low, part);
  const std::uint32_t more = static_cast<std::uint32_t>(value >> 32) + (before + part < before ? 1U : 0U);
  if (more != 0) atomicAdd(high, more);
}

// Who looks for a cut: one block in its own share, or a cluster in a row.
template <bool kAlone>
struct CutTeam {
  unsigned rank, blocks;
  __device__ explicit CutTeam(const SamplePlace& place)
      : rank(kAlone ? 0 : place.rank), blocks(kAlone ? 1 : place.blocks) {}
  __device__ void sync() const {
    if constexpr (kAlone) {
      __syncthreads();
    } else {
      cluster_sync();
    }
  }
  template <class T>
  __device__ T load(const T* mine, unsigned block) const {
    if constexpr (kAlone) return *mine;
    return cluster_load(mine, block);
  }
  template <class T>
  __device__ void store(T* mine, unsigned block, std::type_identity_t<T> value) const {
    if constexpr (kAlone) {
      *mine = value;
    } else {
      cluster_store(mine, block, value);
    }
  }
};

// One round: the bins are added up over the team, and the bin in which the sum, from the best on, reaches limit becomes s.bin,
// with s.above the sum before it; -1: none does. Ends with barriers.
template <class Team>
__device__ void find_bin(const Team& team, CutState& s, std::uint64_t above, std::uint64_t limit) {
  static_assert(kCutBins == kSampleThreads);
  const unsigned bin = threadIdx.x;
  if (bin == 0) s.bin = -1;
  team.sync();
  std::uint64_t mine = 0;
#pragma unroll 1
  for (unsigned b = 0; b < team.blocks; ++b)
    mine += static_cast<std::uint64_t>(team.load(&s.high[bin], b)) << 32 | team.load(&s.low[bin], b);
  std::uint64_t through = mine;
#pragma unroll 1
  for (unsigned d = 1; d < kWarp; d *= 2) {
    const std::uint64_t other = __shfl_up_sync(full_mask, through, d);
    if (lane() >= d) through += other;
  }
  if (lane() == kWarp - 1) s.through[warp()] = through;
  __syncthreads();
  through += warp_sum(lane() < warp() ? s.through[lane()] : 0) + above;
  if (through >= limit && through - mine < limit) {
    s.bin = static_cast<int>(bin);
    s.above = through - mine;
  }
  team.sync();  // the bins have been read
}

__device__ inline void clear_bins(CutState& s) {
  s.low[threadIdx.x] = 0;
  s.high[threadIdx.x] = 0;
  __syncthreads();
}

// The q-th (from 1) of this block's tokens of this key becomes the team's s.cut.
template <class Team, class Share>
__device__ void find_equal(const Team& team, const Share& share, Key key, std::uint64_t q, CutState& s) {
  std::uint64_t before = 0;
#pragma unroll 1
  for (std::uint32_t first = 0; first < share.size(); first += kSampleThreads) {
    const std::uint32_t at = first + threadIdx.x;
    unsigned equal = 0;
    if (at < share.size()) {
      const Quad quad = share.quad(at);
#pragma unroll
      for (int e = 0; e < 4; ++e) equal |= key_of_z(quad.z[e]) == key ? 1U << e : 0;
    }
    const auto mine = static_cast<std::uint32_t>(__popc(equal));
    std::uint32_t through = mine;
#pragma unroll 1
    for (unsigned d = 1; d < kWarp; d *= 2) {
      const std::uint32_t other = __shfl_up_sync(full_mask, through, d);
      if (lane() >= d) through += other;
    }
    __syncthreads();
    if (lane() == kWarp - 1) s.warps[warp()] = through;
    __syncthreads();
    const std::uint32_t of_warp = lane() < kSampleWarps ? s.warps[lane()] : 0;
    std::uint64_t place = before + through - mine + __reduce_add_sync(full_mask, lane() < warp() ? of_warp : 0);
#pragma unroll
    for (unsigned e = 0; e < 4; ++e)
      if ((equal >> e & 1U) != 0 && ++place == q)
        for (unsigned b = 0; b < team.blocks; ++b) team.store(&s.cut, b, candidate(key, share.begin + 4 * at + e));
    before += __reduce_add_sync(full_mask, of_warp);
  }
}

// Returns the last candidate with less than limit > 0 of the measure before it; 0 when all of them together stay below.
template <class Team, class Share, class Measure>
__device__ Candidate find_cut(const Team& team, const Share& share, SampleState& state, std::uint64_t limit,
                              Measure measure) {
  CutState& s = state.cut;
  const float z_max = state.z_max, c = state.rules.c_filter;
  const auto bin_of = [&](float z) {  // 16 a halving of the weight; falls with z
    return static_cast<unsigned>(
        ::min(sampling::exponent<One>(z, z_max, c) * -16.0F, static_cast<float>(kCutBins - 1)));
  };
  __syncthreads();
  clear_bins(s);
  share.for_quads([&](std::uint32_t, const Quad& quad) {
#pragma unroll 1
    for (int e = 0; e < 4; ++e)
      if (quad.z[e] > kNobody) {
        const unsigned bin = bin_of(quad.z[e]);
        add_wide(&s.low[bin], &s.high[bin], measure(quad.z[e]));
      }
  });
  find_bin(team, s, 0, limit);
  if (s.bin < 0) return 0;

  // The range of keys in that bin.
  const auto chosen = static_cast<unsigned>(s.bin);
  std::uint64_t above = s.above;
  Key least = ~Key{0}, most = 0;
  share.for_quads([&](std::uint32_t, const Quad& quad) {
#pragma unroll 1
    for (int e = 0; e < 4; ++e)
      if (quad.z[e] > kNobody && bin_of(quad.z[e]) == chosen) {
        least = ::min(least, key_of_z(quad.z[e]));
        most = ::max(most, key_of_z(quad.z[e]));
      }
  });
  if (threadIdx.x == 0) {
    s.least = ~Key{0};
    s.most = 0;
  }
  __syncthreads();
  least = __reduce_min_sync(full_mask, least);
  most = __reduce_max_sync(full_mask, most);
  if (lane() == 0) {
    atomicMin(&s.least, least);
    atomicMax(&s.most, most);
  }
  __syncthreads();
  if (threadIdx.x < team.blocks) {
    team.store(&s.all_least[team.rank], threadIdx.x, s.least);
    team.store(&s.all_most[team.rank], threadIdx.x, s.most);
  }
  team.sync();
  least = __reduce_min_sync(full_mask, lane() < team.blocks ? s.all_least[lane()] : ~Key{0});
  most = __reduce_max_sync(full_mask, lane() < team.blocks ? s.all_most[lane()] : 0);

#pragma unroll 1
  while (least < most) {
    const int bits = 32 - __clz(static_cast<int>(most - least));
    const int shift = bits > 9 ? bits - 9 : 0;
    clear_bins(s);
    share.for_quads([&](std::uint32_t, const Quad& quad) {
#pragma unroll 1
      for (int e = 0; e < 4; ++e) {
        const Key key = key_of_z(quad.z[e]);
        if (key >= least && key <= most) {
          const unsigned bin = (most - key) >> shift;
          add_wide(&s.low[bin], &s.high[bin], measure(quad.z[e]));
        }
      }
    });
    find_bin(team, s, above, limit);
    above = s.above;
    most -= static_cast<Key>(s.bin) << shift;
    least = ::max(least, most - ::min(most, (Key{1} << shift) - 1));
    __syncthreads();  // s.bin has been read
  }

  // Of the tokens of this key the first q, by index.
  const std::uint64_t each = measure(z_of_key(most));
  const std::uint64_t q = (limit - above + each - 1) / each;
  std::uint32_t mine = 0;
  share.for_quads([&](std::uint32_t, const Quad& quad) {
#pragma unroll
    for (int e = 0; e < 4; ++e) mine += key_of_z(quad.z[e]) == most ? 1 : 0;
  });
  add_up(state, 0, mine);
  __syncthreads();
  mine = static_cast<std::uint32_t>(block_sum(state, 0));
  if (threadIdx.x < team.blocks) team.store(&s.equal[team.rank], threadIdx.x, mine);
  team.sync();
  const std::uint64_t before = __reduce_add_sync(full_mask, lane() < team.rank ? s.equal[lane()] : 0);
  if (before < q && before + mine >= q) find_equal(team, share, most, q - before, s);
  team.sync();
  return s.cut;
}

// What measures are made of: how many tokens, and how much they weigh by the filters' c.
template <class Share, bool kAlone>
[[gnu::noinline]] __device__ Candidate cut_of_count(std::uint64_t k) {
  SampleState& state = shared<SampleState>();
  return find_cut(CutTeam<kAlone>(state.place), Share(state.args, state.place), state, k,
                  [](float) { return std::uint64_t{1}; });
}
template <class Share>
[[gnu::noinline]] __device__ Candidate cut_of_mass(std::uint64_t limit) {
  SampleState& state = shared<SampleState>();
  const float scale = sampling::weight_scale(state.args.problem.cols), z_max = state.z_max, c = state.rules.c_filter;
  return find_cut(CutTeam<false>(state.place), Share(state.args, state.place), state, limit, [&](float z) {
    const sampling::Weight<One> w = sampling::weight<One>(sampling::exponent<One>(z, z_max, c), scale);
    return sampling::mass_of(w.high, w.low);
  });
}

}  // namespace topkit::cuda
