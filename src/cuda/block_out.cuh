// Winners that lie side by side in a lane's registers are written by one store.
#pragma once

#include "../args.hpp"
#include "simt.hpp"

namespace topkit::cuda {

// Aligned to the whole, 16 bytes at most: validated by plain_rows().
template <class T, int kCount>
__device__ void store_side_by_side(T* to, const T (&values)[kCount]) {
  constexpr int kAtOnce = kCount * sizeof(T) <= 16 ? kCount : 16 / static_cast<int>(sizeof(T));
  struct alignas(kAtOnce * sizeof(T)) Some {
    T of[kAtOnce];
  };
#pragma unroll
  for (int i = 0; i < kCount; i += kAtOnce) {
    Some some;
#pragma unroll
    for (int j = 0; j < kAtOnce; ++j) some.of[j] = values[i + j];
    *reinterpret_cast<Some*>(to + i) = some;
  }
}

// The winners of a row at places first, first + 1, ..., those below k. together: how many one store may write.
template <class Raw, int kRegs, class Column>
__device__ void write_winners(const Args& args, std::int64_t row, int first, int k, const Column (&columns)[kRegs],
                              const Raw (&values)[kRegs], int together) {
  if (first >= k) return;
  Raw* const v = static_cast<Raw*>(args.values) + row * args.values_layout.outer_stride + first;
  const std::int64_t at = row * args.indices_layout.outer_stride + first;
  if (together >= kRegs) {
    store_side_by_side(v, values);
  } else {
#pragma unroll
    for (int i = 0; i < kRegs; ++i)
      if (first + i < k) v[i] = values[i];
  }
  const auto put = [&](auto* to) {
    std::remove_pointer_t<decltype(to)> wide[kRegs];
#pragma unroll
    for (int i = 0; i < kRegs; ++i) wide[i] = columns[i];
    if (together >= kRegs) {
      store_side_by_side(to, wide);
    } else {
#pragma unroll
      for (int i = 0; i < kRegs; ++i)
        if (first + i < k) to[i] = wide[i];
    }
  };
  if (args.problem.index_type == IndexType::i64) {
    put(static_cast<std::uint64_t*>(args.indices) + at);
  } else {
    put(static_cast<std::uint32_t*>(args.indices) + at);
  }
}

}  // namespace topkit::cuda
