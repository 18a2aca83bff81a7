// How a row of logits is spread over a cluster for sampling: for the plan, and for the launch.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../algorithms.hpp"
#include "../plan.hpp"
#include "../sampling/args.hpp"
#include "../sampling/rules.hpp"

namespace topkit::cuda {

inline constexpr int kLogSampleThreads = 9;
inline constexpr int kSampleThreads = 1 << kLogSampleThreads;
inline constexpr int kLogMostSampleBlocks = 4;
inline constexpr int kMostSampleBlocks = 1 << kLogMostSampleBlocks;
inline constexpr int kSampleMostListed = 256;    // a row's candidates that can be put into order
inline constexpr std::uint32_t kShareStep = 32;  // tokens: shares are whole multiples, of log-probabilities whole tiles
inline constexpr int kSampleFew = 64;
inline constexpr int kSampleRanked = 336;  // candidates that the first block ranks, more are cut down: k + k / 4 + 8
inline constexpr std::size_t kSampleStatic = 18 * 1024;  // at least the kernel's static objects (sample_state.cuh)

// The best of every row by topk, in order: [rows, count], with indices of their own.
struct SampleGiven {
  int count = 0;
  const void* values = nullptr;
};

struct SampleShape {
  int log_blocks;          // of a cluster, that is of a row
  int log_group;           // lanes whose tokens share one maximum
  std::uint32_t share;     // tokens of a block
  std::uint32_t capacity;  // candidates that a block may hand over; as many as a row can want
  std::int64_t first_row;
  bool unlisted = false;  // only rows that a list of the best does not answer: the others have been drawn
  SampleGiven given;      // that list, where topk wrote it down
};

// How many of its best a row's draws are made among; 0: that is not known before the row has been read, or more than a list
// holds. For a launch of one k, or one that k has by row.
constexpr std::int64_t sample_row_k(const SampleArgs& args, std::int64_t row) {
  const std::int64_t k = args.top_k[row];
  const float temperature = args.temperature[row];  // asked for before k is there
  if (k == 1 || !(temperature > sampling::kGreedyTemperature)) return 1;
  return k >= 1 && k <= kSampleMostListed ? k : 0;
}

// Candidates as they come from all blocks, those that are put into order with room behind them, and a block's own or those in
// order.
constexpr std::size_t sample_candidates(const SampleShape& s) {
  return (static_cast<std::size_t>(s.capacity) << s.log_blocks) + kSampleRanked + 64 + s.capacity;
}
constexpr std::size_t sample_shared_bytes(const SampleShape& s, bool resident) {
  return sample_candidates(s) * 8 + (resident ? static_cast<std::size_t>(s.share) * 4 : 0);
}

// Whether no output tells what is kept of a row: then nobody looks for its end (sample_nucleus.cuh).
constexpr bool tells_tokens(const SampleProblem& p) {
  return p.op == SampleOp::sample && p.listed == 0 && !p.wants_kept &&
         !(p.wants_logprobs && p.logprob_of == LogprobOf::processed);
}

// How many of its best a row may want at most.
constexpr std::int64_t sample_most_wanted(const SampleProblem& p) {
  if (p.op == SampleOp::logprobs) return p.listed;
  const bool one_k = p.top_k > 0 && p.top_k <= kSampleMostListed;
  if (one_k) return p.top_k > p.listed ? p.top_k : p.listed;
  if (p.may_top_k || p.may_top_p) return kSampleMostListed;
  return p.listed > 1 ? p.listed : 1;  // a greedy row wants one
}

constexpr SampleShape sample_shape(const SampleProblem& p, int log_blocks) {
  const std::int64_t blocks = std::int64_t{1} << log_blocks;
  const std::int64_t step = p.op == SampleOp::logprobs ? sampling::kTile : kShareStep;
  const std::int64_t share = ((p.cols + blocks - 1) / blocks + step - 1) / step * step;
  const bool few = sample_most_wanted(p) <= kSampleFew;
  // 128 groups bound a few, 512 many; a group lies in a warp.
  const int log_group = few ? (log_blocks < 3 ? log_blocks + 2 : 5) : log_blocks;
  return {log_blocks, log_group, static_cast<std::uint32_t>(share), few ? 128U : 256U, 0, false, {}};
}

// Whether a token of each row is all that is asked for, of logits as they are.
constexpr bool draws_a_token(const SampleProblem& p) {
  return p.op == SampleOp::sample && p.draws == 1 && p.listed == 0 && !p.wants_logprobs && !p.wants_kept &&
         !p.has_softcap && !p.has_bias && !p.has_mask;
}
// Whether a row is drawn in the pass that reads it (sample_stream.cuh): nothing is filtered, and no output needs a sum.
constexpr bool sample_streams(const SampleProblem& p) {
  return draws_a_token(p) && !p.may_top_k && !p.may_top_p && !p.may_min_p;
}
// Whether a token of the nucleus is drawn by a race and a verdict (sample_top_p.cuh).
constexpr bool streams_top_p(const SampleProblem& p) {
  return draws_a_token(p) && !p.may_top_k && p.may_top_p && !p.may_min_p;
}
inline constexpr int kLogMostTopP = 4;                  // blocks of a row
inline constexpr std::int64_t kTopPStatic = 16 * 1024;  // at least the kernel's static objects and what a block takes
inline constexpr std::uint32_t kTopPSpan = 4 * kSampleThreads;  // quads that a block reads at once
// Tokens of a thread of that kernel in shared memory, whole spans, two blocks a multiprocessor.
inline int top_p_kept(const SampleProblem& p, std::int64_t shared_bytes) {
  constexpr std::int64_t kOfThread = 4 * kTopPSpan / kSampleThreads;
  const std::int64_t room = shared_bytes / 2 - kTopPStatic, spans = room / (4 * kTopPSpan * bytes(p.dtype));
  return static_cast<int>((spans > 1 ? spans : 1) * kOfThread);
}

// Before the draws of `selected`: the best of every row, in the workspace.
constexpr std::int64_t sample_given(const SampleProblem& p) {
  const std::int64_t most = p.top_k > 0 ? p.top_k : kSampleMostListed;  // 0: each row has its own
  return most < p.cols ? most : p.cols;
}
constexpr Problem sample_selection(const SampleProblem& p) {
  Problem problem;
  problem.device = p.device;
  problem.dtype = p.dtype;
  problem.index_type = IndexType::i32;
  problem.rows = p.rows;
  problem.cols = p.cols;
  problem.k = sample_given(p);
  problem.layout.outer_stride = p.row_stride;
  problem.has_row_k = p.op == SampleOp::sample && p.top_k == 0;
  problem.has_lengths = p.has_lengths;
  return problem;
}
constexpr std::size_t sample_given_bytes(const SampleProblem& p) {
  constexpr std::int64_t kAligned = 256, kEach = 8;  // an index and a value of up to 4 bytes
  return static_cast<std::size_t>((p.rows * sample_given(p) * kEach + kAligned - 1) / kAligned * kAligned);
}

// Whether the selection's kernel draws, too; of the best alone the stream kernel has one that keeps no list.
constexpr bool draws_in_one_launch(const Plan& selection, const SampleProblem& p) {
  if (selection.algorithm == Algorithm::cuda_cluster) return true;
  return p.op == SampleOp::sample && selection.algorithm == Algorithm::cuda_stream && selection.row_parts == 1 &&
         sample_given(p) > 1;
}

// Whether a block of the cluster has room for its share of a row.
constexpr bool sample_holds(const SampleProblem& p, int log_blocks, std::int64_t shared_bytes) {
  return sample_shared_bytes(sample_shape(p, log_blocks), true) + kSampleStatic <=
         static_cast<std::size_t>(shared_bytes);
}

// Log-probabilities by tiles (sample_logprobs_tiles.cuh) of plain rows, of some ids each.
inline constexpr int kTileWarps = 4;                                     // of a block, a tile each
inline constexpr std::int64_t kTiledMostIds = 64, kTiledMost = 1 << 20;  // columns: what one block joins in no time
constexpr bool goes_by_tiles(const SampleProblem& p) {
  return p.op == SampleOp::logprobs && p.listed <= kTiledMostIds && p.cols <= kTiledMost && !p.has_softcap &&
         !p.has_bias && !p.has_mask;
}
constexpr std::int64_t tiles_of(std::int64_t cols) { return (cols + sampling::kTile - 1) / sampling::kTile; }
// Granules of a tile, each with a maximum of its own: as many as are found again in little more than their bytes, and take no more than
// 1 % of the row in the workspace.
constexpr int tile_granules(int element_bytes) { return element_bytes == 4 ? 8 : 2; }
// A mass, and the maxima, of every tile of every row.
inline std::size_t tiled_bytes(const SampleProblem& p) {
  return static_cast<std::size_t>(p.rows * tiles_of(p.cols)) *
         static_cast<std::size_t>(8 + 4 * tile_granules(bytes(p.dtype)));
}

// Whether the token's place among a row's is asked for.
constexpr bool looks_up(const SampleArgs& args) {
  return args.token_logprobs.data != nullptr || args.token_ranks.data != nullptr;
}

}  // namespace topkit::cuda
