// A block's part of a row that passes through a cluster, and what a thread's vectors of it weigh while the next row's take their
// places.
#pragma once

#include <limits>

#include "sample_logprobs_passed.cuh"

namespace topkit::cuda {

// A block's part of a row: vectors of 16 bytes in shared memory, each of one thread.
template <class L>
struct PassingShare {
  using Raw = typename L::Raw;
  static constexpr std::uint32_t kPerVec = 16 / sizeof(Raw);
  static constexpr int kQuads = kPerVec / 4;

  const Raw* x;          // the row
  std::uint32_t length;  // of the row
  std::uint32_t first;   // vector of the row that is the block's first
  std::uint32_t count;   // vectors

  __device__ PassingShare(const SampleArgs& args, std::int64_t row, std::uint32_t share, unsigned rank)
      : x(static_cast<const Raw*>(args.x) + args.x_row(row) * args.problem.row_stride),
        length(static_cast<std::uint32_t>(args.length(row))),
        first(rank * share) {
    const std::uint32_t all = (length + kPerVec - 1) / kPerVec;
    count = ::min(share, all - ::min(first, all));
  }
  __device__ PassingShare(const Raw* row, std::uint32_t of_length, std::uint32_t at, std::uint32_t vecs)
      : x(row), length(of_length), first(at), count(vecs) {}
  __device__ const Vec* from() const { return reinterpret_cast<const Vec*>(x) + first; }
  // Vectors that the row fills; there is at most one more.
  __device__ std::uint32_t whole() const {
    const std::uint32_t all = length / kPerVec;
    return ::min(count, all - ::min(first, all));
  }
  __device__ std::uint32_t token(std::uint32_t v) const { return (first + v) * kPerVec; }

  // Vector v < count on its way to vecs[v]; what is behind the row's end is -inf.
  __device__ __forceinline__ void ask(Vec* vecs, std::uint32_t v) const {
    if (token(v) + kPerVec <= length) {
      async_copy16(vecs + v, x + token(v));
    } else {
      auto* const to = reinterpret_cast<Raw*>(vecs + v);
#pragma unroll 1
      for (std::uint32_t e = 0; e < kPerVec; ++e)
        to[e] = token(v) + e < length ? load_once(x + token(v) + e) : static_cast<Raw>(kMinusInfinity);
    }
  }
  // NaN and +inf stay what they are.
  __device__ static Quad quad(const Vec& vec, int i) {
    Quad q;
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      if constexpr (kQuads == 1) {
        q.z[e] = L::value(vec.word[e]);
      } else {
        const std::uint32_t word = vec.word[2 * i + e / 2];
        q.z[e] = L::value(static_cast<Raw>(e % 2 == 0 ? word & 0xffff : word >> 16));
      }
    }
    return q;
  }
  static constexpr std::uint32_t kMinusInfinity = LogitRow<L>::kMinusInfinity;
};

// The largest, of which NaN is none.
__device__ __forceinline__ float most_number(const Quad& q) {
  return ::fmaxf(::fmaxf(q.z[0], q.z[1]), ::fmaxf(q.z[2], q.z[3]));
}
// NaN where one is.
__device__ __forceinline__ float most_or_nan(const Quad& q) {
  return max_nan(max_nan(q.z[0], q.z[1]), max_nan(q.z[2], q.z[3]));
}

// Bits as signed numbers are in the order of floats where one of them is positive: the largest of three is one instruction.
__device__ __forceinline__ std::int32_t signed_bits(float z) { return static_cast<std::int32_t>(float_bits(z)); }
__device__ __forceinline__ std::int32_t largest_of(std::int32_t a, std::int32_t b, std::int32_t c) {
#ifdef __CUDA_ARCH__
  return __vimax3_s32(a, b, c);
#else
  return ::max(a, ::max(b, c));
#endif
}
// What bits of floats that are at least z reach: of a z that is not positive, anything.
__device__ __forceinline__ std::int32_t bits_that_reach(float z) {
  return z > 0 ? signed_bits(z) : std::numeric_limits<std::int32_t>::min();
}

// What a weigher's vectors weigh, and how many of their tokens are above token_z; those of at least `least` to `best`, as far as
// there is room, and *passed counts all.
template <class L>
class Weighing {
 public:
  using Share = PassingShare<L>;

  // token_z: NaN where none is looked up.
  __device__ Weighing(float z_max, float c, float scale, float token_z, float least, std::uint32_t first_token,
                      std::uint32_t* passed, Candidate* best)
      : token_z_(token_z),
        least_(least),
        noted_(bits_that_reach(::fminf(least, next_above(token_z)))),
        passing_(bits_that_reach(least)),
        first_token_(first_token),
        passed_(passed),
        best_(best),
        mass_(z_max, c, scale) {
    static_assert(kPassingMostVecs * Share::kQuads <= MassOfQuads<false>::kMost);
  }

  // Its vectors v, v + kWeighers, .. < end; into the places of those before `whole` the vectors from[v], .. are asked for.
  // v goes on to what is not done. odd: there may be NaN, or +inf, which is the largest number.
  __device__ __forceinline__ void replace(bool odd, std::uint32_t& v, std::uint32_t end, Vec* vecs, const Vec* from,
                                          std::uint32_t whole) {
    Vec* at = vecs + v;
    const Vec* ask = from + v;
    if (!odd) {
      // Two vectors, whose chains of arithmetic fill each other's waits.
#pragma unroll 1
      for (; v + kWeighers < end; v += 2 * kWeighers) {
        const Vec both[2] = {at[0], at[kWeighers]};
        if (v < whole) async_copy16(at, ask);
        if (v + kWeighers < whole) async_copy16(at + kWeighers, ask + kWeighers);
        weigh(both, v * Share::kPerVec);
        at += 2 * kWeighers;
        ask += 2 * kWeighers;
      }
    }
#pragma unroll 1
    for (; v < end; v += kWeighers) {
      const Vec one[1] = {at[0]};
      if (v < whole) async_copy16(at, ask);
      if (odd)
        weigh_odd(one[0], v * Share::kPerVec);
      else
        weigh(one, v * Share::kPerVec);
      at += kWeighers;
      ask += kWeighers;
    }
  }
  __device__ std::uint64_t mass() { return mass_.sum(); }
  __device__ std::uint32_t above() const { return above_; }

 private:
  // kVecs vectors that are kWeighers apart.
  template <int kVecs>
  __device__ __forceinline__ void weigh(const Vec (&vecs)[kVecs], std::uint32_t token) {
    std::int32_t most = std::numeric_limits<std::int32_t>::min();
#pragma unroll
    for (int i = 0; i < Share::kQuads; ++i) {
#pragma unroll
      for (int j = 0; j < kVecs; ++j) {
        const Quad q = Share::quad(vecs[j], i);
        mass_.add(q);
        most = largest_of(most, signed_bits(q.z[0]), signed_bits(q.z[1]));
        most = largest_of(most, signed_bits(q.z[2]), signed_bits(q.z[3]));
      }
    }
    if (most >= noted_) [[unlikely]] {
#pragma unroll
      for (int j = 0; j < kVecs; ++j)
#pragma unroll
        for (int i = 0; i < Share::kQuads; ++i) count(Share::quad(vecs[j], i));
      if (most >= passing_ && (least_ > 0 || largest(vecs) >= least_)) [[unlikely]] {
#pragma unroll
        for (int j = 0; j < kVecs; ++j)
#pragma unroll
          for (int i = 0; i < Share::kQuads; ++i)
            pass_on(Share::quad(vecs[j], i), token + static_cast<std::uint32_t>(j) * kWeighers * Share::kPerVec +
                                                 static_cast<std::uint32_t>(4 * i));
      }
    }
  }
  template <int kVecs>
  __device__ static float largest(const Vec (&vecs)[kVecs]) {
    float most = kNobody;
#pragma unroll
    for (int j = 0; j < kVecs; ++j)
#pragma unroll
      for (int i = 0; i < Share::kQuads; ++i) most = ::fmaxf(most, most_number(Share::quad(vecs[j], i)));
    return most;
  }
  __device__ void weigh_odd(const Vec& vec, std::uint32_t token) {
#pragma unroll
    for (int i = 0; i < Share::kQuads; ++i) {
      const Quad q = LogitRow<L>::candidates(Share::quad(vec, i));
      mass_.add(q);
      count(q);
      pass_on(q, token + static_cast<std::uint32_t>(4 * i));
    }
  }
  // Few are above the token that is looked up, as that is mostly one of the best.
  __device__ __forceinline__ void count(const Quad& q) {
#pragma unroll
    for (int e = 0; e < 4; ++e) count_above(above_, q.z[e], token_z_);
  }
  __device__ __forceinline__ void pass_on(const Quad& q, std::uint32_t token) const {
#pragma unroll
    for (std::uint32_t e = 0; e < 4; ++e) {
      if (!(q.z[e] >= least_)) continue;
      const std::uint32_t slot = atomicAdd(passed_, 1U);
      if (slot < kPassedOn) best_[slot] = candidate(key_of_z(z_that_counts(q.z[e])), first_token_ + token + e);
    }
  }

  float token_z_, least_;
  std::int32_t noted_, passing_;  // noted_: what does not reach it neither is among the best nor counts
  std::uint32_t first_token_;
  std::uint32_t* passed_;
  Candidate* best_;
  MassOfQuads<false> mass_;
  std::uint32_t above_ = 0;
};

}  // namespace topkit::cuda
