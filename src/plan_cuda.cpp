// The choice on CUDA: which kernel, and the shape of its launch.
#include <algorithm>
#include <tuple>
#include <utility>

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

std::int64_t row_bytes(const Problem& p) { return p.cols * bytes(p.dtype); }

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

// Where putting a whole row into order costs less than finding the few first.
bool sort_pays(const Problem& p, const Device& device, const CudaTuning& t) {
  constexpr std::int64_t kTinyBytes = 256, kTinyK = 16, kShortBytes = 4096;
  const std::int64_t width = bytes(p.dtype);
  if (!info(Algorithm::cuda_sort).can(p)) return false;
  if (width == 8) return p.cols <= 2 * t.sort_cols || 2 * p.k >= p.cols || p.rows <= 4 * std::max(device.sms, 1);
  if (p.k <= t.sort_k) return row_bytes(p) <= kTinyBytes && p.k >= kTinyK;
  if (p.cols <= t.sort_cols || p.k > cuda::kMostRadixK) return true;
  // The 8-bit types' ties cost the others more than sort, which does not see them.
  const std::int64_t ratio = width == 1 ? 2 * t.sort_k_ratio : t.sort_k_ratio;
  const bool is_long = width > 1 && row_bytes(p) > kShortBytes;  // 5/8 of the ratio
  return (is_long ? 5 * p.k * ratio >= 8 * p.cols : p.k * ratio >= p.cols) ||
         (row_bytes(p) <= kShortBytes && !info(Algorithm::cuda_block).can(p));
}

bool keeps_aside(const Problem& p, const cuda::ClusterSpread& spread) {
  return cuda::cluster_keeps_aside(p, spread.blocks, spread.vecs);
}

// Few blocks, or full ones, of which one loads while another one is busy, are done sooner than stream's whatever the number of rows.
bool cluster_pays(const Problem& p, const Device& device, const CudaTuning& t) {
  constexpr int kFull = 12;  // of 16 granules a thread
  const cuda::ClusterSpread spread = cuda::cluster_spread(p, device.sms);
  const bool full = spread.vecs >= kFull && keeps_aside(p, spread);
  const bool streams =
      spread.blocks <= 2 || (full && (spread.blocks <= 4 || p.rows * row_bytes(p) <= 2 * t.cluster_bytes));
  return (is_fast(p) && streams) || cuda::clusters_outrun_stream(p, device.sms, t.cluster_bytes);
}

constexpr std::int64_t kMostRadixShare = 1 << 20;  // bytes of a block: a longer share's sample tells too little

// The kernel for winners best first and why; radix where nothing faster can.
std::pair<Algorithm, std::string_view> pick_sorting(const Problem& p, const Device& device, const CudaTuning& t) {
  const auto can = [&](Algorithm algorithm) { return info(algorithm).can(p); };
  if (sort_pays(p, device, t))
    return {Algorithm::cuda_sort,
            8 * p.k >= p.cols ? "a short row of which many win" : "a short row, which is put into order"};
  if (can(Algorithm::cuda_wide)) return {Algorithm::cuda_wide, "a type of 64 bits"};
  const int radix_blocks = cuda::radix_blocks(p, std::max(device.sms, 1), device.capability >= 90, device.shared_bytes);
  const bool radix_holds = radix_blocks > 0 && row_bytes(p) / radix_blocks <= kMostRadixShare;
  const bool wide =
      p.k > 32 && cuda::block_shape(p).warps > 0;  // a warp orders 32 winners faster than several, not more
  if (p.cols <= t.warp_cols && p.k <= t.warp_k && !wide && can(Algorithm::cuda_warp))
    return {Algorithm::cuda_warp, "the row fits the registers of a warp"};
  constexpr std::int64_t kThousand = 1024;
  // Hundreds of winners; of very many rows only if they are not few of many, where one reading is all that counts.
  if (p.k > cuda::kClusterMostK && radix_holds && (p.cols <= t.radix_cols || p.k > kThousand) &&
      (p.rows < device.sms || p.k >= p.cols * bytes(p.dtype) / 4 / t.radix_k_ratio))
    return {Algorithm::cuda_radix, "hundreds of winners of a row that a block or a cluster reads once"};
  const std::int64_t resident_k = std::min(t.resident_k, p.cols / t.resident_k_ratio);
  const bool many = p.rows >= device.sms;
  const bool clusters = t.cluster_block_bytes > 0 && device.capability >= 90;
  // A block alone on its multiprocessor orders its winners slower than radix does, and so do clusters that fill the device.
  constexpr std::int64_t kFewWinners = 128, kLongRow = 96 << 10, kRowOfFewBlocks = 256 << 10;
  const bool fill = 4 * p.rows > device.sms && (2 * p.rows > device.sms || row_bytes(p) > kRowOfFewBlocks);
  const bool orders_slowly = (p.rows <= device.sms && (can(Algorithm::cuda_block) || fill)) ||
                             (can(Algorithm::cuda_block) && bytes(p.dtype) == 4 && row_bytes(p) > kLongRow);
  if (p.k > kFewWinners && p.k <= resident_k && orders_slowly && radix_holds)
    return {Algorithm::cuda_radix, p.rows <= device.sms ? "hundreds of winners in each of few rows"
                                                        : "hundreds of winners in each of long rows"};
  if (p.k <= resident_k && can(Algorithm::cuda_block) && (many || !clusters || row_bytes(p) <= t.cluster_block_bytes))
    return {Algorithm::cuda_block, "the row fits the registers of a block"};
  if (p.k <= resident_k && can(Algorithm::cuda_cluster) && clusters && cluster_pays(p, device, t))
    return {Algorithm::cuda_cluster, keeps_aside(p, cuda::cluster_spread(p, device.sms))
                                         ? "each row fits the registers and the shared memory of a cluster"
                                         : "each row fits the registers of a cluster"};
  if (p.k <= std::min(t.stream_k, p.cols / t.stream_k_ratio)) {
    if (p.cols >= t.grid_cols && 16 * p.rows <= device.sms && can(Algorithm::cuda_grid))
      return {Algorithm::cuda_grid, "few very long rows: each over the whole device"};
    if (can(Algorithm::cuda_stream)) return {Algorithm::cuda_stream, "one pass behind a sampled bound"};
  }
  if (p.k > cuda::kMostRadixK && can(Algorithm::cuda_partition))
    return {Algorithm::cuda_partition, "thousands of winners: buckets over the whole device"};
  return {Algorithm::cuda_radix, "nothing faster takes this type or this many winners"};
}

// Whether the winners alone, as they lie in the row, cost less than what `sorting` does for them (H200).
bool select_pays(const Problem& p, Algorithm sorting, const Device& device) {
  constexpr std::int64_t kLeastCols = 2048, kBlockBytes = std::int64_t{128} << 10,
                         kClusterBytes = std::int64_t{512} << 10;
  constexpr std::int64_t kRowsOfClusters = 32, kMany = 4, kManyOfLongRows = 8,
                         kManyOf64Bits = 16;  // winners: cols / kMany
  constexpr std::int64_t kWinners = 1 << 18;  // of all rows
  const int sms = std::max(device.sms, 1);
  const bool clusters = device.capability >= 90;
  if (!cuda::select_can_pick(p) || cuda::select_blocks_log(p, sms, clusters) < 0 || p.cols < kLeastCols) return false;
  const bool many_rows = p.rows >= sms;
  switch (sorting) {
    case Algorithm::cuda_sort: return many_rows;
    case Algorithm::cuda_wide: return !many_rows || p.k * kManyOf64Bits >= p.cols;
    case Algorithm::cuda_partition:
      return row_bytes(p) <= kBlockBytes ||
             (row_bytes(p) <= kClusterBytes && p.rows >= kRowsOfClusters && p.k * kManyOfLongRows >= p.cols);
    case Algorithm::cuda_radix:
      if (cuda::radix_blocks(p, sms, clusters, device.shared_bytes) == 0) return true;  // it would read once a digit
      return (many_rows || p.rows * p.k >= kWinners) && row_bytes(p) <= kBlockBytes && p.k * kMany >= p.cols;
    default: return false;
  }
}

// Whether thousands of winners are in order sooner where their places are guessed from the row's histogram (H200).
bool select_sorts(const Problem& p, Algorithm sorting, const Device& device) {
  constexpr std::int64_t kMostK = 16384, kLeastCols = 4096, kManyOfRadix = 4096, kWinners = 1 << 19;
  const int sms = std::max(device.sms, 1);
  if (p.order != Order::value || p.k > kMostK || device.shared_bytes < cuda::kSelectDeviceShared ||
      !cuda::select_can(p) || cuda::select_sort_shape(p, cuda::select_sort_blocks(p, sms), true).cells == 0)
    return false;
  switch (sorting) {
    case Algorithm::cuda_partition: return p.rows > 1;
    case Algorithm::cuda_sort:
      return 2 * p.k <= p.cols && 2 * p.rows >= sms &&
             (p.cols > kLeastCols || (p.cols == kLeastCols && bytes(p.dtype) == 4 && p.rows >= sms));
    case Algorithm::cuda_radix: return p.k >= kManyOfRadix && 4 * p.k >= p.cols && p.rows * p.k >= kWinners;
    default: return false;
  }
}

std::pair<Algorithm, std::string_view> pick(const Problem& p, const Device& device, const CudaTuning& t) {
  const auto sorting = pick_sorting(p, device, t);
  if (select_sorts(p, sorting.first, device))
    return {Algorithm::cuda_select,
            "thousands of winners of a row that shared memory holds: places are guessed from its keys"};
  if (p.order != Order::value && select_pays(p, sorting.first, device))
    return {Algorithm::cuda_select, "winners as they lie in the row, which shared memory holds"};
  return sorting;
}

}  // namespace

Plan choose_cuda(const Problem& problem, const Device& device, const Tuning& tuning, const Wish& wish) {
  if (!wish.isa.empty()) invalid("isa = {}: instruction sets are the CPU's, and x is on CUDA", wish.isa);
  const CudaTuning& row = tuning_of(tuning, device.capability);
  Plan plan;
  if (wish.algorithm.empty()) {
    std::tie(plan.algorithm, plan.why) = pick(problem, device, row);
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
