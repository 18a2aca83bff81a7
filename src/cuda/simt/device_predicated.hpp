// Steps that some lanes take: one predicated instruction in place, where the compiler would add, copy and choose.
#pragma once

#include <cstdint>

#include "device_cluster.hpp"

namespace topkit::cuda {

// Adds one where it holds.
__device__ __forceinline__ void count_if(bool holds, std::uint32_t& sum) {
  asm("{ .reg .pred p; setp.ne.u32 p, %1, 0; @p add.u32 %0, %0, 1; }"
      : "+r"(sum)
      : "r"(static_cast<std::uint32_t>(holds)));
}

// Adds one where value is above the bound.
__device__ __forceinline__ void count_above(std::uint32_t& sum, float value, float bound) {
  asm("{ .reg .pred p; setp.gt.f32 p, %1, %2; @p add.u32 %0, %0, 1; }" : "+r"(sum) : "f"(value), "f"(bound));
}
// Adds weight where value reaches the bound.
__device__ __forceinline__ void add_if_reached(float& sum, float weight, float value, float bound) {
  asm("{ .reg .pred p; setp.ge.f32 p, %2, %3; @p add.f32 %0, %0, %1; }"
      : "+f"(sum)
      : "f"(weight), "f"(value), "f"(bound));
}

// A place in this block's shared memory at which words are written one behind the other.
template <class Word>
struct SharedEnd {
  std::uint32_t at;
  __device__ explicit SharedEnd(Word* p) : at(shared_address(p)) {}
};
__device__ __forceinline__ void push_if(bool holds, SharedEnd<std::uint32_t>& end, std::uint32_t word) {
  asm volatile("{ .reg .pred p; setp.ne.u32 p, %1, 0; @p st.shared.b32 [%0], %2; @p add.u32 %0, %0, 4; }"
               : "+r"(end.at)
               : "r"(static_cast<std::uint32_t>(holds)), "r"(word)
               : "memory");
}
__device__ __forceinline__ void push_if(bool holds, SharedEnd<std::uint64_t>& end, std::uint64_t word) {
  asm volatile("{ .reg .pred p; setp.ne.u32 p, %1, 0; @p st.shared.b64 [%0], %2; @p add.u32 %0, %0, 8; }"
               : "+r"(end.at)
               : "r"(static_cast<std::uint32_t>(holds)), "l"(word)
               : "memory");
}

}  // namespace topkit::cuda
