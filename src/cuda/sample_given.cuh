// Draws among the k best of rows that topk has put in order: a warp a row. Rows whose best are not what sampling means by it (NaN
// comes first there, and +inf before the largest number), and rows whose k is off, are left to sample_kernel.
#pragma once

#include "sample_end.cuh"

namespace topkit::cuda {

inline constexpr int kGivenWarps = 4;  // of a block, each with a row of its own

struct SampleGivenLaunch {
  SampleArgs args;
  SampleGiven given;
  const std::int32_t* indices;
};

template <class L>
__global__ void __launch_bounds__(kGivenWarps* kWarp) sample_given_kernel(const __grid_constant__ SampleGivenLaunch a) {
  EndRoom& room = dynamic_shared<EndRoom>()[warp()];
  const SampleArgs& args = a.args;
  grid_dependency_wait();
  grid_launch_dependents();
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * kGivenWarps + warp();
  if (row >= args.problem.rows || !is_answered<L>(args, a.given, row)) return;
  const auto k = static_cast<int>(::min(sample_row_k(args, row), args.length(row)));
  const std::int64_t first = row * a.given.count;
  const auto* const values = static_cast<const typename L::Raw*>(a.given.values) + first;
  if (lane() == 0) room.rules = sampling::rules_of<One>(args, row);
#pragma unroll 1
  for (int i = static_cast<int>(lane()); i < k; i += kWarp)
    room.sorted[i] = candidate(key_of_z(L::value(load_once(values + i))),
                               static_cast<std::uint32_t>(load_once(a.indices + first + i)));
  __syncwarp(full_mask);
  end_in_order(args, row, L::value(load_once(values)), room, k, nullptr);
}

}  // namespace topkit::cuda
