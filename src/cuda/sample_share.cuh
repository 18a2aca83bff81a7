// A block's share of a row of logits, four tokens at a time: in shared memory, or read again where it does not fit there.
#pragma once

#include "../sampling/args.hpp"
#include "../sampling/math.hpp"
#include "../sampling/steps.hpp"
#include "element.hpp"
#include "sample_shape.hpp"

namespace topkit::cuda {

using One = sampling::OneLane<>;

inline constexpr float kNobody = -__builtin_inff();  // z of what is no candidate
inline constexpr float kLowestZ = -3.40282347e38F;   // every candidate reaches it
inline constexpr Key kNobodyKey = 0x007fffff;        // of kNobody; every candidate's is above it

// Ordered bits of a z, which is no NaN; -0 is +0.
__device__ inline Key key_of_z(float z) {
  const auto bits = static_cast<std::int32_t>(float_bits(add_zero(z)));
  return static_cast<Key>(bits) ^ (static_cast<Key>(bits >> 31) | 0x80000000U);
}
__device__ inline float z_of_key(Key k) { return bits_float((k & 0x80000000U) != 0 ? k ^ 0x80000000U : ~k); }

// The least float above z, a candidate or NaN, which is not -0; NaN stays one.
__device__ __forceinline__ float next_above(float z) {
  return bits_float(z >= 0 ? float_bits(z) + 1 : float_bits(z) - 1);
}

struct alignas(16) Quad {
  float z[4];
  __device__ float most() const { return ::max(::max(z[0], z[1]), ::max(z[2], z[3])); }
};

// Types of logits: what lies in memory, and what it is as a float.
struct LogitF32 {
  using Raw = std::uint32_t;
  __device__ static float value(Raw raw) { return bits_float(raw); }
};
struct LogitBf16 {
  using Raw = std::uint16_t;
  __device__ static float value(Raw raw) { return bits_float(static_cast<std::uint32_t>(raw) << 16); }
};
struct LogitF16 {
  using Raw = std::uint16_t;
  __device__ static float value(Raw raw) { return f16_to_float(raw); }
};

// From a logit to z where there is more to it than a cast. Not inlined: most rows have none of it.
[[gnu::noinline]] __device__ inline float capped_logit(float value, float cap) {
  return cap > 0 ? sampling::soft_cap<One>(value, cap, One::Div(1.0F, cap)) : value;
}
[[gnu::noinline]] __device__ inline float processed_logit(const SampleArgs& args, std::int64_t row, float value,
                                                          std::uint32_t token) {
  value = capped_logit(value, args.softcap);
  for (std::int64_t j = 0; j < args.bias_ids.count; ++j)
    if (args.bias_ids.at(row, j) == token) value = One::Add(value, args.bias.at(row, j));
  const std::uint32_t* const mask = args.mask_of(row);
  if (mask != nullptr && (mask[token / 32] >> token % 32 & 1U) == 0) value = kNobody;
  return sampling::candidate<One>(value);
}

// Whether a list of the best answers a row of a launch that has k for its rows; of what topk gave, NaN and +inf are not in the
// order that sampling means.
template <class L>
__device__ bool is_answered(const SampleArgs& args, const SampleGiven& given, std::int64_t row) {
  const std::int64_t k = sample_row_k(args, row);
  if (k == 0 || given.values == nullptr) return k != 0;
  const std::int64_t length = args.length(row),
                     listed = ::min(::min(args.top_k[row], std::int64_t{given.count}), length);
  if (listed <= 0 || ::min(k, length) > listed) return false;
  return L::value(load_once(static_cast<const typename L::Raw*>(given.values) + row * given.count)) < __builtin_inff();
}

// Where a row and a block's share of it lie; in shared memory, so that no thread need hold it.
struct SamplePlace {
  const void* x;               // the row's first token
  Quad* quads;                 // the share, where it is resident
  std::int64_t index;          // of the row, as the outputs count
  std::uint32_t length;        // of the row
  std::uint32_t begin, count;  // of the share: tokens begin .. begin + count, begin a multiple of 4
  unsigned rank, blocks;
};

// A row in memory: from raw bits to z.
template <class L>
struct LogitRow {
  using Raw = typename L::Raw;
  struct alignas(4 * sizeof(Raw)) Raws {
    Raw raw[4];
  };
  static constexpr std::uint32_t kMinusInfinity = sizeof(Raw) == 4               ? 0xff800000
                                                  : std::is_same_v<L, LogitBf16> ? 0xff80
                                                                                 : 0xfc00;

  const SampleArgs& args;
  const Raw* x;
  std::uint32_t length;
  std::int64_t index;  // of the outputs
  bool aligned;        // four tokens at once can be loaded

  __device__ LogitRow(const SampleArgs& a, const SamplePlace& place)
      : args(a),
        x(static_cast<const Raw*>(place.x)),
        length(place.length),
        index(place.index),
        aligned(reinterpret_cast<std::uintptr_t>(x) % sizeof(Raws) == 0) {}

  __device__ bool plain() const { return args.softcap == 0 && args.mask == nullptr && args.bias_ids.count == 0; }

  // Tokens token .. token + 3; what is behind the row's end is -inf.
  __device__ Raws load(std::uint32_t token) const {
    Raws raws;
    if (aligned && token + 4 <= length) return load_once(reinterpret_cast<const Raws*>(x + token));
#pragma unroll
    for (std::uint32_t e = 0; e < 4; ++e)
      raws.raw[e] = token + e < length ? load_once(x + token + e) : static_cast<Raw>(kMinusInfinity);
    return raws;
  }

  // Soft-capped, without bias and mask.
  __device__ float unmasked(Raw raw) const {
    return sampling::candidate<One>(capped_logit(L::value(raw), args.softcap));
  }
  __device__ float z(Raw raw, std::uint32_t token) const { return processed_logit(args, index, L::value(raw), token); }
  __device__ Quad plain_quad(const Raws& raws) const {
    Quad q;
#pragma unroll
    for (int e = 0; e < 4; ++e) q.z[e] = sampling::candidate<One>(L::value(raws.raw[e]));
    return q;
  }
  __device__ static Quad candidates(Quad q) {
#pragma unroll
    for (float& z : q.z) z = sampling::candidate<One>(z);
    return q;
  }
  __device__ Quad quad(std::uint32_t token) const {
    const Raws raws = load(token);
    if (plain()) return plain_quad(raws);
    Quad q;
#pragma unroll
    for (std::uint32_t e = 0; e < 4; ++e) q.z[e] = token + e < length ? z(raws.raw[e], token + e) : kNobody;
    return q;
  }
};

// A block's tokens.
template <class L, bool kResident>
struct TokenShare {
  static constexpr std::uint32_t kThreads = kSampleThreads;

  LogitRow<L> row;
  Quad* quads;
  std::uint32_t begin, count;

  __device__ TokenShare(const SampleArgs& args, const SamplePlace& place)
      : row(args, place), quads(place.quads), begin(place.begin), count(place.count) {}
  __device__ std::uint32_t size() const { return (count + 3) / 4; }  // in quads

  __device__ Quad quad(std::uint32_t q) const {
    if constexpr (kResident) return quads[q];
    return row.quad(begin + 4 * q);
  }

  // Brings the share to shared memory and returns the largest z of the thread's own quads. Everybody may read it behind a barrier.
  __device__ float load() const {
    using Raws = typename LogitRow<L>::Raws;
    float most = kNobody;
    const std::uint32_t all = size(), whole = row.plain() && row.aligned ? count / 4 : 0;
    const auto* const from = reinterpret_cast<const Raws*>(row.x + begin);
    const auto take = [&](std::uint32_t q, const Quad& some) {
      if constexpr (kResident) quads[q] = some;
      most = ::max(most, some.most());
    };
    if constexpr (kResident) {
      // All of them on their way at once, as they are, to where they belong.
#pragma unroll 4
      for (std::uint32_t q = threadIdx.x; q < whole; q += kThreads)
        if constexpr (sizeof(Raws) == 16) {
          async_copy16(&quads[q], from + q);
        } else {
          async_copy8(&quads[q], from + q);
        }
      async_commit();
      async_wait<0>();
#pragma unroll 2
      for (std::uint32_t q = threadIdx.x; q < whole; q += kThreads) {
        if constexpr (sizeof(Raws) == 16) {
          const Quad some = quads[q];
          most = ::fmaxf(most, ::fmaxf(::fmaxf(some.z[0], some.z[1]), ::fmaxf(some.z[2], some.z[3])));
          if (!(some.z[0] + some.z[1] + (some.z[2] + some.z[3]) < __builtin_inff())) [[unlikely]]
            quads[q] = LogitRow<L>::candidates(some);
        } else {
          Raws raws;
          __builtin_memcpy(&raws, &quads[q], sizeof(raws));
          take(q, row.plain_quad(raws));
        }
      }
      most = sampling::candidate<One>(most);
    } else {
      constexpr std::uint32_t kAtOnce = 8;
#pragma unroll 1
      for (std::uint32_t q = threadIdx.x; q < whole; q += kAtOnce * kThreads) {
        Raws raws[kAtOnce];
#pragma unroll
        for (std::uint32_t j = 0; j < kAtOnce; ++j)
          if (q + j * kThreads < whole) raws[j] = load_once(from + q + j * kThreads);
#pragma unroll
        for (std::uint32_t j = 0; j < kAtOnce; ++j)
          if (q + j * kThreads < whole) take(q + j * kThreads, row.plain_quad(raws[j]));
      }
    }
#pragma unroll 1
    for (std::uint32_t q = whole + (threadIdx.x - whole) % kThreads; q < all; q += kThreads)
      take(q, row.quad(begin + 4 * q));
    return most;
  }

  // Calls f(token, quad) for the thread's own quads.
  template <class F>
  __device__ void for_quads(F f) const {
    const std::uint32_t all = size();
#pragma unroll 1
    for (std::uint32_t q = threadIdx.x; q < all; q += kThreads) f(begin + 4 * q, quad(q));
  }
};

}  // namespace topkit::cuda
