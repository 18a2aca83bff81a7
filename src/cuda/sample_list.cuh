// The best of a row in the first block: their order, what the filters keep of them, the draw, and the outputs.
//
// Half of the block counts, for each candidate, how many are better and what they weigh: which is its place and where top-p stands,
// without a sort and without a scan. The other half scores them meanwhile.
#pragma once

#include "sample_cut.cuh"
#include "sample_race.cuh"

namespace topkit::cuda {

// What a draw's outputs are made of.
struct Outcome {
  Candidate best;           // score and token; 0: nobody
  std::uint64_t kept_mass;  // by the draw's c
  std::int64_t kept;
};

// Token, logprob, kept count and validity of draw j; all threads may call, a thread of the first warps writes each.
template <class L>
[[gnu::noinline]] __device__ void write_draw(std::int64_t j, Outcome o) {
  const SampleState& state = shared<SampleState>();
  const SampleArgs& args = state.args;
  const std::int64_t row = state.place.index;
  const SampleProblem& p = args.problem;
  const bool valid = o.best != 0;
  const std::uint32_t token = valid ? index_of(o.best) : 0;
  if (threadIdx.x == 0 && args.tokens.data != nullptr) args.tokens.put(row, j, token);
  if (threadIdx.x == kWarp && args.logprobs.data != nullptr) {
    float logprob = kNobody;
    if (valid) {
      const LogitRow<L> logits(args, state.place);
      const auto bits = load_once(logits.x + token);
      const bool raw = p.logprob_of == LogprobOf::raw;
      const float z = raw ? logits.unmasked(bits) : logits.z(bits, token);
      const float y =
          sampling::exponent<One>(z, raw ? state.raw.z_max : state.z_max, raw ? sampling::kLog2E : state.rules.c);
      logprob = sampling::logprob_of<One>(
          y, sampling::log2_mass<One>(raw ? state.raw.mass : o.kept_mass, sampling::weight_scale(p.cols)));
    }
    *args.logprobs.at(row, j) = logprob;
  }
  if (threadIdx.x != 2 * kWarp || j != 0) return;
  if (args.kept.data != nullptr) *args.kept.at(row) = static_cast<std::int32_t>(o.kept);
  if (args.valid.data != nullptr) *args.valid.at(row) = valid ? 1 : 0;
}

// The listed candidates: the first `kept` of the list. All threads.
__device__ inline void write_list(const SampleState& state, const Candidate* list, std::int64_t kept,
                                  std::uint64_t kept_mass) {
  const SampleArgs& args = state.args;
  const std::int64_t row = state.place.index;
  const float log2_mass = kept > 0 ? sampling::log2_mass<One>(kept_mass, sampling::weight_scale(args.problem.cols)) : 0;
#pragma unroll 1
  for (std::int64_t j = threadIdx.x; j < args.problem.listed; j += kSampleThreads) {
    const bool there = j < kept;
    if (args.candidates.data != nullptr) args.candidates.put(row, j, there ? std::int64_t{index_of(list[j])} : -1);
    if (args.candidate_logprobs.data == nullptr) continue;
    float logprob = kNobody;
    if (there)
      logprob = sampling::logprob_of<One>(
          sampling::exponent<One>(z_of_key(key_of(list[j])), state.z_max, state.rules.c), log2_mass);
    *args.candidate_logprobs.at(row, j) = logprob;
  }
}

// Of each of the candidates dense[0..count): its mass, its place, the mass before it, and its score in the first draw, to state.list;
// the best of them in order to `sorted`, of which there are `wanted`. All threads; ends with a barrier.
__device__ __forceinline__ void weigh_list(SampleState& state, const Candidate* dense, Candidate* sorted, int count,
                                           int wanted) {
  constexpr int kHalf = kSampleThreads / 2;
  ListState& list = state.list;
  const float z_max = state.z_max;
  const float c = state.rules.c_filter, scale = sampling::weight_scale(state.args.problem.cols);
#pragma unroll 1
  for (int i = static_cast<int>(threadIdx.x); i < count; i += kSampleThreads) {
    const auto w = sampling::weight<One>(sampling::exponent<One>(z_of_key(key_of(dense[i])), z_max, c), scale);
    list.mass[i] = sampling::mass_of(w.high, w.low);
  }
  __syncthreads();
  const int thread = static_cast<int>(threadIdx.x) % kHalf;
  if (threadIdx.x >= kHalf) {
    const Noise noise(state.rules, state.args.draw);
    const float c_draw = state.rules.c;
#pragma unroll 1
    for (int i = thread; i < count; i += kHalf) {
      const float z = z_of_key(key_of(dense[i]));
      list.score[i] = noise.score(sampling::exponent<One>(z, z_max, c_draw), index_of(dense[i]));
    }
  } else {
    // 8, 4, 2 or 1 threads a candidate; they are neighbours.
    const int log_parts = count <= kHalf / 8 ? 3 : count <= kHalf / 4 ? 2 : count <= kHalf / 2 ? 1 : 0;
    const int part = thread & ((1 << log_parts) - 1);
#pragma unroll 1
    for (int first = 0; first + ((thread & ~31) >> log_parts) < count; first += kHalf >> log_parts) {
      const int mine = first + (thread >> log_parts);
      const Candidate one = dense[::min(mine, count)];
      int place = 0;
      std::uint64_t before = 0;
#pragma unroll 4
      for (int j = part; j < count; j += 1 << log_parts) {
        const bool better = dense[j] > one;
        place += better ? 1 : 0;
        before += better ? list.mass[j] : 0;
      }
#pragma unroll 1
      for (int d = 1; d < 1 << log_parts; d *= 2) {
        place += __shfl_xor_sync(full_mask, place, d);
        before += __shfl_xor_sync(full_mask, before, d);
      }
      if (part == 0 && mine < count) {
        list.place[mine] = static_cast<std::uint32_t>(place);
        list.before[mine] = before;
        if (place < wanted) sorted[place] = one;
      }
    }
  }
  __syncthreads();
}

// The list's end, behind weigh_list(): the three filters, the draws among what they keep, and, where the list tells all, the outputs.
// is_all: nobody behind the list is kept. `whole`: the mass that top-p is measured against, where the list is not it; else 0.
// Returns whether the list told all; state.kept_count and kept_mass are those of the kept then. All threads.
template <class L>
__device__ __forceinline__ bool end_list(SampleState& state, const Candidate* dense, const Candidate* sorted, int count,
                                         int wanted, bool is_all, std::uint64_t whole) {
  const SampleArgs& args = state.args;
  const SampleProblem& p = args.problem;
  const sampling::Rules& rules = state.rules;
  const auto thread = static_cast<int>(threadIdx.x);
  const bool there = thread < count && static_cast<int>(state.list.place[thread]) < wanted;
  const Candidate c = there ? dense[thread] : 0;
  const float z = there ? z_of_key(key_of(c)) : kNobody;
  const bool weighty = there && sampling::exponent<One>(z, state.z_max, rules.c_filter) >= rules.least_y;  // min-p
  const std::uint64_t mass = there ? state.list.mass[thread] : 0, before = there ? state.list.before[thread] : 0;
  const bool limited = rules.p < sampling::kWhole;
  std::uint64_t limit = 0, all = 0;
  if (limited) {
    add_up(state, 0, mass);
    add_up(state, 1, weighty ? mass : 0);
    __syncthreads();
    all = block_sum(state, 0);
    const std::uint64_t measured = whole != 0 ? whole : p.top_p_of == TopPOf::kept ? block_sum(state, 1) : all;
    limit = sampling::limit_of(rules.p, measured, p.top_p_inclusive);
    __syncthreads();
  }
  const bool kept = weighty && (!limited || before == 0 || before < limit);
  std::uint64_t weighs = 0;
  if (kept) weighs = mass;
  if (p.temperature_last && kept) {
    const auto w =
        sampling::weight<One>(sampling::exponent<One>(z, state.z_max, rules.c), sampling::weight_scale(p.cols));
    weighs = sampling::mass_of(w.high, w.low);
  }
  add_up(state, 0, weighs);
  add_up(state, 1, kept ? 1 : 0);
  take_best(state, kept ? state.list.score[thread] : 0);
  __syncthreads();
  const auto kept_count = static_cast<int>(block_sum(state, 1));
  const std::uint64_t kept_mass = block_sum(state, 0);
  if (!is_all && kept_count == ::min(count, wanted) && !(limited && all >= limit)) return false;
  if (thread == 0) {
    state.kept_count = kept_count;
    state.kept_mass = kept_mass;
  }
  if (p.op != SampleOp::sample) {
    __syncthreads();
    return true;
  }
  write_draw<L>(0, {block_best(state), kept_mass, kept_count});
#pragma unroll 1
  for (std::int64_t j = 1; j < p.draws; ++j) {
    __syncthreads();
    Candidate best = 0;
    if (kept)
      best = Noise(rules, args.draw + static_cast<std::uint32_t>(j))
                 .score(sampling::exponent<One>(z, state.z_max, rules.c), index_of(c));
    take_best(state, best);
    __syncthreads();
    write_draw<L>(j, {block_best(state), kept_mass, kept_count});
  }
  if (p.listed > 0) write_list(state, sorted, kept_count, kept_mass);
  return true;
}

}  // namespace topkit::cuda
