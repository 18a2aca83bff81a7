// Which kernel a problem on CUDA gets, and why: what was measured to be the quickest (H200, 950 shapes by every algorithm).
#include <algorithm>

#include "algorithms.hpp"
#include "cuda/block_shape.hpp"
#include "cuda/cluster_shape.hpp"
#include "cuda/radix_shape.hpp"
#include "cuda/select_sort_shape.hpp"
#include "cuda/warp_granules_shape.hpp"
#include "cuda/warp_rows_shape.hpp"
#include "plan_device.hpp"

namespace topkit {
namespace {

constexpr std::int64_t kFewWinners = 128;                     // a block puts so many into order at once
constexpr std::int64_t kBlockBytes = 128 << 10;               // a row of a block, about
constexpr std::int64_t kVeryLongRow = std::int64_t{3} << 20;  // bytes

// Rows so few that each is done at once: what counts is how long one takes.
bool are_few(const Problem& p, const Device& device) { return p.rows <= 2LL * std::max(device.sms, 1); }

// Where putting a whole row into order costs less than finding the few first.
bool sort_pays(const Problem& p, const Device& device, const CudaTuning& t) {
  constexpr std::int64_t kTinyBytes = 256, kTinyK = 16, kShortBytes = 4096, kBlockSortsCols = 1024;
  const std::int64_t width = bytes(p.dtype), sms = std::max(device.sms, 1);
  if (!info(Algorithm::cuda_sort).can(p)) return false;
  if (width == 8) return p.cols <= 2 * t.sort_cols || 8 * p.k >= p.cols || p.rows <= 4 * sms;
  const bool is_tiny = row_bytes(p) <= kTinyBytes && p.k >= kTinyK && (width < 4 || p.rows > 8 * sms);
  if (p.k <= t.sort_k) return is_tiny;
  if (p.k > cuda::kMostRadixK) return true;
  // Keys of 32 bits take twice the time of 16 here, and a few rows of them nearly none elsewhere.
  if (are_few(p, device) && device.capability >= 90 &&
      (width == 4 || (width == 2 && 16 * row_bytes(p) >= 15 * kShortBytes)))
    return false;
  if (p.cols <= t.sort_cols) return true;
  if (width == 4 && p.k > kFewWinners && p.cols <= kBlockSortsCols) return true;
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

// Bytes of a block: a longer share's sample tells too little, the more so the more win.
constexpr std::int64_t most_radix_share(std::int64_t k) {
  constexpr std::int64_t kHundreds = 512;
  return k <= kFewWinners ? 2 << 20 : k <= kHundreds ? 5 << 18 : 1 << 20;
}

bool radix_holds(const Problem& p, const Device& device) {
  const int blocks = cuda::radix_blocks(p, std::max(device.sms, 1), device.capability >= 90, device.shared_bytes);
  return blocks > 0 && row_bytes(p) / blocks <= most_radix_share(p.k);
}

// Winners as they lie in the row take radix twice the time, and of rows that end anywhere the others read no more than there is.
bool radix_is_quick(const Problem& p) { return p.order != Order::index && !p.has_lengths; }

// Rows that a warp or a block holds too: of a few of them a cluster takes less time, and for the best of each.
bool cluster_is_quicker(const Problem& p, const Device& device, const CudaTuning& t) {
  constexpr std::int64_t kFewOf = 5, kWinners = 1024, kLongRow = 16 << 10, kBlockCols = 128, kShortCols = 256;
  if (!info(Algorithm::cuda_cluster).can(p)) return false;
  if (p.k == 1) return p.rows <= device.sms;
  if (p.k <= t.sort_k && p.cols <= t.warp_cols) return false;
  const bool few = kFewOf * p.rows <= device.sms;
  if (row_bytes(p) > kBlockBytes) return false;
  if (p.k > kFewWinners) return few && row_bytes(p) >= kLongRow;
  const bool short_rows = p.cols > kBlockCols && p.cols <= kShortCols && 2 * p.rows <= device.sms;
  return (few && p.rows * p.k <= kWinners && (is_fast(p) || p.cols <= t.sort_cols)) || short_rows;
}

// Rows that a block holds: it puts more than a hundred winners into order slowly, and reads a long row slowly where two of
// its kind share a multiprocessor.
bool radix_outruns_block(const Problem& p, const Device& device) {
  constexpr std::int64_t kLongRow = 96 << 10, kRatherLongRow = 48 << 10, kWinners = 64, kFewest = 16, kShortCols = 1024,
                         kMiddleCols = 8192;
  const std::int64_t sms = std::max(device.sms, 1);
  const bool of_32_bits = bytes(p.dtype) == 4;
  if (!info(Algorithm::cuda_block).can(p)) return false;
  const bool quick = radix_is_quick(p);
  if (p.k <= kFewWinners)
    return quick && of_32_bits &&
           (p.rows > sms ? p.k > kFewest && row_bytes(p) > kLongRow
                         : p.k > kWinners && p.rows < sms && 3 * p.rows > 2 * sms && p.cols <= kMiddleCols);
  const std::int64_t rounds = !of_32_bits || !quick ? 2 : p.cols > kShortCols ? 8 : 4;
  return p.rows <= rounds * sms || (quick && of_32_bits && row_bytes(p) >= kRatherLongRow);
}

double square(double x) { return x * x; }

// Share of its last round, two blocks a multiprocessor or one, that radix fills.
double radix_fills(const Problem& p, const Device& device) {
  const int sms = std::max(device.sms, 1);
  const std::int64_t blocks = p.rows * cuda::radix_blocks(p, sms, device.capability >= 90, device.shared_bytes);
  const std::int64_t round = blocks <= sms ? sms : 2LL * sms, rounds = (blocks + round - 1) / round;
  return static_cast<double>(blocks) / static_cast<double>(std::max<std::int64_t>(rounds * round, 1));
}

// Rows that no block holds: clusters are sooner where they take all rows at once, and where they are full, winners few, or radix's last
// round idles.
bool cluster_outruns_radix(const Problem& p, const Device& device) {
  constexpr std::int64_t kHandful = 32, kDozens = 64;
  const int sms = std::max(device.sms, 1);
  if (p.k == 1) return true;
  const cuda::ClusterSpread spread = cuda::cluster_spread(p, sms);
  const bool at_once = cuda::cluster_waves(p, spread, sms) == 1;
  if (p.k > kFewWinners) return at_once && 2 * p.rows <= sms;
  if (at_once || (spread.blocks == cuda::kMaxCluster && bytes(p.dtype) == 2 && p.rows <= kHandful)) return true;
  if (spread.blocks == cuda::kOddCluster || spread.blocks == cuda::kMaxCluster) return false;
  const bool aside = keeps_aside(p, spread), half = 2 * p.rows <= sms;
  if (bytes(p.dtype) == 2 && half && spread.blocks <= 4 && p.k <= kDozens) return true;
  if (!aside && spread.blocks == 8 && 4 * p.rows > 3 * sms) return false;
  // Of k times the shares that are full, squared: fitted to 1 k to 512 rows of 32000 to 262144 columns (H200).
  const double full = static_cast<double>(spread.vecs) / cuda::cluster_most_vecs(p);
  return static_cast<double>(p.k) * square(radix_fills(p, device)) <= (aside ? 46 : 30) * square(full);
}

// Not of rows so long that their lists are too short, nor where many winners of rather long ones take several rounds.
bool radix_outruns_stream(const Problem& p, const Device& device) {
  constexpr std::int64_t kLongRow = 768 << 10, kManyWinners = 512;
  const std::int64_t sms = std::max(device.sms, 1);
  const int blocks = cuda::radix_blocks(p, static_cast<int>(sms), device.capability >= 90, device.shared_bytes);
  if (row_bytes(p) >= kVeryLongRow) return false;
  return p.k <= kManyWinners || row_bytes(p) <= kLongRow || p.rows * blocks <= 2 * sms;
}

// The kernel for winners best first and why; radix where nothing faster can.
std::pair<Algorithm, std::string_view> pick_sorting(const Problem& p, const Device& device, const CudaTuning& t) {
  const auto can = [&](Algorithm algorithm) { return info(algorithm).can(p); };
  constexpr std::int64_t kThousand = 1024, kWideRadixCols = 8192, kShortCols = 256, kLongBlockRow = 96 << 10;
  if (p.k > cuda::kWarpRowsMostK && !p.has_lengths && !p.has_row_k && cuda::warp_granules_pay(p) &&
      can(Algorithm::cuda_warp))
    return {Algorithm::cuda_warp, "very many short rows: a thread each"};
  if (sort_pays(p, device, t))
    return {Algorithm::cuda_sort,
            8 * p.k >= p.cols ? "a short row of which many win" : "a short row, which is put into order"};
  if (can(Algorithm::cuda_wide)) {
    if (p.cols <= kWideRadixCols && are_few(p, device))
      return {Algorithm::cuda_radix, "a few rows of a type of 64 bits, read from the cache once a digit"};
    return {Algorithm::cuda_wide, "a type of 64 bits"};
  }
  const bool radix = radix_holds(p, device), clusters = t.cluster_block_bytes > 0 && device.capability >= 90;
  const bool quick = clusters && radix && radix_is_quick(p);
  const bool many = (bytes(p.dtype) == 4 && row_bytes(p) > kLongBlockRow ? 5 : 3) * p.rows >= 2 * device.sms;

  if (clusters && cluster_is_quicker(p, device, t))
    return {Algorithm::cuda_cluster,
            p.k == 1 ? "the best of each of a few rows" : "a few rows, each by several blocks"};
  const bool wide =
      p.k > 32 && cuda::block_shape(p).warps > 0;  // a warp orders 32 winners faster than several, not more
  if (p.cols <= t.warp_cols && p.k <= t.warp_k && !wide && can(Algorithm::cuda_warp))
    return {Algorithm::cuda_warp, "the row fits the registers of a warp"};
  const std::int64_t resident_k = std::min(t.resident_k, p.cols / t.resident_k_ratio);
  const bool streams = p.k <= std::min(t.stream_k, p.cols / t.stream_k_ratio) && can(Algorithm::cuda_stream);
  // A few short rows, which sort would take otherwise.
  if (p.k > resident_k && p.cols <= kShortCols && can(Algorithm::cuda_block))
    return {Algorithm::cuda_block, "the row fits the registers of a block"};
  const bool many_win = p.cols <= t.sort_cols || p.cols <= t.sort_k_ratio * p.k;
  if (clusters && p.k > t.sort_k && many_win && are_few(p, device) && radix)
    return {Algorithm::cuda_radix, "a few short rows of which many win"};
  // Hundreds of winners; of very many rows only if they are not few of many, where one reading is all that counts.
  if (p.k > cuda::kClusterMostK && radix && (!streams || radix_outruns_stream(p, device)) &&
      (p.cols <= t.radix_cols || p.k > kThousand) &&
      (p.rows < device.sms || p.k >= p.cols * bytes(p.dtype) / 4 / t.radix_k_ratio))
    return {Algorithm::cuda_radix, "hundreds of winners of a row that a block or a cluster reads once"};
  if (p.k <= resident_k) {
    if (radix && radix_outruns_block(p, device))
      return {Algorithm::cuda_radix, "dozens to hundreds of winners, which a block orders later"};
    if (can(Algorithm::cuda_block) && (many || !clusters || row_bytes(p) <= t.cluster_block_bytes))
      return {Algorithm::cuda_block, "the row fits the registers of a block"};
    if (clusters && can(Algorithm::cuda_cluster) &&
        (quick ? cluster_outruns_radix(p, device) : cluster_pays(p, device, t)))
      return {Algorithm::cuda_cluster, keeps_aside(p, cuda::cluster_spread(p, device.sms))
                                           ? "each row fits the registers and the shared memory of a cluster"
                                           : "each row fits the registers of a cluster"};
  }
  if (p.k <= std::min(t.stream_k, p.cols / t.stream_k_ratio)) {
    const bool few_long = 16 * p.rows <= device.sms || (4 * p.rows <= device.sms && row_bytes(p) >= kVeryLongRow);
    if (p.cols >= t.grid_cols && few_long && can(Algorithm::cuda_grid))
      return {Algorithm::cuda_grid, "few very long rows: each over the whole device"};
    if (quick && radix_outruns_stream(p, device))
      return {Algorithm::cuda_radix, "rows that a block or a cluster reads once behind a sampled bound"};
    if (can(Algorithm::cuda_stream)) return {Algorithm::cuda_stream, "one pass behind a sampled bound"};
  }
  if (p.k > cuda::kMostRadixK && can(Algorithm::cuda_partition))
    return {Algorithm::cuda_partition, "thousands of winners: buckets over the whole device"};
  return {Algorithm::cuda_radix, "nothing faster takes this type or this many winners"};
}

// Whether the winners alone, as they lie in the row, cost less than what `sorting` does for them (H200).
bool select_pays(const Problem& p, Algorithm sorting, const Device& device) {
  constexpr std::int64_t kLeastCols = 2048, kClusterBytes = std::int64_t{512} << 10;
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

}  // namespace

std::pair<Algorithm, std::string_view> pick_cuda(const Problem& p, const Device& device, const CudaTuning& t) {
  const auto sorting = pick_sorting(p, device, t);
  if (select_sorts(p, sorting.first, device))
    return {Algorithm::cuda_select,
            "thousands of winners of a row that shared memory holds: places are guessed from its keys"};
  if (p.order != Order::value && select_pays(p, sorting.first, device))
    return {Algorithm::cuda_select, "winners as they lie in the row, which shared memory holds"};
  return sorting;
}

}  // namespace topkit
