// A row resident in the registers of a cluster of blocks: read once, bounded, filtered, ranked.
//
//   load      each block a share of the row, 16 bytes a thread at a time
//   maxima    one key a group of threads, which are no neighbours, sent to all blocks                  (hop)
//   bound     a safe lower bound of the k-th key, by each block for itself (cluster_bound.cuh)
//   filter    elements that reach it go to the list of their block, and from there to the first block, or all   (hop)
//   end       topk: each block counts the ranks of its own candidates among all, and writes (cluster_kernel.cuh);
//             sampling: the first block goes on with all candidates
//
// A hop is store_async into the other blocks and an mbarrier there: a third of a microsecond on an H100, where a cluster
// barrier with its fence takes twice that and needs a second one.
//
// No data makes it wrong. A block of which more elements pass than it may send reads the winners at the row's beginning where all are
// ties and lie there (cluster_ties.cuh), cuts its list or puts it into order where that holds them all (cluster_cut.cuh,
// cluster_sorted.cuh), else it thins them out by itself (cluster_crowd.cuh). Lists that are long but may be sent are cut where they come
// together; the first block of a draw takes up to blocks * capacity candidates, cut down first (compact.cuh).
#pragma once

#include <algorithm>
#include <type_traits>

#include "../args.hpp"
#include "../plan.hpp"
#include "by_element.hpp"
#include "cluster_bins.cuh"
#include "cluster_bound.cuh"
#include "cluster_crowd.cuh"
#include "cluster_row.cuh"
#include "cluster_shape.hpp"
#include "cluster_ties.cuh"
#include "compact.cuh"
#include "launch.hpp"
#include "rank.cuh"
#include "write.cuh"

namespace topkit::cuda {

// The better of what a pack holds.
template <class E>
__device__ __forceinline__ Key best_of_pack(const E& element, Pack pack) {
  Key key = element.key(pack, 0);
  if constexpr (E::kPerPack == 2) key = ::max(key, element.key(pack, 1));
  return key;
}

// The largest key of a row, from those of its groups; by each warp for itself. 16-byte aligned, groups a multiple of 4.
__device__ __forceinline__ Key best_of(const Key* maxima, int groups) {
  Key most = 0;
#pragma unroll 1
  for (int i = static_cast<int>(lane()); i < groups / 4; i += kWarp) {
    const Vec four = reinterpret_cast<const Vec*>(maxima)[i];
    most = ::max(most, ::max(::max(four.word[0], four.word[1]), ::max(four.word[2], four.word[3])));
  }
  return __reduce_max_sync(full_mask, most);
}

inline constexpr int kRankedAtOnce = kClusterThreads;  // candidates that are ranked without being cut down first

// With more winners a block than this the blocks sort their candidates first (cluster_sorted.cuh).
inline constexpr int kComparedABlock = 24;

// Up to so many blocks cut long lists (cluster_cut.cuh). More would send too much to one another, and sort them first.
inline constexpr int kLogCutBlocks = 3;

struct ClusterShape {
  int log_blocks;  // of a cluster, that is of a row: of their number, or of the power of two above it
  int log_group;   // threads whose elements share one maximum; blocks * threads / these <= kMostGroups
  int fold;        // thread t is of group t ^ t >> fold, as far as there are groups
  int capacity;    // of a block's list, >= k
  std::int64_t first_row;
  unsigned spare = 0;  // blocks that a row has less than 2^log_blocks
  unsigned crowd = 0;  // of a selection: a longer list is not sent as it is

  constexpr unsigned blocks() const { return (1U << log_blocks) - spare; }
  constexpr int groups() const { return static_cast<int>(blocks()) << (kLogClusterThreads - log_group); }
};

// Its blocks(), of which a kernel knows when it is compiled whether they are kOddBlocks, or a power of two: 0.
template <int kOddBlocks>
__device__ __forceinline__ unsigned blocks_of(const ClusterShape& shape) {
  return kOddBlocks != 0 ? kOddBlocks : 1U << shape.log_blocks;
}

template <class E>
struct ClusterArgs {
  Args args;
  E element;
  ClusterShape shape;
};

// From one list of what has come from all blocks to the next: so that lanes that read at one place of each do not meet in one
// bank.
inline constexpr int kBetweenLists = 4;
constexpr int list_step(const ClusterShape& s) { return s.capacity + kBetweenLists; }

// The lists of all blocks, side by side first as they come, then one behind the other with room for kRankPad, of which a crowd
// needs kCrowdRoom (there are two blocks at least); and a list.
constexpr std::size_t cluster_candidates(const ClusterShape& s) {
  return (static_cast<std::size_t>(2 * s.capacity + kBetweenLists) << s.log_blocks) + kRankPad;
}
constexpr std::size_t cluster_shared_bytes(const ClusterShape& s) {
  return (cluster_candidates(s) + kCrowdRoom) * sizeof(Candidate);
}

// Twice as many groups as winners, of blocks that share them: a tight bound that is quickly searched.
inline int cluster_log_group(int k, int log_blocks) {
  const int wanted = k <= 16 ? 64 : std::max(kCountedGroups, 2 * k);
  int log_group = kLogWarp;
  while (log_group > 0 && 1 << (log_blocks + kLogClusterThreads - log_group) < wanted) --log_group;
  return log_group;
}

// What is folded are bits that no group has, of the warp's number where two lanes are one (list_best()).
inline int cluster_fold(int log_group) { return std::max(kLogClusterThreads - log_group, kLogWarp); }

// The plan does not know where rows begin; one that is not aligned, or begins where the device says, may need more room.
inline bool rows_are_aligned(const Args& args) {
  const Problem& p = args.problem;
  return reinterpret_cast<std::uintptr_t>(args.x) % kGranule == 0 && args.starts.data == nullptr &&
         (p.rows <= 1 || p.layout.outer_stride * bytes(p.dtype) % kGranule == 0);
}

// How a call of up to kClusterMostK winners a row is spread, and how many vectors of 16 bytes a thread holds.
struct ClusterFit {
  ClusterShape shape;
  int vecs;
};
inline ClusterFit fit_cluster(const Plan& plan, const Args& args) {
  const Problem& p = args.problem;
  ClusterShape shape{};
  while (1 << shape.log_blocks < plan.cluster_blocks) ++shape.log_blocks;
  const std::int64_t granules = cluster_granules(p) + (rows_are_aligned(args) ? 0 : 1);
  if (plan.cluster_blocks == kOddCluster && cluster_vecs(granules, kOddCluster) <= odd_cluster_vecs(p))
    shape.spare = (1U << shape.log_blocks) - kOddCluster;
  while (shape.log_blocks < kLogMaxCluster && cluster_vecs(granules, 1 << shape.log_blocks) > cluster_most_vecs(p))
    ++shape.log_blocks;
  const auto vecs = static_cast<int>(cluster_vecs(granules, static_cast<int>(shape.blocks())));
  const auto k = static_cast<int>(std::min<std::int64_t>(p.k, kClusterMostK));
  shape.capacity = kClusterMostK;
  shape.log_group = cluster_log_group(k, shape.log_blocks);
  shape.fold = cluster_fold(shape.log_group);
  shape.crowd = shape.log_blocks <= kLogCutBlocks ? kClusterMostK : 2 * kWarp;
  return {shape, vecs};
}

inline LaunchShape cluster_launch(const char* kernel, const ClusterShape& shape, unsigned grid, Stream stream) {
  return {.kernel = kernel,
          .grid = grid,
          .block = kClusterThreads,
          .cluster = shape.blocks(),
          .shared_bytes = cluster_shared_bytes(shape),
          .stream = stream,
          .pdl = true};
}

struct ClusterState {
  __device__ Key* own() { return maxima + kMostGroups; }

  // Maxima of all groups, and behind them of this block's.
  alignas(16) Key maxima[kMostGroups + kClusterThreads];
  // Candidates from each block, kInOrder or-ed by the top-k kernel; 0 where the cluster has none.
  alignas(16) std::uint32_t counts[kMaxCluster];
  Mbarrier maxima_came, candidates_came;
  std::uint32_t passed;
  Key bound;
  CrowdState crowd;
  CompactState compact;
};

// Two, so that clusters pack well, where that leaves enough registers.
template <class E, int kVecs>
inline constexpr int cluster_blocks_an_sm = !is_fast_element<E> || kVecs * E::kPacksPerVec * E::kPerPack > 32 ? 1 : 2;

// What needs nothing of the input: before grid_dependency_wait(). Matched by the cluster_wait() of gather(), or of a caller
// who does not come there.
template <int kOddBlocks = 0>
__device__ __forceinline__ void open_cluster(const ClusterShape& shape, ClusterState& state) {
  const unsigned blocks = blocks_of<kOddBlocks>(shape);
  const int groups = static_cast<int>(blocks << (kLogClusterThreads - shape.log_group));
  if (threadIdx.x == kClusterThreads - 1) {
    mbarrier_init(&state.maxima_came, 1);
    mbarrier_init(&state.candidates_came, blocks);
    mbarrier_publish();
    state.passed = 0;
    state.bound = 0;
  }
  if (threadIdx.x >= blocks && threadIdx.x < kMaxCluster) state.counts[threadIdx.x] = 0;
  state.own()[threadIdx.x] = 0;
  if (static_cast<int>(threadIdx.x) < kCountedGroups - groups) state.maxima[groups + threadIdx.x] = 0;
  __syncthreads();
  cluster_arrive_relaxed();
}

// By the way a caller may want more of the row: meanwhile(), called by all threads while they would wait.
struct NothingElse {
  __device__ void meanwhile() const {}
};

// Nothing; and the row of which the cluster has the whole, for a question that few rows ask: it would take registers meanwhile.
template <class E>
struct WholeRow {
  const Args& args;
  std::int64_t row_index;

  __device__ void meanwhile() const {}
  __device__ Row<E> row() const { return Row<E>(args, args.span(row_index), row_index); }
};

// The shared memory of a block of a cluster.
struct ClusterRoom {
  Candidate *received, *dense, *list;
  // behind: bytes of something else, a multiple of 16.
  __device__ explicit ClusterRoom(const ClusterShape& shape, std::size_t behind = 0)
      : received(dynamic_shared<Candidate>() + behind / sizeof(Candidate)),
        dense(received + (list_step(shape) << shape.log_blocks)),
        list(received + cluster_candidates(shape)) {}
};

// Or-ed to the number of a list's candidates: they are best first; or they are up to kCrowdRoom, more than the block's fair share.
// In place of a number kWon: the row's winners lie in the block's room.dense, in order. It tells the others that none is left to them.
inline constexpr std::uint32_t kInOrder = 1U << 31, kCrowded = 1U << 30, kListed = kCrowded - 1,
                               kWon = kCrowded | kListed, kNoneLeft = kInOrder | kCrowded;

// Whether kWon may be: the others have no registers to look for it.
template <class E, class Share>
inline constexpr bool kLooksForTies = is_fast_element<E>&& Share::kAllHeld&& Share::kOddBlocks == 0;

// Fills room.list with those of the block's elements that may be among the row's k best, and returns how many, at most
// shape.capacity, kInOrder or-ed; or of a selection alone kCrowded, which order_own() answers; of a WholeRow kWon too, and lists
// in no order may be as long as there is room. All threads of all blocks; ends with a barrier.
template <class E, class Share, class ByTheWay>
__device__ __forceinline__ std::uint32_t list_best(const ClusterShape& shape, const E& element, Share& share, int k,
                                                   ClusterState& state, const ClusterRoom& room,
                                                   const ByTheWay& by_the_way) {
  constexpr int kThreads = kClusterThreads;
  using Mask = typename Share::Mask;
  // A kernel that wants no more of the row has registers for what saves some clocks.
  constexpr bool kWholeRow = std::is_same_v<ByTheWay, WholeRow<E>>;
  constexpr bool kAlone = kWholeRow || std::is_same_v<ByTheWay, NothingElse>;
  constexpr int kChain = kAlone ? 8 : 32;
  const unsigned rank = cluster_rank(), blocks = blocks_of<Share::kOddBlocks>(shape);
  const int log_groups = kLogClusterThreads - shape.log_group, groups = static_cast<int>(blocks << log_groups);
  share.template load<kAlone>(element, [] { cluster_wait(); });

  const Pack best = share.best();
  {
    Key key = best_of_pack(element, best);
    if (share.there == 0) key = 0;
    // Neighbours are of different groups, and threads of one lane too; those of a small group are of lanes whose low bits differ, but
    // of an odd cluster, which has no register for it.
    const int fold = kAlone && Share::kOddBlocks == 0 ? shape.fold : kLogWarp;
    const unsigned group = (threadIdx.x ^ threadIdx.x >> fold) & ((1U << log_groups) - 1);
    if (shape.log_group == kLogWarp) key = ::max(key, __shfl_xor_sync(full_mask, key, kWarp / 2));
    if (shape.log_group != kLogWarp || lane() < kWarp / 2) atomicMax(&state.own()[group], key);
    __syncthreads();
    if (threadIdx.x == kThreads - 1) mbarrier_expect(&state.maxima_came, rank, groups * sizeof(Key));
#pragma unroll 1
    for (int i = static_cast<int>(threadIdx.x); i < 1 << (log_groups + shape.log_blocks); i += kThreads) {
      const int own = i >> shape.log_blocks;
      const unsigned to = static_cast<unsigned>(i) & ((1U << shape.log_blocks) - 1);
      if (Share::kOddBlocks == 0 || to < blocks)
        store_async(&state.maxima[(rank << log_groups) + own], to, state.own()[own], &state.maxima_came);
    }
  }
  by_the_way.meanwhile();
  mbarrier_wait(&state.maxima_came, 0);
  kth_by_pivots<kThreads>(state.maxima, groups, k, &state.bound);
  __syncthreads();
  const Key bound = state.bound;

  const Pack threshold = element.threshold(bound);
  Mask mask = 0;
  if (E::passes(best, threshold) != 0) mask = share.template passing<kChain>(threshold);
  // A warp that passes as a whole, with more than a list's half, or than twice the winners if they are few, is a crowd: none of its
  // elements are listed before they have been counted.
  constexpr std::uint32_t kCrowd = 1U << 20;
  const auto passing = [&] {
    return static_cast<std::uint32_t>(sizeof(mask) == 8 ? __popcll(mask) : __popc(static_cast<std::uint32_t>(mask)));
  };
  bool lists = mask != 0;
  if (__all_sync(full_mask, lists)) {
    const int many = kWholeRow && k <= kCrowdRoom / 4 ? ::min(2 * k, kCrowdRoom / 2 - 1) : kCrowdRoom / 2;
    if (!kAlone || static_cast<int>(__reduce_add_sync(full_mask, passing())) > many) {
      if (lane() == 0) atomicAdd(&state.passed, kCrowd);
      lists = false;
    }
  }
  if (lists) list_elements(element, share, mask, room.list, kAlone ? kCrowdRoom : shape.capacity, &state.passed);
  __syncthreads();
  std::uint32_t passed = state.passed;
  // Many more than the block can have of the k best are its own matter.
  const int least = shape.log_blocks > 1 ? 2 * kWarp : kAlone ? 4 * kWarp : kRankedAtOnce / 2;
  const int fair = !kAlone || k > kComparedABlock << shape.log_blocks ? ::max(2 * k, least) : least;
  const std::uint32_t limit = kWholeRow ? shape.crowd : static_cast<std::uint32_t>(::min(shape.capacity, fair));
  if (passed > limit) [[unlikely]] {
    if constexpr (kWholeRow && kLooksForTies<E, Share>) {
      // All winners are ties, and as many as this block has are enough near the row's beginning.
      constexpr unsigned kAtOnce = Share::kElements <= 32 ? 8 : E::kPerPack == 2 ? 4 : 16, kNear = kAtOnce * kThreads;
      const Row<E> row = by_the_way.row();
      if (::min(passed, kCrowd) / 16 * (kNear / 16) >=
              static_cast<std::uint32_t>(k) * (row.count >> shape.log_blocks) / 256 &&
          best_of(state.maxima, groups) == bound) {
        grid_launch_dependents();  // the end is near
        if (list_first_near<kThreads, kAtOnce>(element, row, bound, k, room.dense, state.crowd)) return kWon;
      }
    }
    if (kAlone && passed <= kCrowdRoom) return passed | kCrowded;
    // Ties at the bound and nothing above it: the masks tell them, of a warp that passed as a whole too; of NaN with what NaN's
    // threshold lets pass beside it. A sorted row has each value of 16 bits many times: the block's best may be enough.
    const Key high = high_of(state.maxima, log_groups, rank);
    bool tied = high == bound;
    Standing standing{high, high, 0};
    if (!tied) standing = standing_of(state.maxima, groups, log_groups, rank, high);
    const int wanted = k - standing.ahead;
    passed = kInOrder;
    if (wanted > 0) {
      int listed;
      constexpr bool kFewValues = kAlone && E::kPerPack == 2;
      Key tie = bound;
      if constexpr (kFewValues) {
        if (!tied) {
          const Pack next = element.threshold(standing.high);
          mask = share.template passing<kChain>(next);
          if (element.key(next, 0) != standing.high) mask &= share.nans(next);
          tied = block_has<kThreads>(passing(), wanted, state.crowd);
          tie = standing.high;
        } else if (element.key(threshold, 0) != bound) {
          mask &= share.nans(threshold);
        }
      } else if constexpr (kAlone && is_fast_element<E>) {
        if (tied && element.key(threshold, 0) != bound) mask &= share.nans(threshold);
      } else {
        tied = tied && element.key(threshold, 0) == bound;
      }
      if (tied) {
        listed = list_first<kThreads>(share, mask, tie, wanted, room.list, state.crowd);
      } else {
        const ShareAside<kThreads, E, Share> aside(share);
        listed = list_of_crowd<kThreads>(element, aside, bound, standing, wanted, room.list, state);
      }
      passed = static_cast<std::uint32_t>(listed) | (tied || standing.high == bound ? kInOrder : 0);
    }
    __syncthreads();
  }
  return passed;
}

// The lists of all blocks, which have come to this one, one behind the other in room.dense, followed by kRankPad zeros;
// returns how many they have. Ends with a barrier.
__device__ __forceinline__ int join_lists(const ClusterShape& shape, const ClusterState& state,
                                          const ClusterRoom& room) {
  constexpr int kThreads = kClusterThreads;
  const unsigned blocks = 1U << shape.log_blocks;
  // Warps w, w + blocks, .. take the list of block w.
  const unsigned from = warp() & (blocks - 1);
  const std::uint32_t n = lane() < blocks ? state.counts[lane()] & ~kInOrder : 0;
  const auto before = static_cast<int>(__reduce_add_sync(full_mask, lane() < from ? n : 0));
  const auto count = static_cast<int>(__reduce_add_sync(full_mask, n));
  const auto mine = static_cast<int>(__shfl_sync(full_mask, n, static_cast<int>(from)));
#pragma unroll 1
  for (int i = static_cast<int>((threadIdx.x >> (kLogWarp + shape.log_blocks)) * kWarp + lane()); i < mine;
       i += kThreads >> shape.log_blocks)
    room.dense[before + i] = room.received[static_cast<int>(from) * list_step(shape) + i];
  if (threadIdx.x < kRankPad) room.dense[count + threadIdx.x] = 0;
  __syncthreads();
  return count;
}

// The elements of a row that may be among its k best, all of these among them, in the shared memory of one block: at most
// `most` of them, followed by kRankPad zeros. `scratch` has room for as many.
struct Gathered {
  Candidate *candidates, *scratch;
  int count;  // < 0: not the first block
};

// From what has come to this block. All its threads; ends with a barrier.
template <int kMost>
__device__ __forceinline__ Gathered gather_received(const ClusterShape& shape, int k, ClusterState& state,
                                                    const ClusterRoom& room) {
  const int count = join_lists(shape, state, room);
  if (count <= kMost) return {room.dense, room.received, count};
  const int kept = compact_to<kClusterThreads>(room.dense, count, room.received, k, k + k / 4 + 8, state.compact);
  if (threadIdx.x < kRankPad) room.received[kept + threadIdx.x] = 0;
  __syncthreads();
  return {room.received, room.dense, kept};
}

// To the first block. kMost: candidates that are not cut down first. All threads of all blocks.
template <int kVecs, int kMost, int kOddBlocks = 0, int kAside = 0, class E, class ByTheWay>
__device__ __forceinline__ Gathered gather(const ClusterShape& shape, const E& element, const Row<E>& row, int k,
                                           ClusterState& state, const ByTheWay& by_the_way) {
  constexpr int kThreads = kClusterThreads;
  const unsigned rank = cluster_rank();
  const ClusterRoom room(shape, cluster_aside_bytes(kAside));
  ShareOfRow<E, kThreads, kVecs, kOddBlocks, kAside> share(row, shape.log_blocks, rank);
  const auto passed = static_cast<int>(list_best(shape, element, share, k, state, room, by_the_way) & ~kInOrder);
#pragma unroll 1
  for (int i = static_cast<int>(threadIdx.x); i < passed; i += kThreads)
    store_async(&room.received[rank * list_step(shape) + i], 0, room.list[i], &state.candidates_came);
  if (threadIdx.x == kThreads - 1) {
    mbarrier_expect(&state.candidates_came, 0, passed * sizeof(Candidate) + sizeof(std::uint32_t));
    store_async(&state.counts[rank], 0, static_cast<std::uint32_t>(passed), &state.candidates_came);
  }
  // Not sooner: the blocks of the next launch find their places while this one's stand where they stand, and clusters of both
  // crowd together.
  grid_launch_dependents();
  if (rank != 0) return {nullptr, nullptr, -1};
  mbarrier_wait(&state.candidates_came, 0);
  return gather_received<kMost>(shape, k, state, room);
}

}  // namespace topkit::cuda
