// What the warps of a block tell each other of rows that pass (sample_logprobs_passing.cuh), and a block's best where a crowd passes.
#pragma once

#include "kth.cuh"
#include "sample_passing_share.cuh"
#include "stream_list.cuh"

namespace topkit::cuda {

inline constexpr int kLogPassingGroups = 7;
static_assert(1 << kLogPassingGroups == kCountedGroups);
inline constexpr int kPassingListed = kPassingThreads + kPassedOn;  // one element of each thread behind what is held

// A row, as the books have it for the weighers.
struct PassingRow {
  const void* x;
  std::uint32_t length, first, count;  // PassingShare's
  float z_max, c;                      // z_max: -inf where the row has no candidate
  float least;                         // what reaches it is handed on; +inf: nothing
  float token_z;                       // of the token that is looked up; NaN: there is none
};

struct PassingState {
  Mbarrier maxima_came[2];
  // Of rows of even and of odd turns: a block may be a row ahead of another, and the weighers half a row ahead of the books.
  alignas(16) Key maxima[2][kCountedGroups];
  std::uint64_t mass[2][kPassingThreads / kWarp];  // by warp
  std::uint32_t above[2][kPassingThreads / kWarp];
  // Of the turn that is, the two that come, and one that is over or the third that comes.
  PassingRow rows[4];
  std::uint32_t passed[4];
  // Of a crowd.
  alignas(16) Candidate list[kPassingListed];
  std::uint32_t listed;
  CompactState compact;
};
static_assert(sizeof(PassingState) <= kPassingStatic);

// Of a block of which more pass than are handed on: its `wanted` best to state.list, and how many they are. Behind a bound of the
// block's own, an element of each thread at a time; where they are too many, they are cut. The share is read from memory, for its
// place is the next row's. All threads, behind a barrier; ends with one.
template <class L>
[[gnu::noinline]] __device__ int list_of_passing_crowd(const typename L::Raw* x, std::uint32_t first, std::uint32_t end,
                                                       int wanted) {
  PassingState& state = shared<PassingState>();
  const auto z_at = [&](std::uint32_t token) { return z_that_counts(L::value(load_once(x + token))); };
  float most = kNobody;
#pragma unroll 1
  for (std::uint32_t token = first + threadIdx.x; token < end; token += kPassingThreads)
    most = ::fmaxf(most, z_at(token));
  Key* const maxima = reinterpret_cast<Key*>(state.list);
  maxima[threadIdx.x] = most > kNobody ? key_of_z(most) : 0;
  __syncthreads();
  Candidate floor = static_cast<Candidate>(::max(
                        kth_by_bins<kPassingThreads>(maxima, kPassingThreads, wanted, state.compact), kNobodyKey + 1))
                    << 32;
  if (threadIdx.x == 0) state.listed = 0;
  __syncthreads();
  int held = 0;
#pragma unroll 1
  for (std::uint32_t at = first; at < end; at += kPassingThreads) {
    const std::uint32_t token = at + threadIdx.x;
    const Candidate c = token < end ? candidate(key_of_z(z_at(token)), token) : 0;
    if (c >= floor) state.list[atomicAdd(&state.listed, 1U)] = c;
    __syncthreads();
    held = static_cast<int>(state.listed);
    __syncthreads();  // all have read it
    if (held <= kPassedOn) continue;
    held = cut_list<kPassingThreads>(state.list, held, wanted, wanted, state.compact);
    floor = state.compact.low;
    if (threadIdx.x == 0) state.listed = static_cast<std::uint32_t>(held);
    __syncthreads();
  }
  return held;
}

}  // namespace topkit::cuda
