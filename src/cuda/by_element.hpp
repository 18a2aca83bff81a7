// From a problem to the element type that serves it.
#pragma once

#include <type_traits>

#include "element.hpp"

namespace topkit::cuda {

template <class E>
inline constexpr bool is_fast_element = std::is_same_v<E, F32> || std::is_same_v<E, Bf16> || std::is_same_v<E, F16>;

// Calls f(element): a fast element for the largest of f32, bf16 or f16 with NaN largest, else General. 64-bit types have none.
template <class F>
void with_element(const Problem& p, F f) {
  if (p.largest && p.nan == Nan::largest) {
    if (p.dtype == DType::f32) return f(F32(p));
    if (p.dtype == DType::bf16) return f(Bf16(p));
    if (p.dtype == DType::f16) return f(F16(p));
  }
  switch (bytes(p.dtype)) {
    case 1: return f(General<std::uint8_t>(p));
    case 2: return f(General<std::uint16_t>(p));
    default: return f(General<std::uint32_t>(p));
  }
}

}  // namespace topkit::cuda
