// The pointers of one call, given to a kernel by value. Everything here was checked by validate().
#pragma once

#include <cstdint>
#include <type_traits>

#include "problem.hpp"

namespace topkit {

// An optional [rows] array of int32 or int64 that may live on the device.
struct RowArray {
  const void* data = nullptr;
  IndexType type = IndexType::i32;
  std::int64_t stride = 1;

  constexpr std::int64_t operator[](std::int64_t row) const {
    return type == IndexType::i32 ? static_cast<const std::int32_t*>(data)[row * stride]
                                  : static_cast<const std::int64_t*>(data)[row * stride];
  }
};

struct Args {
  Problem problem;
  const void* x = nullptr;
  void* values = nullptr;   // null when not wanted
  void* indices = nullptr;  // null when not wanted
  const void* ids = nullptr;
  RowArray lengths, starts, row_k;
  Layout values_layout, indices_layout, ids_layout;
  std::uint64_t fill = 0;  // raw bits of the value of an empty place

  // The columns of row r that take part, and how many winners it has. Device arrays cannot be checked before the launch,
  // so what is out of range is clamped here: begin to 0..cols, end to begin..cols, count to 0..k and to the length.
  struct Span {
    std::int64_t begin, end, count;
  };
  constexpr Span span(std::int64_t r) const {
    Span s{0, problem.cols, problem.k};
    if (!problem.has_lengths && !problem.has_row_k) return s;
    if (starts.data != nullptr) s.begin = clamp(starts[r], 0, problem.cols);
    if (lengths.data != nullptr) s.end = s.begin + clamp(lengths[r], 0, problem.cols - s.begin);
    if (row_k.data != nullptr) s.count = clamp(row_k[r], 0, problem.k);
    if (s.count > s.end - s.begin) s.count = s.end - s.begin;
    return s;
  }

 private:
  static constexpr std::int64_t clamp(std::int64_t v, std::int64_t low, std::int64_t high) {
    return v < low ? low : v > high ? high : v;
  }
};

static_assert(std::is_trivially_copyable_v<Args>);

}  // namespace topkit
