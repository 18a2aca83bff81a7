// The choice on CUDA: the shape of a kernel's launch. Which kernel: plan_cuda_pick.cpp.
#include <algorithm>
#include <tuple>

#include "algorithms.hpp"
#include "cuda/block_shape.hpp"
#include "cuda/cluster_shape.hpp"
#include "cuda/grid_shape.hpp"
#include "cuda/partition_shape.hpp"
#include "cuda/radix_shape.hpp"
#include "cuda/select_sort_shape.hpp"
#include "cuda/sort_shape.hpp"
#include "cuda/warp_shape.hpp"
#include "cuda/wide_shape.hpp"
#include "plan_device.hpp"
#include "status.hpp"

namespace topkit {
namespace {

const CudaTuning& tuning_of(const Tuning& tuning, int capability) {
  const CudaTuning* best = nullptr;
  for (const CudaTuning& row : tuning.cuda)
    if (row.capability <= capability) best = &row;
  if (best == nullptr)
    fail(TK_UNSUPPORTED, "x is on a CUDA device of capability {}.{}: topkit needs 8.0 or newer", capability / 10,
         capability % 10);
  return *best;
}

void shape_block(Plan& plan, const Problem& p, const Device& device) {
  const int warps = cuda::block_shape(p).warps;
  plan.block_threads = warps == 1 ? cuda::alone_threads(p.rows, device.sms) : 32 * warps;
  plan.items_per_thread = 2 * bytes(p.dtype) * cuda::block_masks(p);  // 32 elements a mask
}

void shape_cluster(Plan& plan, const Problem& p, const Device& device) {
  const cuda::ClusterSpread spread = cuda::cluster_spread(p, device.sms);
  plan.cluster_blocks = spread.blocks;
  plan.items_per_thread = spread.vecs;
  plan.block_threads = cuda::kClusterThreads;
}

void shape_stream(Plan& plan, const Problem& p, const Device& device, bool clusters) {
  // 1024 threads a multiprocessor: as many rows at once as fill it.
  const std::int64_t slots = 2LL * std::max(device.sms, 1);
  plan.block_threads = 512;
  if (!clusters || p.rows <= 0) return;
  while (plan.cluster_blocks < 8 && 2 * plan.cluster_blocks * p.rows <= slots) plan.cluster_blocks *= 2;
}

void shape_grid(Plan& plan, const Problem& p, const Device& device, bool clusters) {
  if (const cuda::GridParts resident = cuda::grid_parts(p, device.sms, clusters); resident.parts > 0) {
    plan.block_threads = cuda::kClusterThreads;
    plan.cluster_blocks = 1 << cuda::kLogGridCluster;
    plan.row_parts = resident.parts;
    plan.items_per_thread = resident.vecs;
    plan.launches = 2;
    plan.workspace_bytes = resident.workspace_bytes;
    return;
  }
  const cuda::GridShape shape = cuda::grid_shape(p, cuda::grid_sample_blocks(p, clusters));
  plan.block_threads = cuda::kGridThreads;
  plan.cluster_blocks = shape.sample_blocks;
  plan.row_parts = static_cast<int>(shape.chunks);
  plan.launches = 3;
  plan.workspace_bytes = shape.workspace_bytes;
}

void shape_radix(Plan& plan, const Problem& p, const Device& device, bool clusters) {
  const int blocks = cuda::radix_blocks(p, std::max(device.sms, 1), clusters, device.shared_bytes);
  if (blocks > 0) {
    // Two blocks a multiprocessor where there are rows for them: one's row arrives while the other's is put into order.
    const std::int64_t sms = std::max(device.sms, 1), all = p.rows * blocks;
    plan.cluster_blocks = blocks;
    plan.block_threads = static_cast<int>(cuda::kRadixBlockThreads);
    plan.items_per_thread = cuda::radix_resident_shape(p, blocks, device.shared_bytes, all <= sms).depth;
  } else {
    plan.workspace_bytes = cuda::radix_shape(p).workspace_bytes;
  }
}

void shape_partition(Plan& plan, const Problem& p, const Device& device) {
  const cuda::PartitionShape shape = cuda::partition_shape(p, cuda::partition_sample_vecs(device.shared_bytes));
  plan.block_threads = cuda::kPartitionThreads;
  plan.items_per_thread = shape.sample_vecs;
  plan.row_parts = static_cast<int>(shape.chunks);
  plan.launches = cuda::partition_launches(p, shape);
  plan.workspace_bytes = shape.workspace_bytes;
}

void shape_sort(Plan& plan, const Problem& p) {
  const cuda::SortShape shape = cuda::sort_shape(p);
  plan.block_threads = shape.room.threads * shape.rows;
  plan.items_per_thread = cuda::kSortItems;
}

void shape_wide(Plan& plan, const Problem& p) {
  const cuda::WideShape shape = cuda::wide_shape(p);
  plan.block_threads = shape.threads;
  plan.items_per_thread = cuda::kSortItems;
  plan.row_parts = static_cast<int>(shape.chunks);
  plan.launches = cuda::wide_launches(p, shape);
  plan.workspace_bytes = shape.workspace_bytes;
}

void shape_select(Plan& plan, const Problem& p, const Device& device) {
  if (p.order == Order::value) {
    plan.cluster_blocks = cuda::select_sort_blocks(p, std::max(device.sms, 1));
    if (device.shared_bytes < cuda::kSelectDeviceShared)
      fail(TK_UNSUPPORTED,
           "algorithm = select: order value needs {} bytes of shared memory a block, and the device has {}",
           cuda::kSelectDeviceShared, device.shared_bytes);
    const cuda::SelectSortShape shape = cuda::select_sort_shape(p, plan.cluster_blocks, false);
    plan.block_threads = shape.row.threads;
    plan.items_per_thread = static_cast<int>(shape.row.vecs) * 16 / bytes(p.dtype);
    return;
  }
  const int log = cuda::select_blocks_log(p, std::max(device.sms, 1), device.capability >= 90);
  if (log < 0)
    fail(TK_UNSUPPORTED,
         "algorithm = select: a row of {} bytes needs capability 9.0, above {}, and the device has {}.{}", row_bytes(p),
         cuda::kMostSelectShare, device.capability / 10, device.capability % 10);
  const cuda::SelectShape shape = cuda::select_shape(p, log, false);
  plan.cluster_blocks = 1 << log;
  plan.block_threads = shape.threads;
  plan.items_per_thread = static_cast<int>(shape.vecs) * 16 / bytes(p.dtype);
}

void shape(Plan& plan, const Problem& p, const Device& device) {
  const bool clusters = device.capability >= 90;
  plan.launches = 1;
  switch (plan.algorithm) {
    case Algorithm::cuda_block: return shape_block(plan, p, device);
    case Algorithm::cuda_warp: plan.block_threads = cuda::alone_threads(p.rows, device.sms); return;
    case Algorithm::cuda_cluster: return shape_cluster(plan, p, device);
    case Algorithm::cuda_stream: return shape_stream(plan, p, device, clusters);
    case Algorithm::cuda_grid: return shape_grid(plan, p, device, clusters);
    case Algorithm::cuda_partition: return shape_partition(plan, p, device);
    case Algorithm::cuda_radix: return shape_radix(plan, p, device, clusters);
    case Algorithm::cuda_sort: return shape_sort(plan, p);
    case Algorithm::cuda_wide: return shape_wide(plan, p);
    case Algorithm::cuda_select: return shape_select(plan, p, device);
    default: return;
  }
}

}  // namespace

Plan choose_cuda(const Problem& problem, const Device& device, const Tuning& tuning, const Wish& wish) {
  if (!wish.isa.empty()) invalid("isa = {}: instruction sets are the CPU's, and x is on CUDA", wish.isa);
  const CudaTuning& row = tuning_of(tuning, device.capability);
  Plan plan;
  if (wish.algorithm.empty()) {
    std::tie(plan.algorithm, plan.why) = pick_cuda(problem, device, row);
  } else {
    plan.algorithm = wished_algorithm(problem, wish);
    plan.why = "the caller forced it";
    if (plan.algorithm == Algorithm::cuda_cluster && device.capability < 90)
      fail(TK_UNSUPPORTED, "algorithm = cluster: needs capability 9.0, the device has {}.{}", device.capability / 10,
           device.capability % 10);
  }
  shape(plan, problem, device);
  return plan;
}

}  // namespace topkit
