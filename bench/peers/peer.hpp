// Other ways to the same answer, one file each.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "../cases.hpp"

namespace topkit::bench {

// Selects every row of x [rows, cols] into values and indices [rows, k], by the contract's order.
struct Peer {
  std::string_view name;
  void (*run)(const Case& c, const void* x, void* values, std::int64_t* indices);
};
extern const Peer kPartialSort, kNthElement;

// The peers that can do a case. They need the type as a C++ type, which 16-bit and 8-bit floats are not.
std::span<const Peer* const> peers_of(const Case& c);

// Calls f(T{}) with the C++ type of a dtype.
template <class F>
void with_native_type(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f32: return f(float{});
    case DType::f64: return f(double{});
    case DType::i32: return f(std::int32_t{});
    case DType::i64: return f(std::int64_t{});
    default: return;
  }
}

template <class T>
using Pair = std::pair<T, std::int64_t>;

// The contract's order on pairs: NaN first, then larger values, then lower indices.
template <class T>
bool before(const Pair<T>& a, const Pair<T>& b) {
  if constexpr (std::is_floating_point_v<T>) {
    const bool a_nan = std::isnan(a.first), b_nan = std::isnan(b.first);
    if (a_nan != b_nan) return a_nan;
    if (a_nan) return a.second < b.second;
  }
  return a.first != b.first ? a.first > b.first : a.second < b.second;
}

}  // namespace topkit::bench
