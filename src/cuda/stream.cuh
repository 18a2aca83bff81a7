// Rows too long for registers: one pass behind a threshold that a sample made safe.
//
//   sample    pieces of 512 bytes spread over the row; the k-th best of their group maxima bounds the row's k-th from below,
//             always: a sample's k-th is never above the row's
//   stream    ascending tiles; elements >= the bound are appended to a list in shared memory, one barrier a tile
//   raise     when the list fills, it is cut down to its best k, which raises the bound. All that is held then has a lower
//             index than what comes, so afterwards only larger keys can win
//   finish    the list is cut to about k and put into order (finish.cuh)
//
// A tile that alone overflows the list (many equal keys) is taken again in pieces of one element a thread. Passes over
// memory: 1 plus the sample. Ideas: sampled threshold and one pass, TensorRT-LLM's GVR V2 and vLLM PR 56346; raising the
// bound from what is held, DeepSelect; the group maxima that make the bound safe, Dr. Top-k (SC 21).
#pragma once

#include "../args.hpp"
#include "bound.cuh"
#include "compact.cuh"
#include "element.hpp"
#include "finish.cuh"
#include "row.cuh"
#include "write.cuh"

namespace topkit::cuda {

inline constexpr int kStreamPerThread = 8;  // candidates a thread can hold while the list is cut
inline constexpr int kStreamVecs = 4;       // granules a thread has in a tile

struct StreamShape {
  int blocks;         // of a cluster, that is of a row
  int sample_rounds;  // granules a thread samples
  int capacity;       // of a block's list, a power of two, <= kStreamPerThread * threads, >= k + 2 * threads and 2 * k
  int joined;         // 1: a thread's sample is one group; 0: each granule is
  int parts;          // of a row, each selected by a cluster of its own; > 1: candidates go to `out`
  std::int64_t first_row;
  Candidate* out;  // [rows, parts, k], 0 where a part has fewer
};

template <class E>
struct StreamArgs {
  Args args;
  E element;
  StreamShape shape;
};

constexpr int stream_groups(const StreamShape& s, int threads) {
  return threads * (s.joined != 0 ? 1 : s.sample_rounds);
}

constexpr std::size_t stream_shared_bytes(const StreamShape& s, int threads) {
  const std::size_t maxima = static_cast<std::size_t>(stream_groups(s, threads)) * s.blocks * sizeof(Key);
  const std::size_t list = static_cast<std::size_t>(s.capacity) * sizeof(Candidate);
  return s.blocks == 1 ? (maxima > list ? maxima : list) : maxima + 2 * list;
}

struct StreamState {
  CompactState compact;
  std::uint32_t passed;
  std::uint32_t list[16];
};

// What an element must beat: the packed threshold first, then, once k are held, the candidate `floor`.
struct Rising {
  Pack threshold;
  Key held;  // k candidates of this key or better are held
  Candidate floor;
};

// Cuts the list to about k, which raises what must be beaten. All threads, after a barrier; ends with one.
template <class E, int kThreads>
__device__ Rising cut(const E& element, Candidate* list, int count, int k, Rising rising, StreamState& state) {
  Candidate lowest = 0;
  const int kept = compact<kThreads, kStreamPerThread>(list, count, k, k + k / 8, state.compact, &lowest);
  if (threadIdx.x == 0) state.passed = kept;
  // Every kept candidate reaches `lowest`, and k are kept: what does not beat lowest - 1 cannot win.
  if (lowest > rising.floor) rising.floor = lowest - 1;
  rising.held = key_of(lowest);
  rising.threshold = element.threshold(rising.held);
  __syncthreads();
  return rising;
}

// A tile that overflowed the list is taken again: what it gave is dropped, then it comes one element a thread at a time.
template <class E, int kThreads>
__device__ Rising retake(const E& element, const Row<E>& row, std::uint32_t tile, bool is_first, std::uint32_t end,
                         Candidate* list, int capacity, int k, Rising rising, StreamState& state) {
  const std::uint32_t first = row.position(tile, 0);
  Candidate mine[kStreamPerThread];
#pragma unroll
  for (int i = 0; i < kStreamPerThread; ++i) {
    const int at = i * kThreads + static_cast<int>(threadIdx.x);
    mine[i] = at < capacity ? list[at] : 0;
  }
  __syncthreads();
  if (threadIdx.x == 0) state.passed = 0;
  __syncthreads();
#pragma unroll
  for (int i = 0; i < kStreamPerThread; ++i)
    if (mine[i] != 0 && !is_first && index_of(mine[i]) < first) list[atomicAdd(&state.passed, 1U)] = mine[i];
  for (std::uint32_t j = 0; j < kStreamVecs; ++j) {
    Pack packs[E::kPacksPerVec];
    const std::uint32_t g = tile + j * kThreads + threadIdx.x;
#pragma unroll
    for (int i = 0; i < E::kPacksPerVec; ++i) packs[i] = E::kPad;
    if (g < end) row.load(element, g, packs);
#pragma unroll
    for (int e = 0; e < E::kPacksPerVec * E::kPerPack; ++e) {
      __syncthreads();
      const int count = static_cast<int>(state.passed);
      __syncthreads();
      if (count > capacity - kThreads) rising = cut<E, kThreads>(element, list, count, k, rising, state);
      const Pack pack = packs[e / E::kPerPack];
      const std::uint32_t p = row.position(g, e);
      if (g < end && p < row.count && (E::passes(pack, rising.threshold) >> (e % E::kPerPack) & 1U) != 0) {
        const Candidate c = candidate(element.key(pack, e % E::kPerPack), p);
        if (c > rising.floor) list[atomicAdd(&state.passed, 1U)] = c;
      }
    }
  }
  __syncthreads();
  return rising;
}

template <class E, int kThreads, bool kClustered>
__global__ void __launch_bounds__(kThreads, 512 / kThreads) stream_kernel(const __grid_constant__ StreamArgs<E> a) {
  constexpr int kPacks = E::kPacksPerVec;
  constexpr std::uint32_t kTile = kThreads * kStreamVecs;
  const StreamShape& shape = a.shape;
  const E& element = a.element;
  const int blocks = kClustered ? shape.blocks : 1;
  const int rank = kClustered ? static_cast<int>(cluster_rank()) : 0;
  const unsigned cluster = kClustered ? blockIdx.x / shape.blocks : blockIdx.x;
  const std::int64_t row_index = shape.first_row + cluster / shape.parts;
  const int part = static_cast<int>(cluster % shape.parts);
  StreamState& state = shared<StreamState>();
  const int groups = stream_groups(shape, kThreads);
  Key* maxima = dynamic_shared<Key>();
  auto* list = reinterpret_cast<Candidate*>(kClustered ? maxima + groups * blocks : maxima);
  Candidate* gathered = list + shape.capacity;

  grid_dependency_wait();
  grid_launch_dependents();
  const Args::Span whole = a.args.span(row_index);
  Args::Span span = whole;
  if (shape.parts > 1) {
    const std::int64_t each = ((whole.end - whole.begin + shape.parts - 1) / shape.parts + 31) / 32 * 32;
    span.begin = ::min(whole.begin + part * each, whole.end);
    span.end = ::min(span.begin + each, whole.end);
    span.count = ::min(whole.count, span.end - span.begin);
  }
  const Row<E> row(a.args, span, row_index);
  const int k = static_cast<int>(span.count);
  // The end: the best k of `count` candidates to the row's outputs, or, when there are other parts, to `out`.
  const auto deliver = [&](Candidate* best, int count) {
    const auto most_k = static_cast<int>(a.args.problem.k);
    if (shape.parts > 1) {
      Candidate* const out = shape.out + ((row_index - shape.first_row) * shape.parts + part) * most_k;
      const auto offset = static_cast<std::uint32_t>(span.begin - whole.begin);
      for (int i = static_cast<int>(threadIdx.x); i < most_k; i += kThreads)
        out[i] = i < count ? best[i] - offset : 0;  // the index is stored complemented
      return;
    }
    const Writer<E> writer(a.args, element, span, row_index);
    finish<kThreads>(best, count, k, a.args.problem.order, [&](int place, Candidate c) { writer.write(place, c); });
    for (int place = k + static_cast<int>(threadIdx.x); place < most_k; place += kThreads) writer.pad(place);
  };
  if (k == 0) {
    if (rank == 0) deliver(list, 0);
    return;
  }
  if constexpr (kClustered) cluster_arrive();  // matched before the first write to another block
  const std::uint32_t granules = row.granules();
  const std::uint32_t share = ((granules + blocks - 1) / blocks + 7) / 8 * 8;
  const std::uint32_t begin = ::min(rank * share, granules);
  const std::uint32_t end = ::min(begin + share, granules);

  // Sample.
  {
    // Pieces never overlap: an element in two groups would make the bound too high.
    const std::uint32_t pieces = kThreads / 32 * shape.sample_rounds;
    const std::uint32_t stride = ::max((end - begin) / pieces / 8 * 8, 32U);
    Key joined = 0;
    for (int r = 0; r < shape.sample_rounds; ++r) {
      const std::uint32_t g = begin + (r * (kThreads / 32) + warp()) * stride + lane();
      Key key = 0;
      if (g < end) {
        Pack packs[kPacks];
        row.load(element, g, packs);
        Pack best = packs[0];
#pragma unroll
        for (int i = 1; i < kPacks; ++i) best = E::max(best, packs[i]);
        key = element.key(best, 0);
        if constexpr (E::kPerPack == 2) key = ::max(key, element.key(best, 1));
      }
      joined = ::max(joined, key);
      if (shape.joined == 0) maxima[rank * groups + r * kThreads + threadIdx.x] = key;
    }
    if (shape.joined != 0) maxima[rank * groups + threadIdx.x] = joined;
    if (threadIdx.x == 0) state.passed = 0;
  }
  if constexpr (kClustered) {
    cluster_wait();
    for (int i = static_cast<int>(threadIdx.x); i < groups; i += kThreads) {
      const Key mine = maxima[rank * groups + i];
      for (int to = 0; to < blocks; ++to)
        if (to != rank) cluster_store(&maxima[rank * groups + i], to, mine);
    }
    cluster_sync();
  } else {
    __syncthreads();
  }
  if (groups * blocks <= kWarpGroups) {
    if (warp() == 0) {
      const Key t = warp_bound(maxima, groups * blocks, k, state.compact.bins);
      if (lane() == 0) state.compact.low_key = t;
    }
  } else {
    block_bound<kThreads>(maxima, groups * blocks, k, state.compact);
  }
  __syncthreads();

  // The first barrier of the loop separates this read of low_key from its next use.
  Rising rising{element.threshold(state.compact.low_key), 0, 0};
  bool crowded = false;
  const auto append = [&](Pack pack, int sub, std::uint32_t position) {
    const Candidate c = candidate(element.key(pack, sub), position);
    if (c <= rising.floor || position >= row.count) return;
    const std::uint32_t slot = atomicAdd(&state.passed, 1U);
    if (slot < static_cast<std::uint32_t>(shape.capacity)) list[slot] = c;
    crowded |= slot >= static_cast<std::uint32_t>(shape.capacity) / 2;
  };
  Vec now[kStreamVecs], next[kStreamVecs];
  const auto is_full = [&](std::uint32_t tile) {
    return tile + kTile <= end && row.inside(tile) && row.inside(tile + kTile - 1);
  };
  const auto fetch = [&](std::uint32_t tile, Vec(&to)[kStreamVecs]) {
    if (tile < end && is_full(tile)) {
#pragma unroll
      for (int j = 0; j < kStreamVecs; ++j) to[j] = row.load_inside(tile + j * kThreads + threadIdx.x);
    }
  };
  fetch(begin, now);
  for (std::uint32_t tile = begin; tile < end; tile += kTile) {
    fetch(tile + kTile, next);
    const bool full = is_full(tile);
    const auto packs_of = [&](int j, Pack(&packs)[kPacks]) {
      const std::uint32_t g = tile + j * kThreads + threadIdx.x;
      if (full) {
        element.unpack(now[j], packs);
      } else if (g < end) {
        row.load(element, g, packs);
      } else {
#pragma unroll
        for (int i = 0; i < kPacks; ++i) packs[i] = E::kPad;
      }
    };
#pragma unroll
    for (int j = 0; j < kStreamVecs; ++j) {
      Pack packs[kPacks];
      packs_of(j, packs);
      Pack best = packs[0];
#pragma unroll
      for (int i = 1; i < kPacks; ++i) best = E::max(best, packs[i]);
      if (E::passes(best, rising.threshold) != 0) {
        const std::uint32_t g = tile + j * kThreads + threadIdx.x;
#pragma unroll
        for (int i = 0; i < kPacks; ++i) {
          const unsigned bits = g < end ? E::passes(packs[i], rising.threshold) : 0;
#pragma unroll
          for (int s = 0; s < E::kPerPack; ++s)
            if ((bits >> s & 1U) != 0) append(packs[i], s, row.position(g, i * E::kPerPack + s));
        }
      }
    }
    if (__syncthreads_or(crowded ? 1 : 0) != 0) {
      crowded = false;
      int count = static_cast<int>(state.passed);
      if (count > shape.capacity) {
        rising = retake<E, kThreads>(element, row, tile, tile == begin, end, list, shape.capacity, k, rising, state);
        count = static_cast<int>(state.passed);
      }
      if (count > k + k / 8) rising = cut<E, kThreads>(element, list, count, k, rising, state);
      __syncthreads();
      // All that is held has a lower index than what comes: equal keys cannot win any more once k are held.
      if (rising.floor != 0) {
        rising.floor = ::max(rising.floor, static_cast<Candidate>(rising.held) << 32 | 0xffffffffU);
        rising.threshold = element.threshold(rising.held == ~Key{0} ? rising.held : rising.held + 1);
      }
    }
#pragma unroll
    for (int j = 0; j < kStreamVecs; ++j) now[j] = next[j];
  }
  __syncthreads();
  int count = static_cast<int>(state.passed);
  // Lists that are joined are cut to k, so that two of them fit.
  const int most = kClustered || shape.parts > 1 ? k : k + k / 8 + 8;
  if (count > most) {
    Candidate lowest = 0;
    count = compact<kThreads, kStreamPerThread>(list, count, k, most, state.compact, &lowest);
  }
  if constexpr (kClustered) {
    if (static_cast<int>(threadIdx.x) < blocks) cluster_store(&state.list[rank], threadIdx.x, count);
    cluster_sync();
    if (rank == 0) {
      count = 0;
      for (int b = 0; b < blocks; ++b) {
        const int more = static_cast<int>(state.list[b]);
        if (count + more > shape.capacity) {
          Candidate lowest = 0;
          __syncthreads();
          count = compact<kThreads, kStreamPerThread>(gathered, count, k, k, state.compact, &lowest);
        }
        for (int i = static_cast<int>(threadIdx.x); i < more; i += kThreads)
          gathered[count + i] = cluster_load(&list[i], b);
        count += more;
      }
    }
    cluster_sync();
    if (rank != 0) return;
    if (count > most) {
      Candidate lowest = 0;
      count = compact<kThreads, kStreamPerThread>(gathered, count, k, most, state.compact, &lowest);
    }
    list = gathered;
  }
  deliver(list, count);
}

}  // namespace topkit::cuda
