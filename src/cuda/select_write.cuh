// The winners by ascending index: each warp knows how many come before its own, and writes them side by side.
#pragma once

#include "radix_out.cuh"
#include "select_cut.cuh"

namespace topkit::cuda {

// Of the elements with the cut's key only the first few win.
struct alignas(8) SelectCounts {
  std::uint32_t above, equal;
};

struct SelectCountState {
  SelectCounts warps[kMostSelectWarps];
  SelectCounts blocks[kMostSelectBlocks];
};

// What the warps before this one have, of all blocks of the row; own: this warp's. All threads of all blocks; ends with a
// barrier of them.
template <class S>
__device__ SelectCounts count_before(SelectCountState& s, const S& element, const SelectShare<S>& share,
                                     const SelectCut<typename S::Key>& cut, int blocks_log, unsigned rank,
                                     SelectCounts& own) {
  using Key = typename S::Key;
  std::uint32_t above = 0, equal = 0;
  share.each(element,
             [&](std::uint32_t, const Key(&keys)[kSelectVecs][S::kPerVec], const unsigned(&masks)[kSelectVecs]) {
#pragma unroll
               for (int j = 0; j < kSelectVecs; ++j)
#pragma unroll
                 for (int e = 0; e < S::kPerVec; ++e)
                   count_if(keys[j][e] > cut.key && (masks[j] >> e & 1U) != 0, above);
               if (cut.tied == 0) return;
#pragma unroll
               for (int j = 0; j < kSelectVecs; ++j)
#pragma unroll
                 for (int e = 0; e < S::kPerVec; ++e)
                   count_if(keys[j][e] == cut.key && (masks[j] >> e & 1U) != 0, equal);
             });
  own = {__reduce_add_sync(full_mask, above), __reduce_add_sync(full_mask, equal)};
  if (lane() == 0) s.warps[warp()] = own;
  __syncthreads();
  const bool has = lane() < blockDim.x / kWarp;
  const SelectCounts of_lane = has ? s.warps[lane()] : SelectCounts{0, 0};
  SelectCounts before{__reduce_add_sync(full_mask, lane() < warp() ? of_lane.above : 0),
                      __reduce_add_sync(full_mask, lane() < warp() ? of_lane.equal : 0)};
  if (blocks_log == 0) return before;
  if (warp() == 0) {
    const SelectCounts all{__reduce_add_sync(full_mask, of_lane.above), __reduce_add_sync(full_mask, of_lane.equal)};
    if (lane() < 1U << blocks_log) cluster_store(&s.blocks[rank], lane(), all);
  }
  __syncwarp(full_mask);
  cluster_sync();
  const SelectCounts of_block = lane() < rank ? s.blocks[lane()] : SelectCounts{0, 0};
  before.above += __reduce_add_sync(full_mask, of_block.above);
  before.equal += __reduce_add_sync(full_mask, of_block.equal);
  return before;
}

// Counts of a lane's granules, 16 bits each, become how many the lanes before this one have; total: of all lanes.
__device__ inline std::uint32_t lanes_before(std::uint32_t counts, std::uint32_t& total) {
  static_assert(kSelectVecs == 2);
  const std::uint32_t through = sum_through(counts);
  total = __shfl_sync(full_mask, through, kWarp - 1);
  return through - counts;
}

// Takes the bits of `equal` behind the first `left` of the warp out of it; left becomes what is still to be taken.
template <int kPerVec>
__device__ void take_first(unsigned (&equal)[kSelectVecs], std::uint32_t& left) {
  std::uint32_t total;
  const std::uint32_t before = lanes_before(
      static_cast<std::uint32_t>(__popc(equal[0])) | static_cast<std::uint32_t>(__popc(equal[1])) << 16, total);
  std::uint32_t at[kSelectVecs] = {before & 0xffff, (total & 0xffff) + (before >> 16)};
#pragma unroll
  for (int j = 0; j < kSelectVecs; ++j)
#pragma unroll 1
    for (int e = 0; e < kPerVec; ++e)
      if ((equal[j] >> e & 1U) != 0 && at[j]++ >= left) equal[j] &= ~(1U << e);
  left -= ::min(left, (total & 0xffff) + (total >> 16));
}

// Writes the warp's winners, of which own.above are sure, behind those before. stage: the warp's, select_stage_bytes()
// long.
template <class S>
__device__ void write_winners(const Args& args, const RowOut<S>& out, const S& element, const SelectShare<S>& share,
                              const SelectCut<typename S::Key>& cut, const SelectCounts& before,
                              const SelectCounts& own, std::uint16_t* stage) {
  using Key = typename S::Key;
  using Raw = typename S::Raw;
  constexpr int kPerVec = S::kPerVec;
  std::uint32_t place = before.above + ::min(before.equal, cut.tied);
  std::uint32_t left = ::min(cut.tied - ::min(before.equal, cut.tied), own.equal);
  if (own.above == 0 && left == 0) return;
  const bool all_equal = left == own.equal;
  share.each(
      element, [&](std::uint32_t v, const Key(&keys)[kSelectVecs][kPerVec], const unsigned(&masks)[kSelectVecs]) {
        unsigned wins[kSelectVecs];
#pragma unroll
        for (int j = 0; j < kSelectVecs; ++j) {
          wins[j] = 0;
#pragma unroll
          for (int e = 0; e < kPerVec; ++e) wins[j] |= (keys[j][e] > cut.key ? 1U : 0U) << e;
          wins[j] &= masks[j];
        }
        if (left != 0) {
          unsigned equal[kSelectVecs];
#pragma unroll
          for (int j = 0; j < kSelectVecs; ++j) {
            equal[j] = 0;
#pragma unroll
            for (int e = 0; e < kPerVec; ++e) equal[j] |= (keys[j][e] == cut.key ? 1U : 0U) << e;
            equal[j] &= masks[j];
          }
          if (!all_equal) take_first<kPerVec>(equal, left);
#pragma unroll
          for (int j = 0; j < kSelectVecs; ++j) wins[j] |= equal[j];
        }
        std::uint32_t total;
        const std::uint32_t ahead = lanes_before(
            static_cast<std::uint32_t>(__popc(wins[0])) | static_cast<std::uint32_t>(__popc(wins[1])) << 16, total);
        std::uint16_t* at[kSelectVecs] = {stage + (ahead & 0xffff), stage + (total & 0xffff) + (ahead >> 16)};
#pragma unroll
        for (int j = 0; j < kSelectVecs; ++j)
#pragma unroll
          for (int e = 0; e < kPerVec; ++e)
            if ((wins[j] >> e & 1U) != 0) *at[j]++ = static_cast<std::uint16_t>((j * kWarp + lane()) * kPerVec + e);
        __syncwarp(full_mask);
        const std::uint32_t many = (total & 0xffff) + (total >> 16), position = share.position(v);
        const auto* const raw = reinterpret_cast<const Raw*>(share.granules + v * kWarp);
#pragma unroll 1
        for (std::uint32_t i = lane(); i < many; i += kWarp) {
          const std::uint32_t l = stage[i];
          out.write(args, place + i, raw[l], position + l);
        }
        place += many;
        __syncwarp(full_mask);
      });
}

}  // namespace topkit::cuda
