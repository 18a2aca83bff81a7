// Clusters and distributed shared memory as nvcc sees them. Below sm_90 a cluster has one block: the plan asks for no
// other.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace topkit::cuda {

__device__ __forceinline__ std::uint32_t shared_address(const void* p) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(p));
}

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900

__device__ __forceinline__ unsigned cluster_rank() {
  unsigned value;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(value));
  return value;
}
__device__ __forceinline__ unsigned cluster_size() {
  unsigned value;
  asm("mov.u32 %0, %%cluster_nctarank;" : "=r"(value));
  return value;
}

__device__ __forceinline__ void cluster_arrive() {
  asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
}
__device__ __forceinline__ void cluster_wait() { asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory"); }

template <class T>
__device__ __forceinline__ T* map_shared(T* mine, unsigned rank) {
  std::uint64_t twin;
  asm("mapa.u64 %0, %1, %2;" : "=l"(twin) : "l"(reinterpret_cast<std::uint64_t>(mine)), "r"(rank));
  return reinterpret_cast<T*>(twin);
}

__device__ __forceinline__ std::uint32_t cluster_address(const void* mine, unsigned rank) {
  std::uint32_t twin;
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(twin) : "r"(shared_address(mine)), "r"(rank));
  return twin;
}

template <class T>
__device__ __forceinline__ T cluster_load(const T* mine, unsigned rank) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16);
  const std::uint32_t address = cluster_address(mine, rank);
  T value;
  if constexpr (sizeof(T) == 4) {
    std::uint32_t bits;
    asm volatile("ld.shared::cluster.b32 %0, [%1];" : "=r"(bits) : "r"(address) : "memory");
    memcpy(&value, &bits, 4);
  } else if constexpr (sizeof(T) == 8) {
    std::uint64_t bits;
    asm volatile("ld.shared::cluster.b64 %0, [%1];" : "=l"(bits) : "r"(address) : "memory");
    memcpy(&value, &bits, 8);
  } else {
    uint4 bits;
    asm volatile("ld.shared::cluster.v4.b32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(bits.x), "=r"(bits.y), "=r"(bits.z), "=r"(bits.w)
                 : "r"(address)
                 : "memory");
    memcpy(&value, &bits, 16);
  }
  return value;
}

template <class T>
__device__ __forceinline__ void cluster_store(T* mine, unsigned rank, std::type_identity_t<T> value) {
  static_assert(sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16);
  const std::uint32_t address = cluster_address(mine, rank);
  if constexpr (sizeof(T) == 2) {
    std::uint16_t bits;
    memcpy(&bits, &value, 2);
    asm volatile("st.shared::cluster.b16 [%0], %1;" ::"r"(address), "h"(bits) : "memory");
  } else if constexpr (sizeof(T) == 4) {
    std::uint32_t bits;
    memcpy(&bits, &value, 4);
    asm volatile("st.shared::cluster.b32 [%0], %1;" ::"r"(address), "r"(bits) : "memory");
  } else if constexpr (sizeof(T) == 8) {
    std::uint64_t bits;
    memcpy(&bits, &value, 8);
    asm volatile("st.shared::cluster.b64 [%0], %1;" ::"r"(address), "l"(bits) : "memory");
  } else {
    uint4 bits;
    memcpy(&bits, &value, 16);
    asm volatile("st.shared::cluster.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(address), "r"(bits.x), "r"(bits.y),
                 "r"(bits.z), "r"(bits.w)
                 : "memory");
  }
}

// Returns what was there.
__device__ __forceinline__ std::uint32_t cluster_add(std::uint32_t* mine, unsigned rank, std::uint32_t value) {
  std::uint32_t before;
  asm volatile("atom.shared::cluster.add.u32 %0, [%1], %2;"
               : "=r"(before)
               : "r"(cluster_address(mine, rank)), "r"(value)
               : "memory");
  return before;
}

#else

__device__ __forceinline__ unsigned cluster_rank() { return 0; }
__device__ __forceinline__ unsigned cluster_size() { return 1; }
__device__ __forceinline__ void cluster_arrive() {}
__device__ __forceinline__ void cluster_wait() { __syncthreads(); }

template <class T>
__device__ __forceinline__ T* map_shared(T* mine, unsigned) {
  return mine;
}
template <class T>
__device__ __forceinline__ T cluster_load(const T* mine, unsigned) {
  return *mine;
}
template <class T>
__device__ __forceinline__ void cluster_store(T* mine, unsigned, std::type_identity_t<T> value) {
  *mine = value;
}
__device__ __forceinline__ std::uint32_t cluster_add(std::uint32_t* mine, unsigned, std::uint32_t value) {
  return atomicAdd(mine, value);
}

#endif

__device__ __forceinline__ unsigned cluster_index() { return blockIdx.x / cluster_size(); }
__device__ __forceinline__ void cluster_sync() {
  cluster_arrive();
  cluster_wait();
}

}  // namespace topkit::cuda
