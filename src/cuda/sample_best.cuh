// A draw among the k best of a long row: the stream kernel of topk (stream.cuh), which puts them into order, and by one warp the end
// of a sampled row (sample_end.cuh) in its place of topk's outputs. Logits are the elements, so that NaN and +inf are in the order that
// sampling means. Rows without such a k are left to sample_kernel.
#pragma once

#include "sample_element.hpp"
#include "sample_end.cuh"
#include "stream.cuh"

namespace topkit::cuda {

struct SampleBestState {
  sampling::Rules rules;
};

template <class E>
struct SampleBestLaunch {
  Args args;  // of the selection
  E element;
  StreamShape shape;
  SampleArgs sampled;

  static_assert(sizeof(EndRoom) <= kStreamSpare);

  __device__ Args::Span span(std::int64_t row) const {
    const std::int64_t length = sampled.length(row);
    return {0, length, ::min(sample_row_k(sampled, row), length)};
  }
  __device__ void begin(std::int64_t row) const {
    if (threadIdx.x == kWarp) shared<SampleBestState>().rules = sampling::rules_of<One>(sampled, row);
  }
  [[gnu::noinline]] __device__ void end(const Candidate* list, int k, std::int64_t row, Candidate* spare) const {
    using L = typename E::Logit;
    if (warp() != 0) return;
    EndRoom& room = *reinterpret_cast<EndRoom*>(spare);
    const auto z_of = [&](Candidate c) { return sampling::candidate<One>(L::value(element.raw(key_of(c)))); };
    if (lane() == 0) room.rules = shared<SampleBestState>().rules;
#pragma unroll 1
    for (int i = static_cast<int>(lane()); i < k; i += kWarp)
      room.sorted[i] = candidate(key_of_z(z_of(list[i])), index_of(list[i]));
    __syncwarp(full_mask);
    end_in_order(sampled, row, k > 0 ? z_of(list[0]) : 0, room, k, nullptr);
  }
  __device__ void none(std::int64_t row) const {
    if (sample_row_k(sampled, row) == 0 || warp() != 0) return;
    if (lane() == 0) shared<SampleBestState>().rules = sampling::rules_of<One>(sampled, row);
    __syncwarp(full_mask);
    end(nullptr, 0, row, dynamic_shared<Candidate>());
  }
};

}  // namespace topkit::cuda
