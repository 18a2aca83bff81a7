// The end of rows of log-probabilities that passed through clusters (sample_logprobs_passing.cuh): a warp a row puts together what the
// blocks left of it, its best in order, and writes what is asked for.
#pragma once

#include "sample_mass.cuh"

namespace topkit::cuda {

// What a block leaves of a row, in the workspace: [rows, blocks].
struct PassedRow {
  std::uint64_t mass;
  std::uint32_t above;
  std::uint32_t count;   // of best
  float z_max, token_z;  // of the row; token_z: NaN where nothing is looked up
  Candidate best[kPassedOn];
};
static_assert(sizeof(PassedRow) == kPassedBytes);

struct SamplePassingLaunch {
  SampleArgs args;
  int log_blocks;
  std::uint32_t share;    // vectors of a block
  std::int64_t clusters;  // that take turns: row r is of cluster r % clusters
  PassedRow* out;
};

__device__ inline float z_that_counts(float value) { return sampling::candidate<One>(value); }

// z of a token that is asked for; NaN where it is not one of the row.
template <class L>
__device__ __forceinline__ float z_of_asked(const typename L::Raw* x, std::int64_t length, std::int64_t id) {
  return id < 0 || id >= length ? __builtin_nanf("") : z_that_counts(L::value(load_once(x + id)));
}
__device__ inline bool looks_up(const SampleArgs& args) {
  return args.token_logprobs.data != nullptr || args.token_ranks.data != nullptr;
}

inline constexpr int kPassedWarps = 4;  // of a block, each with a row of its own

struct PassedState {
  Candidate of_warp[kPassedWarps][kMostPassingBlocks * kPassedOn];
};

template <class L>
__global__ void __launch_bounds__(kPassedWarps* kWarp)
    sample_logprobs_passed(const __grid_constant__ SamplePassingLaunch a) {
  const SampleArgs& args = a.args;
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * kPassedWarps + warp();
  if (row >= args.problem.rows) return;
  // What was there before the kernel whose rows these are, which lets this one begin when it has waited itself.
  const sampling::Rules rules = sampling::rules_of<One>(args, row);
  const std::int64_t length = args.length(row);
  const unsigned blocks = 1U << a.log_blocks, id = lane();
  const PassedRow* const from = a.out + (row << a.log_blocks);
  const auto* const x = static_cast<const typename L::Raw*>(args.x) + args.x_row(row) * args.problem.row_stride;
  grid_dependency_wait();
  grid_launch_dependents();
  const bool is_block = id < blocks;
  const std::uint32_t n = is_block ? from[id].count : 0;
  const std::uint64_t mass = warp_sum(is_block ? from[id].mass : 0);
  const std::uint32_t above = __reduce_add_sync(full_mask, is_block ? from[id].above : 0);
  const float z_max = from->z_max, token_z = from->token_z;
  Candidate* const list = shared<PassedState>().of_warp[warp()];
  // All blocks' first at once, as each is a wait for memory.
  Candidate first[kMostPassingBlocks];
#pragma unroll
  for (unsigned b = 0; b < kMostPassingBlocks; ++b)
    first[b] = id < __shfl_sync(full_mask, n, static_cast<int>(b)) ? from[b].best[id] : 0;
  std::uint32_t count = 0;
#pragma unroll
  for (unsigned b = 0; b < kMostPassingBlocks; ++b) {
    const std::uint32_t many = __shfl_sync(full_mask, n, static_cast<int>(b));
    if (id < many) list[count + id] = first[b];
    if (id + kWarp < many) list[count + id + kWarp] = from[b].best[id + kWarp];
    count += many;
  }
  static_assert(kPassedOn <= 2 * kWarp);
  __syncwarp(full_mask);

  const bool any = mass != 0;
  const float log2_mass = any ? sampling::log2_mass<One>(mass, sampling::weight_scale(args.problem.cols)) : 0;
  const auto logprob = [&](float z) {
    if (!(z == z)) return z;
    return any ? sampling::logprob_of<One>(sampling::exponent<One>(z, z_max, rules.c), log2_mass) : kNobody;
  };
  const auto put = [&](std::int64_t j, std::int64_t token, float value) {
    if (args.ids.data != nullptr) args.ids.put(row, j, token);
    if (args.id_logprobs.data != nullptr) *args.id_logprobs.at(row, j) = value;
  };
  const auto listed = static_cast<std::uint32_t>(::min(std::int64_t{count}, ::min(args.listed(row), length)));
#pragma unroll 1
  for (std::uint32_t i = id; i < count; i += kWarp) {
    const Candidate c = list[i];
    std::uint32_t place = 0;
#pragma unroll 4
    for (std::uint32_t j = 0; j < count; ++j) place += list[j] > c ? 1 : 0;
    if (place < listed) put(place, std::int64_t{index_of(c)}, logprob(z_of_key(key_of(c))));
  }
#pragma unroll 1
  for (std::int64_t j = std::int64_t{listed} + id; j < args.problem.listed; j += kWarp) put(j, -1, kNobody);
  if (args.probe_logprobs.data != nullptr) {
#pragma unroll 1
    for (std::int64_t j = id; j < args.problem.probes; j += kWarp)
      *args.probe_logprobs.at(row, j) = logprob(z_of_asked<L>(x, length, args.probes.at(row, j)));
  }
  if (id != 0) return;
  if (args.token_logprobs.data != nullptr) *args.token_logprobs.at(row) = logprob(token_z);
  if (args.token_ranks.data != nullptr)
    *args.token_ranks.at(row) = token_z == token_z ? static_cast<std::int32_t>(above) + 1 : 0;
  if (args.logsumexp.data != nullptr)
    *args.logsumexp.at(row) = any ? sampling::logsumexp_of<One>(z_max, rules.inv_t, log2_mass) : kNobody;
}

}  // namespace topkit::cuda
