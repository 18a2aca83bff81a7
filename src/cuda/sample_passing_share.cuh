// A block's part of a row that passes through a cluster, and what a thread's vectors of it weigh while the next row's take their
// places.
#pragma once

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
  __device__ static Vec* vecs() { return dynamic_shared<Vec>(); }
  __device__ const Vec* from() const { return reinterpret_cast<const Vec*>(x) + first; }
  // Vectors that the row fills; there is at most one more.
  __device__ std::uint32_t whole() const {
    const std::uint32_t all = length / kPerVec;
    return ::min(count, all - ::min(first, all));
  }
  __device__ std::uint32_t token(std::uint32_t v) const { return (first + v) * kPerVec; }

  // Vector v < count on its way to its place; what is behind the row's end is -inf.
  __device__ __forceinline__ void ask(std::uint32_t v) const {
    if (token(v) + kPerVec <= length) {
      async_copy16(vecs() + v, x + token(v));
    } else {
      auto* const to = reinterpret_cast<Raw*>(vecs() + v);
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

// Adds one where z is above the bound: two instructions, where a select would be three.
__device__ __forceinline__ void count_above(std::uint32_t& count, float z, float bound) {
#ifdef __CUDA_ARCH__
  asm("{\n"
      ".reg .pred above;\n"
      "setp.gt.f32 above, %1, %2;\n"
      "@above add.u32 %0, %0, 1;\n"
      "}\n"
      : "+r"(count)
      : "f"(z), "f"(bound));
#else
  count += z > bound ? 1 : 0;
#endif
}

struct Weighed {
  std::uint64_t mass;
  std::uint32_t above;
};

// What a thread's vectors weigh, and how many of their tokens are above token_z; those of at least `least` to `best`, as far as
// there is room, and *passed counts all.
template <class L>
struct Weighing {
  float z_max, c, scale, token_z, least;
  std::uint32_t first_token;
  std::uint32_t* passed;
  Candidate* best;

  // Of its vectors v, v + kPassingThreads, .. < count; into the places of those before `whole` the vectors from[v], .. are asked for.
  // v goes on to what is not done. kInfinite: there may be +inf, and it is the largest number.
  template <bool kInfinite>
  __device__ __forceinline__ Weighed replace(std::uint32_t& v, std::uint32_t count, const Vec* from,
                                             std::uint32_t whole) const {
    using Share = PassingShare<L>;
    static_assert(kPassingMostVecs * Share::kQuads <= MassOfQuads<false>::kMost);
    MassOfQuads<false> mass(z_max, c, scale);
    std::uint32_t above = 0;
    Vec* const vecs = Share::vecs();
#pragma unroll 2
    for (; v < count; v += kPassingThreads) {
      const Vec vec = vecs[v];
#pragma unroll
      for (int i = 0; i < Share::kQuads; ++i) {
        Quad q = Share::quad(vec, i);
        if constexpr (kInfinite) q = LogitRow<L>::candidates(q);
        mass.add(q);
#pragma unroll
        for (int e = 0; e < 4; ++e) count_above(above, q.z[e], token_z);
        // Few do.
        if (::fmaxf(::fmaxf(q.z[0], q.z[1]), ::fmaxf(q.z[2], q.z[3])) >= least) [[unlikely]]
          pass_on(q, v * Share::kPerVec + static_cast<std::uint32_t>(4 * i));
      }
      if (v < whole) async_copy16(vecs + v, from + v);
    }
    return {mass.sum(), above};
  }

 private:
  __device__ __forceinline__ void pass_on(const Quad& q, std::uint32_t token) const {
#pragma unroll
    for (std::uint32_t e = 0; e < 4; ++e) {
      if (!(q.z[e] >= least)) continue;
      const std::uint32_t slot = atomicAdd(passed, 1U);
      if (slot < kPassedOn) best[slot] = candidate(key_of_z(z_that_counts(q.z[e])), first_token + token + e);
    }
  }
};

}  // namespace topkit::cuda
