// Rows too long for registers: one pass behind a threshold that a sample guessed.
//
//   sample    the first vectors that a block takes lie all over its share of the row; the maxima of groups of them, shared
//             by the blocks of a cluster, give a threshold that a few times k elements reach
//   stream    then the rest in ascending order, each warp at its own pace; vectors in which something reaches the
//             threshold are put aside (stream_queue.cuh), and what does goes to a list in shared memory, without a barrier
//   raise     when the list is crowded all warps meet, cut it to its best k, and what must be beaten rises
//   finish    the list, or the lists of a cluster, are put into order (stream_finish.cuh)
//
// When fewer than k elements reached the threshold, the row is streamed once more without one, which is exact whatever it
// holds. Passes over memory: 1. Ideas: sampled threshold, one pass and verification, TensorRT-LLM's GVR V2 and vLLM
// PR 56346; raising the threshold by what is held, DeepSelect.
#pragma once

#include "../args.hpp"
#include "element.hpp"
#include "kth.cuh"
#include "row.cuh"
#include "stream_finish.cuh"
#include "stream_list.cuh"
#include "stream_queue.cuh"
#include "stream_sample.cuh"
#include "stream_ties.cuh"
#include "warp_best.cuh"
#include "write.cuh"

namespace topkit::cuda {

inline constexpr int kStreamThreads = 512;
inline constexpr int kStreamWarps = kStreamThreads / kWarp;
inline constexpr int kMostStreamBlocks = 16;

struct StreamShape {
  int blocks;       // of a row
  int tile_vecs;    // vectors of a thread that what a block samples fills, a power of two
  int sample_vecs;  // of these, how many give the threshold, a power of two
  int joined;       // of these, how many are in one group, a power of two
  int lanes;        // neighbours whose vectors are in one group, a power of two that is at least `blocks`
  int heard;        // the first of them, whose vectors count
  int capacity;     // of a block's list
  std::int64_t first_row;
};

// What is launched, and what becomes of a row's best: here topk's outputs. span() is what the row asks, begin() is called by all
// threads when the row's first loads are on their way, end() when its k best are in order, behind a barrier, with `spare` of at least
// kStreamSpare bytes; none() instead of all of them where the span has no k.
template <class E>
struct StreamArgs {
  Args args;
  E element;
  StreamShape shape;

  __device__ Args::Span span(std::int64_t row) const { return args.span(row); }
  __device__ void begin(std::int64_t) const {}
  __device__ __forceinline__ void end(const Candidate* list, int k, std::int64_t row, Candidate*) const {
    const Writer<E> writer(args, element, args.span(row), row);
#pragma unroll 1
    for (int place = static_cast<int>(threadIdx.x); place < args.problem.k; place += kStreamThreads) {
      if (place < k) {
        writer.write(place, list[place]);
      } else {
        writer.pad(place);
      }
    }
  }
  __device__ __forceinline__ void none(std::int64_t row) const {
    const Writer<E> writer(args, element, args.span(row), row);
    for (int place = static_cast<int>(threadIdx.x); place < args.problem.k; place += kStreamThreads) writer.pad(place);
  }
};

// Vectors a thread has on their way.
template <class E>
inline constexpr int kStreamVecs = E::kPacksPerVec* E::kPerPack <= 8 && E::kPacksPerVec <= 4 ? 4 : 2;

constexpr int stream_groups(const StreamShape& s) {
  return kStreamThreads / s.lanes * (s.sample_vecs / s.joined) * s.blocks;
}

inline constexpr std::size_t kStreamSpare = kStreamWarps * sizeof(StreamQueue);

// The list; behind it the warps' queues, whose place the finish takes.
constexpr std::size_t stream_shared_bytes(const StreamShape& s, int k) {
  const std::size_t finish = static_cast<std::size_t>(k + kFullBin) * sizeof(Candidate);
  return static_cast<std::size_t>(s.capacity) * sizeof(Candidate) + (finish > kStreamSpare ? finish : kStreamSpare);
}

struct StreamState {
  CompactState cut;
  // Of the block's row, what only rare paths and the end need.
  const void* x;
  std::int64_t row_index;
  std::uint32_t elements, first, last, begin, size, rest;
  Strata strata;
  Rising rising;         // of all warps; one may know more of what comes to it
  std::uint32_t origin;  // position of the block's first granule
  int k;
  int share;  // which block of the row's; the first takes the granules at the row's ends
  int tile_vecs;
  BinState bins;
  alignas(16) Key maxima[kMostGroups];
  Mbarrier maxima_came;
  Key bound;
  Candidate low;  // what the last cut left reaches it; 0: there was none
  std::uint32_t passed;
  std::uint32_t next;  // the lowest position that may still come
  int refetch;         // 1: the warps' vectors are not on their way any more
  std::uint32_t counts[kMostStreamBlocks];
  Candidate lows[kMostStreamBlocks];
};

// Tells all blocks of the row how many candidates are in mine, and what k of them reach, if that is known.
__device__ __forceinline__ void tell_counts(int blocks, int count, StreamState& state) {
  if (static_cast<int>(threadIdx.x) < blocks) {
    cluster_store(&state.counts[state.share], threadIdx.x, static_cast<std::uint32_t>(count));
    cluster_store(&state.lows[state.share], threadIdx.x, state.low);
  }
  cluster_sync();
}

__device__ __forceinline__ int sum_of_counts(int blocks, const StreamState& state) {
  int all = 0;
  for (int b = 0; b < blocks; ++b) all += static_cast<int>(state.counts[b]);
  return all;
}

__device__ __forceinline__ Candidate best_of_lows(int blocks, const StreamState& state) {
  Candidate best = 0;
  for (int b = 0; b < blocks; ++b) best = ::max(best, state.lows[b]);
  return best;
}

// Drops what other blocks' candidates leave no place for, so that the first block need not: among many equals all of its
// own are before the others'. Returns how many are left. All threads of the cluster.
[[gnu::noinline]] inline __device__ int drop_losers(Candidate* list, int count, int blocks, int capacity,
                                                    StreamState& state) {
  constexpr int kThreads = kStreamThreads;
  const int k = state.k;
  if (sum_of_counts(blocks, state) > capacity && count > k + k / 8) {
    count = cut_list<kThreads>(list, count, k, k + k / 8, state.cut);
    if (threadIdx.x == 0) state.low = state.cut.low;
  }
  cluster_sync();  // all have read the counts
  tell_counts(blocks, count, state);
  const Candidate low = best_of_lows(blocks, state);
  if (threadIdx.x == 0) state.cut.kept = 0;
  for (int base = 0; base < count; base += kThreads) {
    const int at = base + static_cast<int>(threadIdx.x);
    const Candidate c = at < count ? list[at] : 0;
    __syncthreads();
    if (at < count && c >= low) list[atomicAdd(&state.cut.kept, 1U)] = c;
  }
  cluster_sync();
  count = static_cast<int>(state.cut.kept);
  tell_counts(blocks, count, state);
  return count;
}

// The end of a row: the lists of its blocks become one, which is put into order and written.
template <bool kClustered, class Launch>
[[gnu::noinline]] __device__ void finish_row(const Launch& a, Candidate* list, int count, int all, StreamState& state) {
  constexpr int kThreads = kStreamThreads;
  const int k = state.k;
  const std::int64_t row_index = state.row_index;
  if constexpr (kClustered) {
    if (cluster_rank() != 0) {
      cluster_sync();  // the first block has read the list
      return;
    }
    // The others' candidates go behind mine.
    const int capacity = a.shape.capacity;
    if (all <= capacity) {
      for (int i = static_cast<int>(threadIdx.x); i < all - count; i += kThreads) {
        int b = 1, at = i;
        for (; at >= static_cast<int>(state.counts[b]); ++b) at -= static_cast<int>(state.counts[b]);
        list[count + i] = cluster_load(&list[at], b);
      }
      count = all;
      __syncthreads();
    } else {
      for (int b = 1; b < a.shape.blocks; ++b) {
        for (int at = 0; at < static_cast<int>(state.counts[b]);) {
          if (count > k + k / 8) {
            __syncthreads();
            count = cut_list<kThreads>(list, count, k, k + k / 8, state.cut);
          }
          const int more = ::min(static_cast<int>(state.counts[b]) - at, capacity - count);
          for (int i = static_cast<int>(threadIdx.x); i < more; i += kThreads)
            list[count + i] = cluster_load(&list[at + i], b);
          at += more;
          count += more;
        }
      }
    }
    cluster_sync();
  }
  sort_list<kThreads>(list, count, k, a.args.problem.order, list + a.shape.capacity, state.cut, state.bins);
  a.end(list, k, row_index, list + a.shape.capacity);
}

template <class E, bool kClustered, class Launch = StreamArgs<E>>
__global__ void __launch_bounds__(kStreamThreads, 1024 / kStreamThreads)
    stream_kernel(const __grid_constant__ Launch a) {
  constexpr int kThreads = kStreamThreads;
  constexpr int kVecs = kStreamVecs<E>;
  constexpr int kPacks = E::kPacksPerVec;
  constexpr int kElements = kPacks * E::kPerPack;
  constexpr int kTile = kStreamWarps * kVecs;  // chunks
  const StreamShape& shape = a.shape;
  const E& element = a.element;
  const int blocks = kClustered ? shape.blocks : 1;
  const int rank = kClustered ? static_cast<int>(cluster_rank()) : 0;
  const std::int64_t row_index = shape.first_row + blockIdx.x / blocks;
  const int share = static_cast<int>(blockIdx.x % blocks);
  StreamState& state = shared<StreamState>();
  Candidate* const list = dynamic_shared<Candidate>();

  grid_dependency_wait();
  grid_launch_dependents();
  const Args::Span span = a.span(row_index);
  const Row<E> row(a.args, span, row_index);
  const int k = static_cast<int>(span.count);
  if (k == 0) {
    if (rank == 0) a.none(row_index);
    return;
  }
  if constexpr (kClustered) {
    if (threadIdx.x == 0) {
      mbarrier_init(&state.maxima_came, 1);
      mbarrier_publish();
    }
    __syncwarp(full_mask);
    cluster_arrive_relaxed();  // matched before the first write to another block
  }

  // Whole granules; the two at the ends of a row that are not, are its first block's.
  const std::uint32_t first = row.shift != 0 ? 1 : 0;
  const std::uint32_t last = ::max((row.shift + row.count) / Row<E>::kPerVec, first);
  const std::uint32_t each = ((last - first + blocks - 1) / blocks + kChunk - 1) / kChunk * kChunk;
  const std::uint32_t begin = ::min(first + share * each, last);
  const std::uint32_t size = ::min(each, last - begin);  // granules, from here on counted from `begin`
  const std::uint32_t chunks = (size + kChunk - 1) / kChunk;
  const Vec* mine = row.vectors() + begin;
  // A block samples its share, and what it has sampled is streamed no more.
  Strata strata(chunks, kTile);
  std::uint32_t rest = strata.width() == 1 ? 0 : size;  // what is streamed

  constexpr std::uint32_t kNone = ~0U;
  Vec v[kVecs];
  std::uint32_t at[kVecs];  // the granule that v[j] holds, or kNone
  constexpr std::uint32_t kTileGranules = kTile * kChunk;
  std::uint32_t here = threadIdx.x;  // granule of vector 0 of a tile; vectors are kThreads apart
  const auto fetch = [&](std::uint32_t from, int j) {
    const std::uint32_t g = from + j * kThreads;
    const bool there = (static_cast<int>(g < rest) & static_cast<int>(!strata.holds(g / kChunk))) != 0;
    at[j] = there ? g : kNone;
    if (there) v[j] = load_once(mine + g);
  };
  // Of the tile before the first, the sample.
  const auto sampled = [&](int j, std::uint32_t granules, int tile_vecs) {
    const std::uint32_t q = warp() * tile_vecs + j;
    const std::uint32_t g = strata.at(q) * kChunk + lane();
    return j < tile_vecs && q < strata.taken() && g < granules ? g : kNone;
  };
  // Of the first share, the largest: all blocks of a row must agree on one threshold.
  const std::uint32_t taken = Strata((::min(each, last - first) + kChunk - 1) / kChunk, kTile).taken();
  if (threadIdx.x == 0) {
    state.passed = 0;
    state.bound = ~Key{0};
    state.low = 0;
    state.next = ~0U;
    state.x = row.x;
    state.row_index = row_index;
    state.elements = row.count;
    state.first = first;
    state.last = last;
    state.begin = begin;
    state.size = size;
    state.origin = row.position(begin, 0);
    state.k = k;
    state.share = share;
    state.tile_vecs = shape.tile_vecs;
    state.refetch = 0;
    state.rest = rest;
    state.strata = strata;
  }
#pragma unroll
  for (int j = 0; j < kVecs; ++j) {
    at[j] = sampled(j, size, shape.tile_vecs);
    if (at[j] != kNone) v[j] = load_once(mine + at[j]);
  }
  a.begin(row_index);
  for (int i = stream_groups(shape) + static_cast<int>(threadIdx.x); i < kMostGroups; i += kThreads)
    state.maxima[i] = 0;
  if constexpr (kClustered) {
    cluster_wait();
    if (threadIdx.x == 0) mbarrier_expect(&state.maxima_came, rank, stream_groups(shape) * sizeof(Key));
  }
  {
    // Lane l of a group hands the group's maximum to block l.
    const int lanes = shape.lanes;
    const int to = static_cast<int>(threadIdx.x) % lanes;
    int group = static_cast<int>(threadIdx.x) / lanes + rank * (stream_groups(shape) / blocks);
    Key joined = 0;
#pragma unroll
    for (int j = 0; j < kVecs; ++j) {
      if (j >= shape.sample_vecs) break;
      joined = ::max(joined, at[j] != kNone && to < shape.heard ? best_key(element, v[j]) : 0);
      if (((j + 1) & (shape.joined - 1)) != 0) continue;
      for (int d = 1; d < lanes; d *= 2) joined = ::max(joined, __shfl_xor_sync(full_mask, joined, d));
      if constexpr (kClustered) {
        if (to < blocks) store_async(&state.maxima[group], to, joined, &state.maxima_came);
      } else {
        if (to == 0) state.maxima[group] = joined;
      }
      group += kThreads / lanes;
      joined = 0;
    }
  }
  here -= kTileGranules;
  // Memory does not wait for the search.
#pragma unroll
  for (int j = 0; j < kVecs; ++j) {
    const std::uint32_t g = threadIdx.x + j * kThreads;
    if (threadIdx.x % 8 == 0 && g < rest) prefetch(mine + g);
  }
  __syncthreads();
  if constexpr (kClustered) mbarrier_wait(&state.maxima_came, 0);
  Key bound;
  {
    const float chunks_taken = static_cast<float>(taken * blocks);
    const float elements = chunks_taken * static_cast<float>(shape.sample_vecs * shape.heard * (kChunk * kElements)) /
                           static_cast<float>(shape.tile_vecs * shape.lanes);
    const int r = sample_rank(k, elements, static_cast<float>(row.count));
    if (stream_groups(shape) <= kCountedGroups) {
      kth_by_count<kThreads>(state.maxima, stream_groups(shape), r, &state.bound);
      __syncthreads();
      bound = state.bound;
    } else {
      bound = kth_by_bins<kThreads>(state.maxima, stream_groups(shape), r, state.cut);
    }
  }
  Rising rising{element.threshold(bound), 0};
  if (threadIdx.x == 0) state.rising = rising;
  constexpr bool kHolds = sizeof(typename E::Raw) > 1;  // of bytes there are too many in registers
  const bool crowd = kHolds && bound != 0 && many_have(bound, state.maxima);
  if (crowd) hold_ties<kThreads>(element, bound, list, state);

  const auto capacity = static_cast<std::uint32_t>(shape.capacity);
  StreamQueue& queue = reinterpret_cast<StreamQueue*>(list + capacity)[warp()];
  int queued = 0;  // granules of the warp's queue
  const auto enqueue = [&](bool hit, const Vec& vec, std::uint32_t position) {
    const unsigned hits = __ballot_sync(full_mask, hit);
    if (hits == 0) return;
    if (hit) queue.put(queued + __popc(hits & ((1U << lane()) - 1)), vec, position);
    queued += __popc(hits);
  };
  // What of the queue's granules beats the threshold goes to the list, until at most `most` are left. False: no room.
  const auto drain = [&](int most) {
    while (queued > most)
      if (!queue.take(element, queued, rising, state.elements, list, capacity, &state.passed)) return false;
    return true;
  };
  int done = 0;  // vectors of the tile at `here` that were looked at
  const auto tile = [&] { return static_cast<int>(here - threadIdx.x); };  // its first granule; negative for the sample
  const auto position_of = [&](std::uint32_t granule) { return state.origin + granule * Row<E>::kPerVec; };
  const auto is_done = [&] { return tile() >= static_cast<int>(rest); };

  // What need not stay in registers while a list is cut.
  const auto restore = [&] {
    mine = Row<E>(state.x, state.elements).vectors() + state.begin;
    rest = state.rest;
    strata = state.strata;
  };
  if (crowd) {
    rising = state.rising;
    restore();
#pragma unroll
    for (int j = 0; j < kVecs; ++j) {
      v[j] = {};
      at[j] = kNone;
    }
  }

  // The pass, and a second one behind no threshold when too few have passed. Warps meet when the list is crowded and at
  // the end.
  const unsigned crowded = capacity / 4 * 3;
  int count = 0, all = 0;
  while (true) {
    if (warp() == 0 && state.share == 0) {
      // The granules at the row's ends that are not whole.
      const Row<E> whole_row(state.x, state.elements);
      const std::uint32_t g = lane() == 0 ? 0 : state.last;
      const bool there = lane() == 0 ? state.first != 0 : lane() == 1 && state.last < whole_row.granules();
      enqueue(there, there ? whole_row.load_edge(g) : Vec{}, whole_row.position(g, 0));
    }
    while (true) {
      bool room = drain(kWarp);
      if (room && state.refetch != 0) {
#pragma unroll
        for (int j = 0; j < kVecs; ++j) {
          if (tile() < 0) {
            at[j] = sampled(j, state.size, state.tile_vecs);
            if (at[j] != kNone) v[j] = load_once(mine + at[j]);
          } else {
            fetch(here, j);
          }
          if (j < done) at[j] = kNone;
        }
      }
      for (bool go_on = room && !is_done(); go_on;) {
#pragma unroll
        for (int j = 0; j < kVecs; ++j) {
          if (!room) break;
          // The vector gives way to the next in its own registers: a copy would wait for all that are on their way.
          Pack packs[kPacks];
          element.unpack(v[j], packs);
          Pack best = packs[0];
#pragma unroll
          for (int i = 1; i < kPacks; ++i) best = E::max(best, packs[i]);
          enqueue(at[j] != kNone && E::passes(best, rising.threshold) != 0, v[j], position_of(at[j]));
          fetch(here + kTileGranules, j);
          if (queued > kWarp) {
            room = drain(kWarp);
            done = j + 1;
            // A warp that is behind the held ones' last need not wait for the others.
            if (room && tile() >= 0 && is_behind(rising, position_of(here - lane() + (j + 1) * kThreads))) {
              room = drain(0);
              if (room) rising = above_all(element, key_of(rising.floor));
            }
          }
        }
        if (room || done == kVecs) {
          done = 0;
          here += kTileGranules;
        }
        // Lanes may see different counts, the warp does as one.
        const bool full = *static_cast<volatile std::uint32_t*>(&state.passed) >= crowded;
        go_on = !__any_sync(full_mask, full || !room) && !is_done();
      }
      if (room && is_done()) room = drain(0);
      const bool finished = is_done() && queued == 0;
      if (!finished) {
        std::uint32_t next = is_done() ? ~0U : position_of(tile() < 0 ? 0 : here);
        for (int i = static_cast<int>(lane()); i < queued; i += kWarp)
          next = ::min(next, queue.at[i] < state.elements ? queue.at[i] : 0U);
        next = __reduce_min_sync(full_mask, next);
        if (lane() == 0) atomicMin(&state.next, next);
      }
      const bool all_done = __syncthreads_and(finished ? 1 : 0) != 0;
      count = static_cast<int>(state.passed);
      const std::uint32_t next = state.next;
      if (all_done) break;
      const int held_k = state.k;
      count = cut_list<kThreads>(list, ::min(count, shape.capacity), held_k, held_k + held_k / 8, state.cut);
      if (threadIdx.x == 0) {
        state.rising = raised(element, state.rising, state.cut.low, next);
        state.low = state.cut.low;
        state.passed = static_cast<std::uint32_t>(count);
        state.next = ~0U;
        state.refetch = 1;
      }
      __syncthreads();
      rising = state.rising;
      restore();
    }
    all = count;
    if constexpr (kClustered) {
      tell_counts(blocks, count, state);
      all = sum_of_counts(blocks, state);
      if (all > static_cast<int>(capacity) || (all > state.k && best_of_lows(blocks, state) != 0)) {
        count = drop_losers(list, count, blocks, shape.capacity, state);
        all = sum_of_counts(blocks, state);
      }
    }
    if (all >= state.k) break;
    if constexpr (kClustered) cluster_sync();  // before the counts are written again
    __syncthreads();
    if (threadIdx.x == 0) state.passed = 0;
    if (threadIdx.x == 0) {
      state.strata.hold_none();
      state.rest = state.size;
      state.refetch = 1;
    }
    here = threadIdx.x;
    rising = {element.threshold(0), 0};
    if (threadIdx.x == 0) state.rising = rising;
    __syncthreads();
    restore();
  }
  finish_row<kClustered>(a, list, count, all, state);
}

}  // namespace topkit::cuda
