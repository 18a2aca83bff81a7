// Block: one row in the registers of one block, 32 elements a lane.
//
// Regime: many rows of 1k to 32k columns, k <= 256.
// Passes over memory: one (survivors are read once more, from the first cache).
// Limit: bandwidth from about 4096 columns on, below that instructions and the waits between them.
// How: every warp takes the share-th largest of its 64 slice maxima, share = k / warps; the least of these is the row's bound.
// What reaches it, about 1.5 k, is listed in shared memory. Each warp sorts 64 (128) of them as 32-bit words, the key's distance
// from the bound before the slot, and one merges. No warp searches for what another found, a row has two barriers, and 32 warps
// a multiprocessor hide one row's end behind the loads of others. Of too many survivors the bound
// is raised by tries while the row is in registers, and of ties the first by column are listed (block_tries.cuh); what is left open
// is read again (block_halve.cuh, block_raise.cuh). Equal words are put into order by key and column (block_tied.cuh).
// Ideas: Dr. Top-k (SC'21) for bounds from slice maxima; Batcher's network (1968) with mirrored first rounds.
#include <type_traits>

#include "block_kernel.cuh"
#include "block_shape.hpp"
#include "kernels.hpp"

namespace topkit::cuda {

void run_block(const Plan& plan, const Args& args, void*, Stream stream) {
  const BlockShape shape = block_shape(args.problem);
  with_element(args.problem, [&](const auto& element) {
    start_block<std::remove_cvref_t<decltype(element)>>(args, shape, plan.block_threads, stream);
  });
}

}  // namespace topkit::cuda
