// The independent oracle: a stable sort with the contract written out again from the standard's words, sharing no code
// with src/. Slow on purpose.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "dtype.hpp"
#include "problem.hpp"

namespace topkit::test {

// The value of raw bits as a long double: exact for every type of the contract (64-bit integers included, on x86-64).
inline long double decode(DType dtype, std::uint64_t raw) {
  const auto small_float = [&](int exponent_bits, int mantissa_bits, bool has_infinity) -> double {
    const int bits = 1 + exponent_bits + mantissa_bits;
    const bool negative = (raw >> (bits - 1) & 1) != 0;
    const int exponent = static_cast<int>(raw >> mantissa_bits & ((1U << exponent_bits) - 1));
    const auto mantissa = static_cast<std::uint32_t>(raw & ((1U << mantissa_bits) - 1));
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const bool top = exponent == (1 << exponent_bits) - 1;
    double magnitude = 0;
    if (top && has_infinity)
      magnitude = mantissa != 0 ? std::nan("") : static_cast<double>(INFINITY);
    else if (top && mantissa == (1U << mantissa_bits) - 1)
      magnitude = std::nan("");
    else if (exponent == 0)
      magnitude = std::ldexp(static_cast<double>(mantissa), 1 - bias - mantissa_bits);
    else
      magnitude = std::ldexp(static_cast<double>(mantissa + (1U << mantissa_bits)), exponent - bias - mantissa_bits);
    return negative ? -magnitude : magnitude;
  };
  switch (dtype) {
    case DType::f32: {
      float value = 0;
      const auto low = static_cast<std::uint32_t>(raw);
      std::memcpy(&value, &low, 4);
      return value;
    }
    case DType::f64: {
      double value = 0;
      std::memcpy(&value, &raw, 8);
      return value;
    }
    case DType::f16: return small_float(5, 10, true);
    case DType::bf16: return small_float(8, 7, true);
    case DType::f8e4m3: return small_float(4, 3, false);
    case DType::f8e5m2: return small_float(5, 2, true);
    case DType::i8: return static_cast<std::int8_t>(raw);
    case DType::i16: return static_cast<std::int16_t>(raw);
    case DType::i32: return static_cast<std::int32_t>(raw);
    case DType::i64: return static_cast<long double>(static_cast<std::int64_t>(raw));
    case DType::u8:
    case DType::u16:
    case DType::u32:
    case DType::u64: return static_cast<long double>(raw);
  }
  return 0;
}

inline std::uint64_t load_raw(DType dtype, const void* data, std::int64_t index) {
  std::uint64_t raw = 0;
  const int size = bytes(dtype);
  std::memcpy(&raw, static_cast<const char*>(data) + index * size, static_cast<std::size_t>(size));  // little-endian
  return raw;
}

// "a is better than b", by the words of the contract.
template <class Number>
bool better(Number a, Number b, bool largest, Nan nan) {
  const bool a_nan = std::isnan(a), b_nan = std::isnan(b);
  if (a_nan || b_nan) {
    if (a_nan && b_nan) return false;
    const bool nan_wins = nan == Nan::largest && largest;
    return a_nan ? nan_wins : !nan_wins;
  }
  return largest ? a > b : a < b;
}

template <class Number>
std::vector<std::int64_t> sorted_columns(DType dtype, const void* data, std::int64_t col_stride, std::int64_t begin,
                                         std::int64_t end, bool largest, Nan nan) {
  struct Element {
    Number value;
    std::int64_t column;
  };
  std::vector<Element> elements;
  elements.reserve(static_cast<std::size_t>(end - begin));
  for (std::int64_t c = begin; c < end; ++c)
    elements.push_back({static_cast<Number>(decode(dtype, load_raw(dtype, data, c * col_stride))), c});
  std::stable_sort(elements.begin(), elements.end(),
                   [&](const Element& a, const Element& b) { return better(a.value, b.value, largest, nan); });
  std::vector<std::int64_t> order;
  order.reserve(elements.size());
  for (const Element& element : elements) order.push_back(element.column);
  return order;
}

// Columns of the k best among [begin, end) of one row (column c at data[c * col_stride]), best first, ties by lower column.
inline std::vector<std::int64_t> oracle_row(DType dtype, const void* data, std::int64_t col_stride, std::int64_t begin,
                                            std::int64_t end, std::int64_t k, bool largest, Nan nan) {
  // A double holds every type exactly but the 64-bit integers; a long double is software on some machines.
  std::vector<std::int64_t> order = dtype == DType::i64 || dtype == DType::u64
                                        ? sorted_columns<long double>(dtype, data, col_stride, begin, end, largest, nan)
                                        : sorted_columns<double>(dtype, data, col_stride, begin, end, largest, nan);
  order.resize(static_cast<std::size_t>(std::min<std::int64_t>(k, end - begin)));
  return order;
}

}  // namespace topkit::test
