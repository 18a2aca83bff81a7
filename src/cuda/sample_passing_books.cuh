// The warp of a block that keeps the books of rows that pass (sample_logprobs_passing.cuh): what waits for memory or for other blocks,
// and what is the same for all weighers, is found by it while they weigh.
#pragma once

#include "sample_passing_state.cuh"

namespace topkit::cuda {

// By all lanes of one warp. Turns count the cluster's rows; who writes of a turn does it before the barrier that the turn begins
// with.
template <class L>
class PassingBooks {
 public:
  using Share = PassingShare<L>;

  __device__ PassingBooks(const SamplePassingLaunch& a, unsigned rank, unsigned turns)
      : a_(a), rank_(rank), turns_(turns) {}

  __device__ std::int64_t row_of(unsigned turn) const {
    return static_cast<std::int64_t>(blockIdx.x >> a_.log_blocks) + turn * a_.clusters;
  }

  // Where the row of a turn lies.
  __device__ void place(unsigned turn) const {
    if (turn >= turns_ || lane() != 0) return;
    const Share share(a_.args, row_of(turn), a_.share, rank_);
    PassingRow& row = row_at(turn);
    row.x = share.x;
    row.length = share.length;
    row.first = share.first;
    row.count = share.count;
  }

  // What the row of a turn asks, and what its maxima say when they have come from all blocks.
  __device__ void open(unsigned turn, unsigned from_block) const {
    if (turn >= turns_) return;
    PassingState& state = shared<PassingState>();
    const SampleArgs& args = a_.args;
    const std::int64_t index = row_of(turn);
    PassingRow& row = row_at(turn);
    const unsigned side = turn & 1;
    __syncwarp(full_mask);
    if (lane() == 0) {
      state.passed[turn & 3] = 0;  // read last before the barrier of the turn before the one that is
      mbarrier_expect(&state.maxima_came[side], rank_, from_block << a_.log_blocks);
      row.c = One::Mul(sampling::inverse_temperature<One>(sampling::temperature_of(args.temperature[index])),
                       sampling::kLog2E);
    }
    if (lane() == 1)
      row.token_z =
          looks_up(args)
              ? add_zero(z_of_asked<L>(static_cast<const typename L::Raw*>(row.x), row.length, args.tokens_in[index]))
              : __builtin_nanf("");
    const std::int64_t listed = ::min(args.listed(index), std::int64_t{row.length});
    __syncwarp(full_mask);
    mbarrier_wait(&state.maxima_came[side], turn >> 1 & 1U);
    const Vec maxima = reinterpret_cast<const Vec*>(state.maxima[side])[lane()];
    const Key most = __reduce_max_sync(
        full_mask, ::max(::max(maxima.word[0], maxima.word[1]), ::max(maxima.word[2], maxima.word[3])));
    const bool any = most > kNobodyKey;
    const int wanted = any ? static_cast<int>(listed) : 0;
    const Key bound = wanted > 0 ? bound_of(maxima, most, wanted) : 0;
    if (lane() != 0) return;
    row.z_max = any ? z_of_key(most) : kNobody;
    row.least = wanted > 0 ? z_of_key(bound) : __builtin_inff();
  }

  // What the weighers have added up, which is all there is of a row.
  __device__ void close(unsigned turn, std::uint32_t passed, PassedRow& out) const {
    constexpr unsigned kWarps = kWeighers / kWarp;
    const PassingState& state = shared<PassingState>();
    const bool is_warp = lane() < kWarps;
    const std::uint64_t mass = warp_sum(is_warp ? state.mass[turn & 1][lane()] : 0);
    const std::uint32_t above = __reduce_add_sync(full_mask, is_warp ? state.above[turn & 1][lane()] : 0);
    if (lane() != 0) return;
    const PassingRow& row = row_at(turn);
    out.mass = mass;
    out.above = above;
    out.count = passed;
    out.z_max = row.z_max;
    out.token_z = row.token_z;
  }

 private:
  __device__ static PassingRow& row_at(unsigned turn) { return shared<PassingState>().rows[turn & 3]; }

  // The key of a candidate that at least k elements reach, if there are as many, and of the groups' maxima, four a lane, hardly more:
  // halves the range of those that are candidates.
  __device__ static Key bound_of(const Vec& maxima, Key most, int k) {
    constexpr Key kLeast = kNobodyKey + 1;
    const auto reach = [&](Key key) {
      std::uint32_t n = 0;
#pragma unroll
      for (int i = 0; i < 4; ++i) n += maxima.word[i] >= key ? 1 : 0;
      return static_cast<int>(__reduce_add_sync(full_mask, n));
    };
    Key least = ~Key{0};
#pragma unroll
    for (int i = 0; i < 4; ++i) least = ::min(least, maxima.word[i] >= kLeast ? maxima.word[i] : least);
    Key low = __reduce_min_sync(full_mask, least), high = most + 1;  // that many reach; that fewer than k reach
    int many = reach(low);
    if (many < k) return kLeast;
#pragma unroll 1
    while (many > k + k / 4 + 2 && high - low > 1) {
      const Key middle = low + (high - low) / 2;
      const int n = reach(middle);
      if (n >= k) {
        low = middle;
        many = n;
      } else {
        high = middle;
      }
    }
    return low;
  }

  const SamplePassingLaunch& a_;
  unsigned rank_, turns_;
};

}  // namespace topkit::cuda
