// Warp: short rows, a group of 4 to 32 lanes a row, everything in registers, no block barrier.
//
// Regime: cols <= 1024, k <= 128. A lane holds up to 32 elements, so a row of 256 takes a quarter of a warp.
// Passes over memory: one (survivors are read once more, from L1).
// Limit: instructions and the waits between them, not memory; 65536 rows of 1024 f32 are within 1.15 of a bare read.
// How: the maxima of the lanes' slices, sorted by a network, give a bound that few more than k elements reach. Of those equal to it,
// where they are many, the first by column are counted, as many as can win. What is left is listed in shared memory and sorted, two
// words of 32 bits a lane at a time: of the key, or of its distance from the bound, and of the column. A row whose words agree but
// for the column above the bound is sorted by words of 64 bits; one with too many survivors goes on exactly: groups of lanes batch
// after batch under a bound that rises (warp_select.cuh), a whole warp as a block does (block_raise.cuh, block_finish.cuh).
// k > 32 keeps four words a lane.
// Ideas: Dr. Top-k (SC'21) for bounds from slice maxima, FAISS's WarpSelect for networks, Batcher's network (1968) with mirrored
// first rounds, so that a lane's side in all exchanges is a bit of its number.
#include <type_traits>

#include "kernels.hpp"
#include "warp_alone.cuh"
#include "warp_granules_shape.hpp"
#include "warp_kernel.cuh"
#include "warp_rows_shape.hpp"

namespace topkit::cuda {
namespace {

template <class E>
void run_element(const Plan& plan, const Args& args, Stream stream) {
  constexpr int kVecs = 32 / E::kPerPack / E::kPacksPerVec;  // 32 elements a lane
  const Problem& p = args.problem;
  if (p.k > 32) return start_warp<E, 32, kVecs, 4>(args, stream);
  if constexpr (is_fast_element<E>) {  // the other types share one kernel
    if (p.k <= 4 && p.cols <= 4 * 32) return start_warp<E, 4, kVecs, 1>(args, stream);
    if (p.k <= 8 && p.cols <= 8 * 32) return start_warp<E, 8, kVecs, 1>(args, stream);
    if (p.k <= 16 && p.cols <= 16 * 32) return start_warp<E, 16, kVecs, 1>(args, stream);
  }
  start_alone<E>(args, plan.block_threads, stream);
}

}  // namespace

void run_warp(const Plan& plan, const Args& args, void*, Stream stream) {
  if (warp_granules_hold(args) && warp_granules_pay(args.problem)) return run_warp_granules(args, stream);
  if (warp_rows_hold(args) && warp_rows_pay(args.problem)) return run_warp_rows(args, stream);
  with_element(args.problem,
               [&](const auto& element) { run_element<std::remove_cvref_t<decltype(element)>>(plan, args, stream); });
}

}  // namespace topkit::cuda
