// Mbarriers and stores that arrive with their notice, as nvcc sees them. Below sm_90 nothing uses them: the plan asks for no
// cluster.
//
// Handshake: one thread initialises and calls mbarrier_publish(); every thread cluster_arrive_relaxed(), later
// cluster_wait(); from then on the twins may be used. A default cluster_arrive() is a fence of 0.7 us on an H100, a relaxed
// one costs a tenth.
#pragma once

#include "device_cluster.hpp"

namespace topkit::cuda {

struct Mbarrier {
  std::uint64_t word;
};

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900

__device__ __forceinline__ void mbarrier_init(Mbarrier* m, unsigned arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(m)), "r"(arrivals) : "memory");
}
__device__ __forceinline__ void mbarrier_publish() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}
// One arrival at the twin of m in block `rank`, which promises bytes of store_async to it.
__device__ __forceinline__ void mbarrier_expect(Mbarrier* m, unsigned rank, unsigned bytes) {
  asm volatile(
      "mbarrier.arrive.expect_tx.relaxed.cluster.shared::cluster.b64 _, [%0], %1;" ::"r"(cluster_address(m, rank)),
      "r"(bytes)
      : "memory");
}
// Until the phase of this parity is complete: what store_async brought is there.
__device__ __forceinline__ void mbarrier_wait(Mbarrier* m, unsigned parity) {
  asm volatile(
      "{\n"
      ".reg .pred done;\n"
      "again: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 done, [%0], %1;\n"
      "@!done bra again;\n"
      "}\n" ::"r"(shared_address(m)),
      "r"(parity)
      : "memory");
}
// Stores into the twin of *mine in block `rank` and tells the twin of m there.
template <class T>
__device__ __forceinline__ void store_async(T* mine, unsigned rank, std::type_identity_t<T> value, Mbarrier* m) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  if constexpr (sizeof(T) == 4) {
    std::uint32_t bits;
    memcpy(&bits, &value, 4);
    asm volatile(
        "st.async.shared::cluster.mbarrier::complete_tx::bytes.b32 [%0], %1, [%2];" ::"r"(cluster_address(mine, rank)),
        "r"(bits), "r"(cluster_address(m, rank))
        : "memory");
  } else {
    std::uint64_t bits;
    memcpy(&bits, &value, 8);
    asm volatile(
        "st.async.shared::cluster.mbarrier::complete_tx::bytes.b64 [%0], %1, [%2];" ::"r"(cluster_address(mine, rank)),
        "l"(bits), "r"(cluster_address(m, rank))
        : "memory");
  }
}
__device__ __forceinline__ void cluster_arrive_relaxed() {
  asm volatile("barrier.cluster.arrive.relaxed.aligned;" ::: "memory");
}

#else

__device__ __forceinline__ void mbarrier_init(Mbarrier*, unsigned) {}
__device__ __forceinline__ void mbarrier_publish() {}
__device__ __forceinline__ void mbarrier_expect(Mbarrier*, unsigned, unsigned) {}
__device__ __forceinline__ void mbarrier_wait(Mbarrier*, unsigned) {}
template <class T>
__device__ __forceinline__ void store_async(T*, unsigned, std::type_identity_t<T>, Mbarrier*) {}
__device__ __forceinline__ void cluster_arrive_relaxed() {}

#endif

}  // namespace topkit::cuda
