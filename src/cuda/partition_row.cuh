// What the kernels of cuda_partition share: a row's part of the workspace, and its elements chunk by chunk.
#pragma once

#include "../args.hpp"
#include "element.hpp"
#include "partition_shape.hpp"
#include "radix_order.cuh"
#include "row.cuh"
#include "sums.cuh"

namespace topkit::cuda {

static_assert(kPartitionThreads == kOrderThreads);

template <class E>
struct PartitionArgs {
  Args args;
  E element;
  PartitionShape shape;
  std::int64_t first_row;  // of this round
  char* workspace;
};

// The head of a row's part of the workspace.
struct PartitionHead {
  Candidate cut;              // the last winner, for order index
  Candidate lowest, highest;  // of the sample
  CandidateBins cell_of;      // for candidates in lowest..highest
  std::uint32_t buckets;
  std::uint32_t stored;  // candidates that the chunks have asked room for
};
static_assert(sizeof(PartitionHead) <= 64 && kPartitionCells == kOrderBins);

// The workspace of the row-th row of a round.
struct PartitionRow {
  PartitionHead* head;
  std::uint16_t* cells;    // [kPartitionCellsBefore + cell]: the splitters in higher cells; in front of that: in all
  Candidate* splitters;    // the lowest candidate of each bucket, best bucket first
  std::uint32_t* bases;    // where the candidates of a chunk begin; ~0: they are not stored
  std::uint32_t* offsets;  // [bucket][chunk]: a chunk's candidates of better buckets; one more bucket has all of them
  Candidate* candidates;

  template <class E>
  __device__ PartitionRow(const PartitionArgs<E>& a, std::uint32_t row) {
    char* const at = a.workspace + row * a.shape.row_bytes;
    head = reinterpret_cast<PartitionHead*>(at);
    cells = reinterpret_cast<std::uint16_t*>(at + a.shape.cells_at);
    splitters = reinterpret_cast<Candidate*>(at + a.shape.splitters_at);
    bases = reinterpret_cast<std::uint32_t*>(at + a.shape.bases_at);
    offsets = reinterpret_cast<std::uint32_t*>(at + a.shape.offsets_at);
    candidates = reinterpret_cast<Candidate*>(at + a.shape.candidates_at);
  }
};

// A tile is kTileVecs granules of each thread, thread by thread, so that positions rise with (granule of the thread, thread).
template <class E>
inline constexpr int kTileVecs = static_cast<int>(partition_tile_vecs(static_cast<int>(sizeof(typename E::Raw))));
template <class E>
inline constexpr int kVecElements = E::kPacksPerVec* E::kPerPack;
template <class E>
inline constexpr int kTileElements = kTileVecs<E>* kVecElements<E>* kOrderThreads;

// Calls f(element, candidate) for the elements of granule g that are not below `least`.
template <class E, class F>
__device__ void for_granule(const E& element, const Row<E>& row, std::uint32_t g, const Pack (&packs)[E::kPacksPerVec],
                            Pack threshold, Candidate least, F f) {
#pragma unroll
  for (int i = 0; i < E::kPacksPerVec; ++i) {
    const unsigned passes = E::passes(packs[i], threshold);
#pragma unroll
    for (int e = 0; e < E::kPerPack; ++e) {
      const std::uint32_t p = row.position(g, i * E::kPerPack + e);
      if ((passes >> e & 1U) == 0 || p >= row.count) continue;
      const Candidate c = candidate(element.key(packs[i], e), p);
      if (c >= least) f(i * E::kPerPack + e, c);
    }
  }
}

// Calls f(candidate) for all elements of the row, by all threads of a block.
template <class E, class F>
__device__ void for_row(const E& element, const Row<E>& row, F f) {
#pragma unroll 1
  for (std::uint32_t i = threadIdx.x; i < row.count; i += kOrderThreads)
    f(candidate(element.key(element.pack(row.x[i]), 0), i));
}

}  // namespace topkit::cuda
