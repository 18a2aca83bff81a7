// The best element of each row: no list and no threshold, every thread keeps the best vector that it has seen.
#pragma once

#include "../args.hpp"
#include "element.hpp"
#include "row.cuh"
#include "warp_best.cuh"
#include "write.cuh"

namespace topkit::cuda {

inline constexpr int kBestThreads = 512;
inline constexpr int kMostBestBlocks = 16;

template <class E>
struct BestArgs {
  Args args;
  E element;
  int blocks;  // of a cluster, that is of a row
  std::int64_t first_row;
};

struct BestState {
  Candidate of_warp[kBestThreads / kWarp];
  Candidate of_block[kMostBestBlocks];
};

template <class E>
__global__ void __launch_bounds__(kBestThreads, 1024 / kBestThreads)
    best_kernel(const __grid_constant__ BestArgs<E> a) {
  constexpr int kPacks = E::kPacksPerVec;
  constexpr int kElements = kPacks * E::kPerPack;
  constexpr int kVecs = kPacks > 4 || kArch < 900 ? 4 : 8;  // what the registers hold
  constexpr std::uint32_t kNone = ~0U;
  const E& element = a.element;
  const auto rank = a.blocks > 1 ? static_cast<int>(cluster_rank()) : 0;
  const std::int64_t row_index = a.first_row + blockIdx.x / a.blocks;
  BestState& state = shared<BestState>();

  grid_dependency_wait();
  grid_launch_dependents();
  const Args::Span span = a.args.span(row_index);
  const Row<E> row(a.args, span, row_index);
  if (span.count == 0) {
    if (rank == 0 && threadIdx.x < a.args.problem.k) Writer<E>(a.args, element, span, row_index).pad(0);
    return;
  }
  if (a.blocks > 1) cluster_arrive();  // matched before the first write to another block

  // Whole granules; the two at the ends of a row that are not, are its first block's.
  const std::uint32_t first = row.shift != 0 ? 1 : 0;
  const std::uint32_t last = ::max((row.shift + row.count) / Row<E>::kPerVec, first);
  const std::uint32_t each = ((last - first + a.blocks - 1) / a.blocks + 7) / 8 * 8;
  const std::uint32_t begin = ::min(first + rank * each, last);
  const std::uint32_t size = ::min(each, last - begin);
  const Vec* const mine = row.vectors() + begin;
  Vec v[kVecs];
  std::uint32_t here = threadIdx.x;  // granule of v[0], counted from `begin`
#pragma unroll
  for (int j = 0; j < kVecs; ++j)
    if (here + j * kBestThreads < size) v[j] = load_once(mine + here + j * kBestThreads);
  Vec best_vec{};
  Key best = 0;
  std::uint32_t where = kNone;
  for (; here < size; here += kVecs * kBestThreads) {
#pragma unroll
    for (int j = 0; j < kVecs; ++j) {
      const std::uint32_t g = here + j * kBestThreads;
      Pack packs[kPacks];
      element.unpack(v[j], packs);
#pragma unroll
      for (int i = 1; i < kPacks; ++i) packs[0] = E::max(packs[0], packs[i]);
      Key key = element.key(packs[0], 0);
      if constexpr (E::kPerPack == 2) key = ::max(key, element.key(packs[0], 1));
      if (g < size && (key > best || where == kNone)) {
        best = key;
        where = g;
        best_vec = v[j];
      }
      if (g + kVecs * kBestThreads < size) v[j] = load_once(mine + g + kVecs * kBestThreads);
    }
  }
  Candidate c = 0;
  if (where != kNone) {
    Pack packs[kPacks];
    element.unpack(best_vec, packs);
#pragma unroll
    for (int e = kElements - 1; e >= 0; --e)
      if (element.key(packs[e / E::kPerPack], e % E::kPerPack) == best)
        c = candidate(best, row.position(begin + where, e));
  }
  if (rank == 0 && threadIdx.x < 2 && (threadIdx.x == 0 ? first != 0 : last < row.granules())) {
    const std::uint32_t g = threadIdx.x == 0 ? 0 : last;
    Pack packs[kPacks];
    row.load(element, g, packs);
#pragma unroll
    for (int e = 0; e < kElements; ++e) {
      const std::uint32_t at = row.position(g, e);
      if (at < row.count) c = ::max(c, candidate(element.key(packs[e / E::kPerPack], e % E::kPerPack), at));
    }
  }
  c = warp_best(c);
  if (lane() == 0) state.of_warp[warp()] = c;
  __syncthreads();
  if (warp() == 0) c = warp_best(lane() < kBestThreads / kWarp ? state.of_warp[lane()] : 0);
  if (a.blocks > 1) {
    cluster_wait();
    if (threadIdx.x == 0) cluster_store(&state.of_block[rank], 0, c);
    cluster_sync();
    if (rank == 0 && warp() == 0) c = warp_best(static_cast<int>(lane()) < a.blocks ? state.of_block[lane()] : 0);
  }
  if (rank == 0 && threadIdx.x == 0) Writer<E>(a.args, element, span, row_index).write(0, c);
}

}  // namespace topkit::cuda
