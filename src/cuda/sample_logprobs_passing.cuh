// Log-probabilities of many rows that pass through clusters which stay, a block a multiprocessor: a block holds its shares of two rows
// in shared memory, and each weigher its own vectors of them. While a row is weighed the next one comes, and is asked for its
// maxima half way, so that neither memory nor a hop is waited for.
//
//   maxima    of groups of threads, to all blocks: the row's largest z, and a bound of its n-th               (hop)
//   weigh     the mass, and how many are above the token that is looked up; what reaches the bound, to memory; the vectors of the
//             row after the next take the places of these. Of a crowd the block's n best, from the row once more
//   books     one warp, meanwhile: where rows lie and what they ask, the bound, sums (sample_passing_books.cuh)
//   end       a second kernel, a warp a row: puts the best into order, and writes what is asked for
//
// A vector is read and replaced by one thread, so that one barrier stands between rows. A first block that ended its row, as other
// kernels have it, would keep seven others waiting.
#pragma once

#include "sample_passing_books.cuh"

namespace topkit::cuda {

// A weigher's view of the cluster.
template <class L>
class PassingWeigher {
 public:
  using Share = PassingShare<L>;

  __device__ PassingWeigher(const SamplePassingLaunch& a, unsigned rank)
      : args_(a.args),
        blocks_(1U << a.log_blocks),
        log_lanes_(kLogPassingThreads - (kLogPassingGroups - a.log_blocks)),
        place_((rank << (kLogPassingGroups - a.log_blocks)) + (threadIdx.x >> log_lanes_)),
        room_(passing_room(a.share)),
        scale_(sampling::weight_scale(a.args.problem.cols)) {}

  __device__ Vec* vecs_of(unsigned side) const { return dynamic_shared<Vec>() + side * room_; }

  // All of a share, and what stands in for vectors behind it.
  __device__ void ask(const Share& share, unsigned side) const {
    Vec* const vecs = vecs_of(side);
#pragma unroll 4
    for (std::uint32_t v = threadIdx.x; v < share.count; v += kWeighers) share.ask(vecs, v);
    constexpr std::uint32_t kNone = Share::kMinusInfinity * (sizeof(typename L::Raw) == 2 ? 0x10001U : 1U);
    for (std::uint32_t v = threadIdx.x; v < room_; v += kWeighers)
      if (v >= share.count) vecs[v] = {{kNone, kNone, kNone, kNone}};
  }

  // The maxima of the first `count` vectors to all blocks, group by group. Returns whether the thread has NaN or +inf.
  __device__ bool tell_maxima(std::uint32_t count, unsigned side) const {
    PassingState& state = shared<PassingState>();
    const Vec* const vecs = vecs_of(side);
    float most = kNobody;
    const auto take = [&](const Vec& vec) {
#pragma unroll
      for (int i = 0; i < Share::kQuads; ++i) most = max_nan(most, most_or_nan(Share::quad(vec, i)));
    };
    std::uint32_t v = threadIdx.x;
#pragma unroll 1
    for (; v + kWeighers < count; v += 2 * kWeighers) {
      take(vecs[v]);
      take(vecs[v + kWeighers]);
    }
    if (v < count) take(vecs[v]);
    const bool odd = !(most < __builtin_inff());
    if (most != most) [[unlikely]] {
      most = kNobody;
#pragma unroll 1
      for (v = threadIdx.x; v < count; v += kWeighers)
        for (int i = 0; i < Share::kQuads; ++i) most = ::fmaxf(most, most_number(Share::quad(vecs[v], i)));
    }
    Key key = key_of_z(z_that_counts(most));
    const unsigned lanes = 1U << log_lanes_;
    if (lanes == kWarp) {
      key = __reduce_max_sync(full_mask, key);
    } else {
#pragma unroll 1
      for (unsigned d = 1; d < lanes; d *= 2) key = ::max(key, __shfl_xor_sync(full_mask, key, static_cast<int>(d)));
    }
    // Lane l of a group tells block l.
    const unsigned to = threadIdx.x & (lanes - 1);
    if (to < blocks_) store_async(&state.maxima[side][place_], to, key, &state.maxima_came[side]);
    return odd;
  }

  // A turn; odd: of the thread's own, and then of the next row's. then: the row whose vectors take the places, and whether there
  // is one.
  __device__ void weigh(unsigned turn, bool& odd, bool goes_on, bool then, PassedRow& out) const {
    PassingState& state = shared<PassingState>();
    const PassingRow& row = state.rows[turn & 3];
    const unsigned side = turn & 1;
    const PassingRow& third = state.rows[(turn + 2) & 3];
    const Share coming(static_cast<const typename L::Raw*>(third.x), third.length, third.first, third.count);
    const std::uint32_t whole = then ? coming.whole() : 0, count = row.count;
    // Rows of one length leave the places behind them alone.
    const std::uint32_t all = args_.lengths.data == nullptr ? room_ : count;
    Vec* const vecs = vecs_of(side);
    Weighing<L> weighing(row.z_max, row.c, scale_, row.token_z, row.least, row.first * Share::kPerVec,
                         &state.passed[turn & 3], out.best);
    std::uint32_t v = threadIdx.x;
    const bool any = row.z_max > kNobody;
    bool next_odd = false;
#pragma unroll 1
    for (bool second = false;; second = true) {
      if (any)
        weighing.replace(odd, v, second ? all : all / (4 * kWeighers) * (2 * kWeighers), vecs, coming.from(), whole);
      if (second) break;
      async_commit();
      if (!goes_on) continue;
      async_wait<1>();
      next_odd = tell_maxima(state.rows[(turn + 1) & 3].count, side ^ 1);
    }
    odd = next_odd;
    // Of a longer row what is left, and its end.
#pragma unroll 1
    for (; v < whole; v += kWeighers) async_copy16(vecs + v, coming.from() + v);
    if (then && whole < coming.count && threadIdx.x == whole % kWeighers) coming.ask(vecs, whole);
    async_commit();
    const std::uint64_t mass = warp_sum(any ? weighing.mass() : 0);
    const std::uint32_t above = __reduce_add_sync(full_mask, weighing.above());
    if (lane() == 0) {
      state.mass[side][warp()] = mass;
      state.above[side][warp()] = above;
    }
  }

  // Bytes of maxima that come from one block.
  __device__ unsigned told() const { return (kWeighers >> log_lanes_) * static_cast<unsigned>(sizeof(Key)); }

 private:
  const SampleArgs& args_;
  unsigned blocks_, log_lanes_, place_;
  std::uint32_t room_;
  float scale_;
};

template <class L>
__global__ void __launch_bounds__(kPassingThreads, 1)
    sample_logprobs_passing(const __grid_constant__ SamplePassingLaunch a) {
  if constexpr (kArch != 0 && kArch < 900) return;  // no clusters: nobody comes here
  const SampleArgs& args = a.args;
  const unsigned rank = cluster_rank();
  PassingState& state = shared<PassingState>();
  if (threadIdx.x == kWeighers) {
    mbarrier_init(&state.maxima_came[0], 1);
    mbarrier_init(&state.maxima_came[1], 1);
    mbarrier_publish();
  }
  __syncwarp(full_mask);
  cluster_arrive_relaxed();
  grid_dependency_wait();
  const std::int64_t first = blockIdx.x >> a.log_blocks;
  const auto turns = static_cast<unsigned>((args.problem.rows - first + a.clusters - 1) / a.clusters);
  const PassingBooks<L> books(a, rank, turns);
  const PassingWeigher<L> weigher(a, rank);
  const bool weighs = threadIdx.x < kWeighers;
  bool odd = false;
  if (weighs) {
    const PassingShare<L> share(args, first, a.share, rank);
    weigher.ask(share, 0);
    async_commit();
    if (turns > 1) weigher.ask(PassingShare<L>(args, first + a.clusters, a.share, rank), 1);
    async_commit();
    cluster_wait();
    async_wait<1>();
    odd = weigher.tell_maxima(share.count, 0);
  } else {
    for (unsigned i = lane(); i < kCountedGroups; i += kWarp)
      if ((i & ((1U << (kLogPassingGroups - a.log_blocks)) - 1)) >= weigher.told() / static_cast<unsigned>(sizeof(Key)))
        state.maxima[0][i] = state.maxima[1][i] = 0;
    for (unsigned turn = 0; turn < 3; ++turn) books.place(turn);
    cluster_wait();
    books.open(0, weigher.told());
  }
#pragma unroll 1
  for (unsigned turn = 0;; ++turn) {
    __syncthreads();
    // Of the turn before.
    if (turn > 0) {
      const std::int64_t row = books.row_of(turn - 1);
      PassedRow& out = a.out[(row << a.log_blocks) + rank];
      std::uint32_t passed = state.passed[(turn - 1) & 3];
      if (passed > kPassedOn) [[unlikely]] {
        const PassingShare<L> mine(args, row, a.share, rank);
        const int wanted = static_cast<int>(::min(args.listed(row), std::int64_t{mine.length}));
        passed = static_cast<std::uint32_t>(
            list_of_passing_crowd<L>(mine.x, mine.token(0), ::min(mine.token(mine.count), mine.length), wanted));
        if (threadIdx.x < passed) out.best[threadIdx.x] = state.list[threadIdx.x];
      }
      if (!weighs) books.close(turn - 1, passed, out);
    }
    if (turn == turns) return;
    if (turn + 1 == turns) grid_launch_dependents();
    if (weighs) {
      weigher.weigh(turn, odd, turn + 1 < turns, turn + 2 < turns, a.out[(books.row_of(turn) << a.log_blocks) + rank]);
    } else {
      books.place(turn + 3);
      books.open(turn + 1, weigher.told());
    }
  }
}

}  // namespace topkit::cuda
