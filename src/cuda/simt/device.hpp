// simt.hpp as nvcc sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "device_cluster.hpp"
#include "device_mbarrier.hpp"
#include "device_packed.hpp"
#include "device_predicated.hpp"

namespace topkit::cuda {

#ifdef __CUDA_ARCH__
inline constexpr int kArch = __CUDA_ARCH__;
#else
inline constexpr int kArch = 0;
#endif

inline constexpr int kWarp = 32;
inline constexpr unsigned full_mask = 0xFFFFFFFFU;

__device__ __forceinline__ unsigned lane() {
  unsigned value;
  asm("mov.u32 %0, %%laneid;" : "=r"(value));
  return value;
}
// Adds what the lane `distance` below has, where there is one. The whole warp calls.
__device__ __forceinline__ void add_from_below(std::uint32_t& sum, unsigned distance) {
  asm volatile(
      "{ .reg .u32 other; .reg .pred has;\n"
      "shfl.sync.up.b32 other|has, %0, %1, 0, 0xffffffff;\n"
      "@has add.u32 %0, %0, other; }"
      : "+r"(sum)
      : "r"(distance));
}
// Of a block whose threads are numbered along x.
__device__ __forceinline__ unsigned warp() { return threadIdx.x / kWarp; }

template <class T>
__device__ __forceinline__ T& shared() {
  __shared__ alignas(alignof(T) > 16 ? alignof(T) : 16) unsigned char bytes[sizeof(T)];
  return *reinterpret_cast<T*>(bytes);
}

template <class T>
__device__ __forceinline__ T* dynamic_shared() {
  // Asynchronous copies to a place that is not a multiple of 128 bytes cost a tenth of a kernel that lives by them (FACTS.md).
  extern __shared__ __align__(128) uint4 topkit_dynamic_shared[];
  return reinterpret_cast<T*>(topkit_dynamic_shared);
}

__device__ __forceinline__ void block_sync(int id, int threads) {
  asm volatile("barrier.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}
__device__ __forceinline__ void block_arrive(int id, int threads) {
  asm volatile("barrier.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

// --- Copies from global to shared memory that run on.
__device__ __forceinline__ void async_copy16(void* shared_to, const void* global_from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(shared_to)), "l"(global_from)
               : "memory");
}
__device__ __forceinline__ void async_copy8(void* shared_to, const void* global_from) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" ::"r"(shared_address(shared_to)), "l"(global_from)
               : "memory");
}
__device__ __forceinline__ void async_copy4(void* shared_to, const void* global_from) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(shared_address(shared_to)), "l"(global_from)
               : "memory");
}
__device__ __forceinline__ void async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
// Returns when at most the n newest groups of this thread are on their way.
template <int n>
__device__ __forceinline__ void async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(n) : "memory");
}

// --- Programmatic dependent launch.
__device__ __forceinline__ void grid_dependency_wait() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
__device__ __forceinline__ void grid_launch_dependents() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

// --- Loads that are not read again. Not through the non-coherent path, so that a dependent launch may use them.
template <class T>
__device__ __forceinline__ T load_once(const T* p) {
  static_assert(sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16);
  T value;
  if constexpr (sizeof(T) == 16) {
    uint4 bits;
    asm volatile("ld.global.L1::no_allocate.v4.b32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(bits.x), "=r"(bits.y), "=r"(bits.z), "=r"(bits.w)
                 : "l"(p));
    memcpy(&value, &bits, 16);
  } else if constexpr (sizeof(T) == 8) {
    std::uint64_t bits;
    asm volatile("ld.global.L1::no_allocate.b64 %0, [%1];" : "=l"(bits) : "l"(p));
    memcpy(&value, &bits, 8);
  } else if constexpr (sizeof(T) == 4) {
    std::uint32_t bits;
    asm volatile("ld.global.L1::no_allocate.b32 %0, [%1];" : "=r"(bits) : "l"(p));
    memcpy(&value, &bits, 4);
  } else if constexpr (sizeof(T) == 2) {
    std::uint16_t bits;
    asm volatile("ld.global.L1::no_allocate.b16 %0, [%1];" : "=h"(bits) : "l"(p));
    memcpy(&value, &bits, 2);
  } else {
    std::uint32_t bits;
    asm volatile("ld.global.L1::no_allocate.b8 %0, [%1];" : "=r"(bits) : "l"(p));
    memcpy(&value, &bits, 1);
  }
  return value;
}

// Asks for the line of p in the second cache.
__device__ __forceinline__ void prefetch(const void* p) { asm volatile("prefetch.global.L2 [%0];" ::"l"(p)); }

// --- Atomics for the types CUDA does not name: std::uint64_t is unsigned long there.
template <class T>
struct AtomicWord {
  using type = T;
};
template <>
struct AtomicWord<unsigned long> {
  using type = unsigned long long;
};
template <>
struct AtomicWord<long> {
  using type = long long;
};
template <class T>
using atomic_word = typename AtomicWord<T>::type;

template <class T>
__device__ __forceinline__ T atomic_add(T* p, std::type_identity_t<T> v) {
  return atomicAdd(reinterpret_cast<atomic_word<T>*>(p), static_cast<atomic_word<T>>(v));
}
template <class T>
__device__ __forceinline__ T atomic_max(T* p, std::type_identity_t<T> v) {
  return atomicMax(reinterpret_cast<atomic_word<T>*>(p), static_cast<atomic_word<T>>(v));
}
template <class T>
__device__ __forceinline__ T atomic_min(T* p, std::type_identity_t<T> v) {
  return atomicMin(reinterpret_cast<atomic_word<T>*>(p), static_cast<atomic_word<T>>(v));
}
template <class T>
__device__ __forceinline__ T atomic_or(T* p, std::type_identity_t<T> v) {
  return atomicOr(reinterpret_cast<atomic_word<T>*>(p), static_cast<atomic_word<T>>(v));
}
template <class T>
__device__ __forceinline__ T atomic_exch(T* p, std::type_identity_t<T> v) {
  return atomicExch(reinterpret_cast<atomic_word<T>*>(p), static_cast<atomic_word<T>>(v));
}
template <class T>
__device__ __forceinline__ T atomic_cas(T* p, std::type_identity_t<T> expected, std::type_identity_t<T> v) {
  return atomicCAS(reinterpret_cast<atomic_word<T>*>(p), static_cast<atomic_word<T>>(expected),
                   static_cast<atomic_word<T>>(v));
}

}  // namespace topkit::cuda
