// The kernels of sampling that have a unit of their own, as run_sample calls them. Throw LaunchError.
#pragma once

#include "../args.hpp"
#include "../plan.hpp"
#include "../sampling/args.hpp"
#include "launch.hpp"
#include "sample_shape.hpp"

namespace topkit::cuda {

// Calls start(first_row, grid) for as many rows as one launch has blocks for, of 2^log_blocks a row.
template <class F>
void for_launches(std::int64_t rows, int log_blocks, F start) {
  constexpr std::int64_t kMostBlocks = 1 << 30;
  const std::int64_t most = kMostBlocks >> log_blocks;
  for (std::int64_t row = 0; row < rows; row += most)
    start(row, static_cast<unsigned>((rows - row < most ? rows - row : most) << log_blocks));
}

// The draws among the k best; `plan` is of the selection, for the cluster kernel. Rows without a k are left alone.
void sample_in_cluster(const Plan& plan, const Args& selection, const SampleArgs& args, Stream stream);

// The same by the stream kernel.
void sample_best(const Plan& plan, const Args& selection, const SampleArgs& args, Stream stream);

// The log-probabilities of rows that the clusters of a shape hold in shared memory.
void logprobs_of_rows(const SampleShape& shape, const SampleArgs& args, Stream stream);

// The same of rows that go by tiles, so many of a warp; workspace: tiled_bytes().
void logprobs_by_tiles(int turns, const SampleArgs& args, void* workspace, Stream stream);

// A token of every row, among all of its tokens, where nothing else is asked for; blocks: of a cluster, that is of a row.
void sample_in_stream(int blocks, const SampleArgs& args, Stream stream);

// The same of every row's nucleus (streams_top_p()); kept: tokens of a thread that stay in shared memory.
void sample_top_p(int blocks, int kept, const SampleArgs& args, Stream stream);

}  // namespace topkit::cuda
