// Radix: every row length, every k, every type, any distribution. The kernels that never say no.
//
// Regime: k of hundreds to 8192, any row length, types of 16 and 32 bits: radix_resident.cuh, by one block or a cluster of
// blocks a row; of one block a row the largest of floats, best first, are topk_radix_rows.cu's. What these leave (types of 8 and
// 64 bits, more winners): radix_block below, one block a row.
// Passes over memory: one, and the sample; one a digit and two more where the sample's bound misses. radix_block: one when
// the row's keys fit shared memory, else one a digit (at most 3 for 32 bits, 6 for 64) and one to write the winners; stops
// early when a bin of the histogram is wanted whole.
// Limit: few rows: latency, of a sample, a hop and ten barriers; many rows: instructions, most of them of the ranks.
// Ideas: sample sort (Frazer and McKellar, 1970) for the winners of a cluster; Alabi et al., "Fast k-selection algorithms
// for graphics processing units" (2012); stable LSD radix sort after a selection in index order gives the tie rule for
// nothing.
#include "../dtype.hpp"
#include "../key.hpp"
#include "by_element.hpp"
#include "kernels.hpp"
#include "launch.hpp"
#include "places.cuh"
#include "radix_resident.cuh"
#include "radix_rows_run.hpp"
#include "radix_select.cuh"
#include "radix_shape.hpp"
#include "radix_sort.cuh"

namespace topkit::cuda {
namespace {

struct RadixShared {
  SelectShared select;
  SortShared sort;
};

// Winners of a row that do not fit shared memory are sorted here: two buffers of keys, two of indices.
template <class U>
struct SortSpace {
  U *keys = nullptr, *other_keys = nullptr;
  std::uint32_t *indices = nullptr, *other_indices = nullptr;

  // None: winners fit shared memory, or are not put into order.
  __device__ SortSpace(void* workspace, std::int64_t k) {
    if (workspace == nullptr) return;
    char* const at = static_cast<char*>(workspace) + blockIdx.x * sort_space_bytes(sizeof(U), k);
    keys = reinterpret_cast<U*>(at);
    other_keys = keys + k;
    indices = reinterpret_cast<std::uint32_t*>(at + sort_keys_bytes(sizeof(U), k));
    other_indices = indices + k;
  }
};

template <class T>
__device__ void swap(T*& a, T*& b) {
  T* const c = a;
  a = b;
  b = c;
}

template <class U>
__global__ void __launch_bounds__(kRadixThreads)
    radix_block(const __grid_constant__ Args args, const KeyMap<U> map, const RadixShape shape, void* workspace) {
  RadixShared& s = shared<RadixShared>();
  const Problem& p = args.problem;
  // Dynamic shared memory: the row's keys if cached, then the pairs to sort.
  U* const cached = dynamic_shared<U>();
  U* const pair_keys = cached + (shape.caches ? p.cols : 0);
  auto* const pair_indices = reinterpret_cast<std::uint32_t*>(dynamic_shared<char>() + shape.indices_at);

  for (std::int64_t row = blockIdx.x; row < p.rows; row += gridDim.x) {
    const Args::Span span = args.span(row);
    const Places<U> places(args, row);
    const U* const x = static_cast<const U*>(args.x) + p.layout.row(row) + span.begin * p.layout.col_stride;
    const auto n = static_cast<std::uint32_t>(span.end - span.begin);
    const auto k = static_cast<std::uint32_t>(span.count);
    for (std::int64_t i = k + threadIdx.x; i < p.k; i += kRadixThreads) places.pad(i);
    if (k == 0) continue;

    const SortSpace<U> space(workspace, shape.most_winners);
    if (shape.caches) {
      for (std::uint32_t i = threadIdx.x; i < n; i += kRadixThreads) cached[i] = map(x[i * p.layout.col_stride]);
      __syncthreads();
    }
    const auto key_at = [&](std::uint32_t i) { return shape.caches ? cached[i] : map(x[i * p.layout.col_stride]); };
    const auto write = [&](std::uint32_t place, std::uint32_t i, U key) {
      const U raw = map.lossy(key) ? x[i * p.layout.col_stride] : map.raw(key);
      places.write(place, span.begin + i, raw);
    };
    const Cut<U> cut = radix_cut<U>(s.select, n, k, key_at);
    emit_winners<U>(s.select, n, cut, key_at, [&](std::uint32_t place, std::uint32_t i, U key) {
      if (p.order != Order::value) {
        write(place, i, key);
      } else if (shape.pairs > 0) {
        pair_keys[place] = key;
        pair_indices[place] = i;
      } else {
        space.keys[place] = key;
        space.indices[place] = i;
      }
    });
    if (p.order == Order::value && shape.pairs > 0) {
      std::uint32_t size = 1;
      while (size < k) size *= 2;
      for (std::uint32_t i = k + threadIdx.x; i < size; i += kRadixThreads) {
        pair_keys[i] = 0;
        pair_indices[i] = ~0U - i;  // unique, behind every winner
      }
      __syncthreads();
      sort_pairs(pair_keys, pair_indices, size);
      for (std::uint32_t i = threadIdx.x; i < k; i += kRadixThreads) write(i, pair_indices[i], pair_keys[i]);
    } else if (p.order == Order::value) {
      __syncthreads();
      U *keys = space.keys, *keys_to = space.other_keys;
      std::uint32_t *indices = space.indices, *indices_to = space.other_indices;
      for (int shift = 0; shift < static_cast<int>(sizeof(U)) * 8; shift += kSortBits) {
        sort_pass(s.sort, keys, indices, keys_to, indices_to, k, shift);
        swap(keys, keys_to);
        swap(indices, indices_to);
      }
      for (std::uint32_t i = threadIdx.x; i < k; i += kRadixThreads) write(i, indices[i], keys[i]);
    }
    __syncthreads();
  }
}

template <class U>
void run_width(const Args& args, void* workspace, Stream stream) {
  const Problem& p = args.problem;
  const RadixShape shape = radix_shape(p);
  launch(radix_block<U>,
         {.kernel = "radix_block",
          .grid = static_cast<unsigned>(shape.blocks),
          .block = kRadixThreads,
          .shared_bytes = shape.shared_bytes,
          .stream = stream},
         args, key_map<U>(info(p.dtype), p.largest, p.nan), shape, workspace);
}

void run_resident(const Plan& plan, const Args& args, Stream stream) {
  constexpr std::int64_t kAnySize = 1 << 20;
  RadixResident shape = radix_resident_shape(args.problem, plan.cluster_blocks, kAnySize);
  if (shape.blocks == 0) throw LaunchError("radix: the plan's cluster does not hold the row");
  set_depth(shape, plan.items_per_thread);
  with_element(args.problem, [&]<class E>(const E& element) {
    if constexpr (is_fast_element<E>)
      if (shape.blocks == 1 && radix_rows_hold(args.problem))
        return plan.rows_per_task > 1 ? run_radix_pairs(args, shape, stream) : run_radix_rows(args, shape, stream);
    if constexpr (sizeof(typename E::Raw) > 1) {
      constexpr std::int64_t kMostBlocks = 1 << 30;
      const std::int64_t most_rows = kMostBlocks >> shape.blocks_log;
      RadixArgs<E> all{args, element, shape, RadixSample::of_all<E>(args.problem), 0};
      if (!args.problem.has_lengths && !args.problem.has_row_k)
        all.share = all.sample.template share_of<E>(args.problem, shape.blocks_log);
      for (; all.first_row < args.problem.rows; all.first_row += most_rows) {
        const std::int64_t rows = std::min(most_rows, args.problem.rows - all.first_row);
        launch(args.problem.order == Order::any ? radix_resident<E, true> : radix_resident<E, false>,
               LaunchShape{.kernel = "radix_resident",
                           .grid = static_cast<unsigned>(rows << shape.blocks_log),
                           .block = kOrderThreads,
                           .cluster = static_cast<unsigned>(shape.blocks),
                           .shared_bytes = shape.shared_bytes,
                           .stream = stream,
                           .pdl = true},
               all);
      }
    }
  });
}

}  // namespace

void run_radix(const Plan& plan, const Args& args, void* workspace, Stream stream) {
  if (plan.items_per_thread > 0) return run_resident(plan, args, stream);
  switch (bytes(args.problem.dtype)) {
    case 1: return run_width<std::uint8_t>(args, workspace, stream);
    case 2: return run_width<std::uint16_t>(args, workspace, stream);
    case 4: return run_width<std::uint32_t>(args, workspace, stream);
    default: return run_width<std::uint64_t>(args, workspace, stream);
  }
}

}  // namespace topkit::cuda
