// The loop of the floor, compiled once for each vector width. Include from floor_*.cpp only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

namespace topkit::bench {

using StreamMax = std::int32_t(const std::byte* data, std::int64_t rows, std::int64_t row_bytes);
StreamMax stream_max_avx512, stream_max_avx2, stream_max_base;

namespace {

template <class Vector>
Vector larger(Vector a, const std::byte* data) {
  Vector b;
  std::memcpy(&b, data, sizeof(Vector));
  return a > b ? a : b;
}

template <class Vector>
Vector larger(Vector a, Vector b) {
  return a > b ? a : b;
}

// 32-bit lanes whatever the element: the bytes and the instructions per byte are the same for every type. The eight
// streams are named because g++ 12 keeps an array of vectors in memory.
template <class Vector>
std::int32_t stream_max_kernel(const std::byte* data, std::int64_t rows, std::int64_t row_bytes) {
  constexpr std::int64_t kBytes = sizeof(Vector), kLanes = kBytes / 4;
  Vector a = Vector{} + std::numeric_limits<std::int32_t>::min();
  Vector b = a, c = a, d = a, e = a, f = a, g = a, h = a;
  for (std::int64_t row = 0; row < rows; ++row, data += row_bytes) {
    std::int64_t i = 0;
    for (; i + 8 * kBytes <= row_bytes; i += 8 * kBytes) {
      const std::byte* p = data + i;
      a = larger(a, p), b = larger(b, p + kBytes), c = larger(c, p + 2 * kBytes), d = larger(d, p + 3 * kBytes);
      p += 4 * kBytes;
      e = larger(e, p), f = larger(f, p + kBytes), g = larger(g, p + 2 * kBytes), h = larger(h, p + 3 * kBytes);
    }
    for (; i + kBytes <= row_bytes; i += kBytes) a = larger(a, data + i);
    if (i < row_bytes) {
      Vector rest = a;
      std::memcpy(&rest, data + i, static_cast<std::size_t>(row_bytes - i));
      b = larger(b, rest);
    }
  }
  const Vector all = larger(larger(larger(a, b), larger(c, d)), larger(larger(e, f), larger(g, h)));
  std::int32_t result = all[0];
  for (std::int64_t lane = 1; lane < kLanes; ++lane) result = all[lane] > result ? all[lane] : result;
  return result;
}

}  // namespace
}  // namespace topkit::bench
