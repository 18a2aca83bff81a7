// Log-probabilities of many rows that pass through clusters which stay: of a row that lies in the shared memory of a cluster, each
// thread holds its own vectors, and asks for those of the cluster's next row when it has weighed them.
//
//   maxima    of groups of threads, to all blocks: the row's largest z, and a bound of its n-th               (hop)
//   weigh     the mass, and how many are above the token that is looked up; what reaches the bound, to memory; the next row's
//             vectors take the places of these. Of a crowd the block's n best, from the row once more
//   end       a second kernel, a warp a row: puts the best into order, and writes what is asked for
//
// A vector is read and replaced by one thread, so that no barrier stands between rows. A first block that ended its row, as other
// kernels have it, would keep seven others waiting.
#pragma once

#include "cluster.cuh"
#include "sample_passing_share.cuh"
#include "stream_list.cuh"

namespace topkit::cuda {

inline constexpr int kLogPassingGroups = 7;
static_assert(1 << kLogPassingGroups == kCountedGroups);
inline constexpr int kPassingListed = kPassingThreads + kPassedOn;  // one element of each thread behind what is held

struct PassingState {
  Mbarrier maxima_came[2];
  // Of rows of even and of odd turns: a block may be a row ahead of another.
  alignas(16) Key maxima[2][kCountedGroups];
  sampling::Rules rules[2];
  float token_z[2];  // of the token that is looked up; NaN: there is none
  Key bound[2];
  std::uint32_t passed[2];
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

// The count of a row that has been weighed, behind a barrier; of a crowd its best take the places of what was there. All threads.
template <class L>
__device__ __forceinline__ void close_passed(const SampleArgs& args, std::int64_t row, std::uint32_t share,
                                             unsigned rank, std::uint32_t passed, PassedRow& out) {
  if (passed > kPassedOn) [[unlikely]] {
    const PassingShare<L> mine(args, row, share, rank);
    const int wanted = static_cast<int>(::min(args.listed(row), std::int64_t{mine.length}));
    passed = static_cast<std::uint32_t>(
        list_of_passing_crowd<L>(mine.x, mine.token(0), ::min(mine.token(mine.count), mine.length), wanted));
    if (threadIdx.x < passed) out.best[threadIdx.x] = shared<PassingState>().list[threadIdx.x];
  }
  if (threadIdx.x == 0) out.count = passed;
}

template <class L>
__global__ void __launch_bounds__(kPassingThreads, 2)
    sample_logprobs_passing(const __grid_constant__ SamplePassingLaunch a) {
  if constexpr (kArch != 0 && kArch < 900) return;  // no clusters: nobody comes here
  using Share = PassingShare<L>;
  constexpr unsigned kLast = kPassingThreads - 1;
  const SampleArgs& args = a.args;
  const auto log_blocks = static_cast<unsigned>(a.log_blocks);
  const unsigned blocks = 1U << log_blocks, rank = cluster_rank();
  PassingState& state = shared<PassingState>();
  if (threadIdx.x == kLast) {
    mbarrier_init(&state.maxima_came[0], 1);
    mbarrier_init(&state.maxima_came[1], 1);
    mbarrier_publish();
    state.bound[0] = ~Key{0};
    state.passed[0] = state.passed[1] = 0;
  }
  __syncwarp(full_mask);
  cluster_arrive_relaxed();
  // Lane l of a group tells the group's maximum to block l.
  const unsigned log_groups = kLogPassingGroups - log_blocks, group_lanes = kPassingThreads >> log_groups;
  const unsigned to = threadIdx.x & (group_lanes - 1);
  const unsigned place = (rank << log_groups) + (threadIdx.x >> (kLogPassingThreads - log_groups));
  const std::uint32_t share = a.share;
  const float scale = sampling::weight_scale(args.problem.cols);
  const bool looks = looks_up(args);
  grid_dependency_wait();
  std::int64_t row = blockIdx.x >> log_blocks;
  Share mine(args, row, share, rank);
#pragma unroll 4
  for (std::uint32_t v = threadIdx.x; v < mine.count; v += kPassingThreads) mine.ask(v);
  async_commit();
  // Of a row to come, by two threads: rules and the token to look up.
  const auto note = [&](const Share& s, std::int64_t of, unsigned side) {
    if (threadIdx.x == kWarp) state.rules[side] = sampling::rules_of<One>(args, of);
    if (threadIdx.x == 2 * kWarp)
      state.token_z[side] = looks ? z_of_asked<L>(s.x, s.length, args.tokens_in[of]) : __builtin_nanf("");
  };
  const auto place_of_row = [&](std::int64_t of) -> PassedRow& { return a.out[(of << log_blocks) + rank]; };
  note(mine, row, 0);
  cluster_wait();
#pragma unroll 1
  for (unsigned turn = 0;; ++turn) {
    const unsigned side = turn & 1;
    async_wait<0>();
    float most = kNobody;
#pragma unroll 2
    for (std::uint32_t v = threadIdx.x; v < mine.count; v += kPassingThreads) {
      const Vec vec = Share::vecs()[v];
#pragma unroll
      for (int i = 0; i < Share::kQuads; ++i) {
        const Quad q = Share::quad(vec, i);
        most = ::fmaxf(most, ::fmaxf(::fmaxf(q.z[0], q.z[1]), ::fmaxf(q.z[2], q.z[3])));
      }
    }
    const bool infinite = most > -kLowestZ;  // +inf, of the thread's own
    Key key = key_of_z(z_that_counts(most));
#pragma unroll 1
    for (unsigned d = 1; d < group_lanes; d *= 2)
      key = ::max(key, __shfl_xor_sync(full_mask, key, static_cast<int>(d)));
    if (threadIdx.x == kLast)
      mbarrier_expect(&state.maxima_came[side], rank, kCountedGroups * static_cast<unsigned>(sizeof(Key)));
    if (to < blocks) store_async(&state.maxima[side][place], to, key, &state.maxima_came[side]);
    __syncthreads();
    mbarrier_wait(&state.maxima_came[side], turn >> 1 & 1U);

    const float z_max = z_of_key(::max(best_of(state.maxima[side], kCountedGroups), kNobodyKey));
    const bool any = z_max > kNobody;
    const int wanted = any ? static_cast<int>(::min(args.listed(row), std::int64_t{mine.length})) : 0;
    if (wanted > 0) kth_by_count<kPassingThreads>(state.maxima[side], kCountedGroups, wanted, &state.bound[side]);
    // Of the row before, whose last tokens have passed.
    if (turn > 0) {
      const std::int64_t last_row = row - a.clusters;
      close_passed<L>(args, last_row, share, rank, state.passed[side ^ 1], place_of_row(last_row));
    }
    __syncthreads();
    // +inf: no number reaches it.
    const float least = wanted > 0 ? ::max(z_of_key(::max(state.bound[side], kNobodyKey)), kLowestZ) : __builtin_inff();
    if (threadIdx.x == 0) {
      state.bound[side ^ 1] = ~Key{0};
      state.passed[side ^ 1] = 0;
    }
    PassedRow& out = place_of_row(row);

    const std::int64_t next_row = row + a.clusters;
    const bool goes_on = next_row < args.problem.rows;
    const Share next(args, goes_on ? next_row : row, share, rank);
    if (goes_on) note(next, next_row, side ^ 1);
    Weighed weighed{};
    std::uint32_t v = threadIdx.x;
    const std::uint32_t whole = goes_on ? next.whole() : 0;
    if (any) {
      const Weighing<L> weigh{z_max,         state.rules[side].c, scale,   add_zero(state.token_z[side]), least,
                              mine.token(0), &state.passed[side], out.best};
      weighed = infinite ? weigh.template replace<true>(v, mine.count, next.from(), whole)
                         : weigh.template replace<false>(v, mine.count, next.from(), whole);
    }
    // Of a longer row what is left, and its end.
#pragma unroll 1
    for (; v < whole; v += kPassingThreads) async_copy16(Share::vecs() + v, next.from() + v);
    if (goes_on && whole < next.count && threadIdx.x == whole % kPassingThreads) next.ask(whole);
    async_commit();
    const std::uint64_t mass = warp_sum(weighed.mass);
    if (!goes_on) grid_launch_dependents();
    const std::uint32_t above = __reduce_add_sync(full_mask, weighed.above);
    if (lane() == 0) {
      out.mass[warp()] = mass;
      out.above[warp()] = above;
    }
    if (threadIdx.x == 0) out.z_max = z_max;
    if (!goes_on) {
      __syncthreads();
      return close_passed<L>(args, row, share, rank, state.passed[side], out);
    }
    row = next_row;
    mine = next;
  }
}

}  // namespace topkit::cuda
