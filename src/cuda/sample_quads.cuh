// Four tokens of a row at a time from memory, as the kernels do that stream it.
#pragma once

#include "sample_share.cuh"

namespace topkit::cuda {

template <class L>
struct QuadLoader {
  using Raw = typename L::Raw;
  using Raws = typename LogitRow<L>::Raws;

  const Raw* x;
  std::uint32_t length;
  bool aligned;

  __device__ QuadLoader(const Raw* row, std::uint32_t of_length)
      : x(row), length(of_length), aligned(reinterpret_cast<std::uintptr_t>(row) % sizeof(Raws) == 0) {}

  // What is behind the row's end is -inf.
  __device__ __forceinline__ Raws raws(std::uint32_t token) const {
    if (aligned && token + 4 <= length) return load_once(reinterpret_cast<const Raws*>(x + token));
    Raws some;
#pragma unroll
    for (std::uint32_t e = 0; e < 4; ++e)
      some.raw[e] = token + e < length ? load_once(x + token + e) : static_cast<Raw>(LogitRow<L>::kMinusInfinity);
    return some;
  }
  __device__ __forceinline__ static Raws none() {
    Raws some;
#pragma unroll
    for (Raw& raw : some.raw) raw = static_cast<Raw>(LogitRow<L>::kMinusInfinity);
    return some;
  }
  // NaN and +inf stay what they are.
  __device__ __forceinline__ static Quad quad(const Raws& some) {
    Quad q;
#pragma unroll
    for (int e = 0; e < 4; ++e) q.z[e] = L::value(some.raw[e]);
    return q;
  }
  __device__ __forceinline__ Quad load(std::uint32_t token) const { return quad(raws(token)); }
};

// NaN only where all are.
__device__ __forceinline__ float largest(const Quad& q) {
  return ::fmaxf(::fmaxf(q.z[0], q.z[1]), ::fmaxf(q.z[2], q.z[3]));
}

}  // namespace topkit::cuda
