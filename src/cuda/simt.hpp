// The device vocabulary of every kernel. nvcc sees thin wrappers over CUDA; a plain C++ compiler sees the host
// stand-in, which runs the same text on fibers so that a kernel's logic is tested where there is no GPU.
//
// Kernel files are plain CUDA C++ that includes this header and launch.hpp and nothing of CUDA itself. They may use:
//
//   __global__ __device__ __host__ __forceinline__ __launch_bounds__(..) __grid_constant__ __restrict__
//   [[gnu::noinline]] (libstdc++ owns the other spelling)
//   threadIdx.x blockIdx.x blockDim.x gridDim.x (1-D), uint2/uint4/float4/... and make_uint2 ..., dim3 is not needed
//   __syncthreads() __syncthreads_count/_and/_or(p) __syncwarp(mask) __threadfence() __threadfence_block()
//   __shfl_sync __shfl_xor_sync __shfl_up_sync __shfl_down_sync __ballot_sync __any_sync __all_sync __match_any_sync
//   __reduce_max_sync __reduce_min_sync __reduce_add_sync __reduce_or_sync __reduce_and_sync (32-bit)
//   __popc[ll] __clz[ll] __ffs[ll] __brev[ll] __byte_perm __funnelshift_l/_r/_lc/_rc __umulhi, ::min ::max
//   __float_as_uint __uint_as_float __float_as_int __int_as_float __double_as_longlong __longlong_as_double
//   __vmaxu2 __vmaxs2 __vminu2 __vmins2 __vcmpgtu2 __vcmpgeu2 __vcmpgts2 __vcmpges2 __vcmpeq2 __vadd2 __vsub2 (16-bit
//   pairs) atomicAdd atomicSub atomicMax atomicMin atomicOr atomicAnd atomicExch atomicCAS, on shared and global memory
//   __ldg __ldcs __ldcg __stcs
//
// and, in namespace topkit::cuda (never raw PTX in a kernel file; what is missing is added here, for both compilers):
//
//   add_from_below(sum, distance)          adds what the lane that far below has
//   count_if(holds, sum), SharedEnd<Word>, push_if(holds, end, word), count_above(sum, value, bound),
//   add_if_reached(sum, weight, value, bound)
//                                          one predicated instruction each, or two
//   kWarp, lane(), warp(), full_mask       kArch: 10 * capability that is compiled for (the stand-in says 900)
//   shared<T>()                            this block's static object of type T, one a type (wrap in a struct of your own)
//   dynamic_shared<T>()                    the launch's shared_bytes, 128-byte aligned
//   block_sync(id, threads), block_arrive(id, threads)
//                                          named barriers 1..15
//   cluster_rank(), cluster_size(), cluster_index()
//   cluster_sync(), cluster_arrive(), cluster_wait()
//                                          all threads of the cluster, warps converged
//   map_shared(p, rank)                    p's twin in another block of the cluster, a generic pointer
//   cluster_load(p, rank), cluster_store(p, rank, v), cluster_add(p, rank, v)
//                                          the same by shared::cluster address
//   Mbarrier, mbarrier_init(m, arrivals), mbarrier_publish(), mbarrier_expect(m, rank, bytes), mbarrier_wait(m, parity),
//   store_async(p, rank, v, m), cluster_arrive_relaxed()
//                                          stores that arrive with their notice, see simt/device_mbarrier.hpp
//   async_copy16(shared, global), async_copy4/8, async_commit(), async_wait<n>()
//   grid_dependency_wait(), grid_launch_dependents()
//                                          programmatic dependent launch
//   load_once<T>(p)                        a load of 4, 8 or 16 bytes that will not be read again (no L1, evict first)
//   prefetch(p)                            asks for p's line in L2
//   max_nan(a, b), min_nan                 f32: NaN wins (max.NaN.f32)
//   max_nan_f16x2, max_nan_bf16x2, min_nan_..., gt_mask_f16x2, ge_mask_f16x2, gt_mask_bf16x2, ge_mask_bf16x2
//                                          pairs in one std::uint32_t; masks are 0xFFFF a half, false for NaN
//   not_less_f16x2, not_less_bf16x2        !(a < b): true for NaN
//   less_sign(a, b)                        f32: bit 31 says a < b, false for NaN; the other bits say nothing. It is set
//                                          for (-0, +0) too: compare with -0
//   f16_to_float(bits)                     exact
//   float_bits(v), bits_float(v), add_zero(v)   add_zero: -0 becomes +0, every NaN 0x7FFFFFFF
//   add_zero_f16x2, add_zero_bf16x2        the same for pairs: every NaN 0x7FFF
//   half_signs(pair)                       0xFFFF for each half with its sign bit set
//   atomic_add, atomic_max, ...            as CUDA's, also for std::uint64_t
//
// The stand-in (src/cuda/simt/) reports what a device leaves undefined: a barrier or warp operation that not all named
// lanes reach, or that lanes reach at different places; a lane missing in its own mask; distributed shared memory used
// before the first cluster barrier or not separated from its owner's exit by one; copies read before the wait. Shared
// memory starts as garbage. Between two of these operations a lane runs alone, in an order that settings().seed
// chooses.
#pragma once

#ifdef __CUDACC__
#include "simt/device.hpp"
#else
#include "simt/host.hpp"
#endif

namespace topkit::cuda {

inline constexpr int kLogWarp = 5;
static_assert(1 << kLogWarp == kWarp);

}  // namespace topkit::cuda
