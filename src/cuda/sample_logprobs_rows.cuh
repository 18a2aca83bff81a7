// Log-probabilities of a row in the shared memory of a cluster of blocks, two of which share a multiprocessor: one reads its row
// while the other weighs.
#pragma once

#include "sample_front.cuh"
#include "sample_logprobs.cuh"

namespace topkit::cuda {

struct SampleRowsLaunch {
  SampleArgs args;
  SampleShape shape;
};

// Calls, so that each has its registers for itself: 64 of them.
template <class L>
[[gnu::noinline]] __device__ float load_row() {
  const SampleState& state = shared<SampleState>();
  return TokenShare<L, true>(state.args, state.place).load();
}
template <class L>
[[gnu::noinline]] __device__ Key best_of_loaded_row(float most) {
  SampleState& state = shared<SampleState>();
  return best_of_row(state.shape, state.place, most, [&] {
    if (threadIdx.x == 2 * kWarp) state.rules = sampling::rules_of<One>(state.args, state.place.index);
    look_up<L>(state.args, state.place);
  });
}

template <class L>
__global__ void __launch_bounds__(kSampleThreads, 2) sample_logprobs_rows(const __grid_constant__ SampleRowsLaunch a) {
  open_state(a.shape);
  grid_dependency_wait();
  if (threadIdx.x == kWarp)
    shared<SampleState>().place = place_of<L>(a.args, a.shape, a.shape.first_row + (blockIdx.x >> a.shape.log_blocks));
  remember(a.args, a.shape);
  __syncthreads();
  const float most = load_row<L>();
  const Key key = best_of_loaded_row<L>(most);
  grid_launch_dependents();
  logprobs_row<L, TokenShare<L, true>>(key > kNobodyKey, most);
}

}  // namespace topkit::cuda
