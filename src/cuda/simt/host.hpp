// simt.hpp as a plain C++ compiler sees it: the stand-in.
#pragma once

#include "host_mbarrier.hpp"
#include "host_memory.hpp"
#include "host_packed.hpp"
#include "host_predicated.hpp"
#include "host_types.hpp"
#include "host_warp.hpp"
#include "machine.hpp"

namespace topkit::cuda {

inline constexpr int kArch = 900;
inline constexpr int kWarp = 32;
inline constexpr unsigned full_mask = 0xFFFFFFFFU;

inline unsigned lane() { return threadIdx.x % kWarp; }
inline unsigned warp() { return threadIdx.x / kWarp; }

inline unsigned cluster_rank() { return simt::cluster_rank(); }
inline unsigned cluster_size() { return simt::cluster_size(); }
inline unsigned cluster_index() { return blockIdx.x / cluster_size(); }

inline void cluster_arrive(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  simt::cluster_arrive({file, line});
}
inline void cluster_wait(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  simt::cluster_wait({file, line});
}
inline void cluster_sync(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  simt::cluster_arrive({file, line});
  simt::cluster_wait({file, line});
}

inline void block_sync(int id, int threads, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  simt::block_barrier(id, threads, simt::Vote::none, 0, "block_sync", {file, line});
}
inline void block_arrive(int id, int threads, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  simt::block_barrier_arrive(id, threads, {file, line});
}

inline void grid_dependency_wait() {}
inline void grid_launch_dependents() {}

}  // namespace topkit::cuda

// NOLINTBEGIN(bugprone-reserved-identifier)
inline void __syncthreads(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  topkit::simt::block_barrier(0, 0, topkit::simt::Vote::none, 0, "__syncthreads", {file, line});
}
inline int __syncthreads_count(int predicate, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  return topkit::simt::block_barrier(0, 0, topkit::simt::Vote::count, predicate, "__syncthreads_count", {file, line});
}
inline int __syncthreads_and(int predicate, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  return topkit::simt::block_barrier(0, 0, topkit::simt::Vote::all, predicate, "__syncthreads_and", {file, line});
}
inline int __syncthreads_or(int predicate, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  return topkit::simt::block_barrier(0, 0, topkit::simt::Vote::any, predicate, "__syncthreads_or", {file, line});
}
inline void __threadfence() {}
inline void __threadfence_block() {}
// NOLINTEND(bugprone-reserved-identifier)
