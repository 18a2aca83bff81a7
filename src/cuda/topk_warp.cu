// Warp: short rows, a group of 4 to 32 lanes a row, everything in registers, no block barrier.
//
// Regime: cols <= 1024, k <= 128. A lane holds up to 32 elements, so a row of 256 takes a quarter of a warp.
// Passes over memory: one (survivors are read once more, from L1).
// Limit: instructions, not memory.
// How: the maxima of the lanes' slices give a bound that few more than k elements reach. They are listed in shared memory, a
// batch of one word a lane each, sorted by a network, and the best k of two batches kept. Words are 32 bits: 16-bit keys carry
// their column, so they have no ties; 32-bit keys give their low bits to the survivor's number, and a warp that sees two
// words agree in the rest starts over with (key, column) pairs. Any number of survivors is dealt with, batch after batch,
// under a bound that rises; if many equal the bound exactly, the first by column are picked beforehand.
// Ideas: Dr. Top-k (SC'21) for bounds from slice maxima, FAISS's WarpSelect for networks; the partition of the maxima by a
// few exchanges instead of a sort is our own.
#include <type_traits>

#include "kernels.hpp"
#include "warp_alone.cuh"
#include "warp_kernel.cuh"

namespace topkit::cuda {
namespace {

template <class E>
void run_element(const Args& args, Stream stream) {
  constexpr int kVecs = 32 / E::kPerPack / E::kPacksPerVec;  // 32 elements a lane
  const Problem& p = args.problem;
  if (p.k > 32) return start_warp<E, 32, kVecs, 4>(args, stream);
  if constexpr (is_fast_element<E>) {  // the other types share one kernel
    if (p.k <= 4 && p.cols <= 4 * 32) return start_warp<E, 4, kVecs, 1>(args, stream);
    if (p.k <= 8 && p.cols <= 8 * 32) return start_warp<E, 8, kVecs, 1>(args, stream);
    if (p.k <= 16 && p.cols <= 16 * 32) return start_warp<E, 16, kVecs, 1>(args, stream);
  }
  start_alone<E>(args, stream);
}

}  // namespace

void run_warp(const Plan&, const Args& args, void*, Stream stream) {
  with_element(args.problem,
               [&](const auto& element) { run_element<std::remove_cvref_t<decltype(element)>>(args, stream); });
}

}  // namespace topkit::cuda
