// Of select: thousands of winners best first, by blocks that each hold the whole row and put a part of its winners into order.
//
// Regime: order value, k of thousands, types of 16 and 32 bits, rows that the shared memory of a block holds.
// Passes over memory: one for each block of the row; in shared memory three: a histogram, cells, and winners to their places.
// Launches: one. Cells that are crowded by ties are told apart by positions; those crowded otherwise, by keys that differ in a few bits,
// take more each, and still larger crowds leave it to digits, in any case exactly.
// Limit: instructions.
// Ideas: interpolation of a key's place within the bins of a histogram, as in flashsort (Neubert 1998).
#include "by_element.hpp"
#include "launch.hpp"
#include "radix_out.cuh"
#include "select_guess.cuh"
#include "select_sort.cuh"
#include "select_sorted.hpp"

namespace topkit::cuda {
namespace {

template <class S>
struct SelectSortArgs {
  Args args;
  S element;
  SelectSortShape shape;
  std::int64_t first_row;  // of this launch
};

// What guesses need, and behind these, if they tell too little, what digits do.
union SelectSortedState {
  SelectGuessState guess;
  struct {
    SelectState cut;
    SelectCountState counts;
    SelectSortState sort;
  } exact;
};

template <class S>
struct SelectTaken {
  SelectTaker<S> taker;
  std::uint32_t before;  // winners of the warps before this one
};

// The best k of the row, 0 too. All threads, behind a barrier; ends with one.
template <class S>
__device__ SelectTaken<S> take_best(SelectSortedState& s, const S& element, const SelectShare<S>& share,
                                    std::uint32_t* bins, std::uint32_t k) {
  if (k == 0) return {};
  clear_bins(bins);
  __syncthreads();
  const SelectCut<Key> cut = find_cut(s.exact.cut, element, share, bins, 0, k);
  const SelectCounts own = count_own(element, share, cut);
  const SelectCounts before = count_before(s.exact.counts, own, 0, 0);
  __syncthreads();
  return {SelectTaker<S>(cut, before, own), SelectTaker<S>::before(cut, before)};
}

template <class S>
__global__ void __launch_bounds__(kMostSelectThreads, 1) select_sorted(const __grid_constant__ SelectSortArgs<S> a) {
  SelectSortedState& s = shared<SelectSortedState>();
  const SelectSortShape& shape = a.shape;
  const std::int64_t r = a.first_row + blockIdx.x / shape.blocks;
  const std::uint32_t part = blockIdx.x % shape.blocks;
  char* const memory = dynamic_shared<char>();
  auto* const bins = reinterpret_cast<std::uint32_t*>(memory);
  auto* const counts = reinterpret_cast<std::uint32_t*>(memory + shape.cells_at);
  clear_bins(bins);
#pragma unroll 1
  for (std::uint32_t i = threadIdx.x; i < shape.cells / 4; i += blockDim.x) counts[i] = 0;
  if (threadIdx.x < 2 * kMostTied) s.guess.tied[threadIdx.x / kMostTied][threadIdx.x % kMostTied] = kNoKey;
  if (threadIdx.x < kSelectBins / 32) s.guess.marks[threadIdx.x] = 0;
  if (threadIdx.x == 0) s.guess.crowded = s.guess.unlike = 0;
  __syncthreads();
  grid_dependency_wait();
  const Args::Span span = a.args.span(r);
  const auto k = static_cast<std::uint32_t>(span.count);
  const SelectShare<S> share(Row<S>(a.args, span, r), shape.row, 0,
                             reinterpret_cast<Vec*>(memory + shape.row.share_at));
  if (k != 0) share.copy();
  RowOut<S> out;
  out.set(a.args, span, r);
  for (std::int64_t place = k + part * blockDim.x + threadIdx.x; place < a.args.problem.k;
       place += static_cast<std::int64_t>(blockDim.x) * shape.blocks)
    out.pad(a.args, place);
  const std::uint32_t most = (k + shape.blocks - 1) / shape.blocks;
  const SelectRange range{::min(part * most, k), ::min((part + 1) * most, k)};
  if (range.begin == range.end) return;
  const std::uint32_t count = range.end - range.begin;

  if (shape.cells != 0) {
    const SelectCells<S> cells{bins,
                               counts,
                               reinterpret_cast<std::uint16_t*>(memory + shape.before_at),
                               ::min(k + kSpareCells, shape.cells),
                               ~0U / share.row.count,
                               nullptr};
    count_digits<true>(a.element, share, bins, Key{0}, S::kBits, SelectCells<S>::kShift);
    __syncthreads();
    // Crowds of one key by their positions, others by cells of two places; elements equal to the cut's key too. Keys of 16 bits, which
    // guess by their positions anyway, leave them to digits, of which they have two.
    constexpr bool kAgain = S::kBits == 32;
    const bool heavy = __syncthreads_or(place_bins(s.guess, cells) ? 1 : 0) != 0;
    const bool mixed = kAgain && heavy && crowds_are_mixed(cells, a.element, share);
    std::uint32_t total = 0;
    SelectSuspects suspects;
    auto* const keys = reinterpret_cast<Key*>(memory + shape.pairs_at);
    bool ordered = !mixed && count_cells(s.guess, cells, a.element, share, k, keys, total, suspects), single = true;
    const SelectCells<S, 2> pairs{cells.bins, cells.counts, cells.before, cells.limit, cells.scale, s.guess.marks};
    if constexpr (kAgain) {
#pragma unroll 1
      for (int more = mixed ? 0 : 3; !ordered && more > 0; --more) {
        const bool crowded = s.guess.crowded != 0;
        if (s.guess.unlike == 0) {
          if (crowded && !single) break;
          const Spread spread = spread_tied(s.guess, cells, suspects, keys);
          if (spread == Spread::hopeless || (spread == Spread::none && !crowded)) break;
        }
        clear_cells(s.guess, cells);
        single = false;
        ordered = count_cells(s.guess, pairs, a.element, share, k, keys, total, suspects);
      }
    }
    if (ordered) {
      auto* const guessed = reinterpret_cast<Candidate*>(memory + shape.pairs_at);
      auto* const sorted = reinterpret_cast<Candidate*>(memory + shape.row.share_at);
      const auto place = [&](const auto& own) {
        fill_cells(own, a.element, share, range, guessed);
        __syncthreads();
        rank_cells(own, range, total, guessed, sorted);
      };
      if constexpr (kAgain) {
        if (!single) place(pairs);
      }
      if (single) place(cells);
      __syncthreads();
      grid_launch_dependents();
#pragma unroll 1
      for (std::uint32_t i = threadIdx.x; i < count; i += blockDim.x)
        out.write(a.args, a.element, range.begin + i, sorted[i]);
      return;
    }
  }
  const SelectTaken<S> better = take_best(s, a.element, share, bins, range.begin);
  const SelectTaken<S> all = take_best(s, a.element, share, bins, range.end);
  const auto pairs_at = [&](std::size_t at) {
    auto* const keys = reinterpret_cast<Key*>(memory + at);
    return SelectPairs{keys, keys + shape.most};
  };
  const SelectPairs gathered = pairs_at(shape.pairs_at);
  gather_winners(a.element, share, all.taker, better.taker, all.before - better.before, gathered);
  __syncthreads();
  const SelectPairs sorted = sort_winners(s.exact.sort, reinterpret_cast<std::uint32_t*>(memory + shape.counters_at),
                                          gathered, pairs_at(shape.row.share_at), count);
  grid_launch_dependents();
#pragma unroll 1
  for (std::uint32_t i = threadIdx.x; i < count; i += blockDim.x)
    out.write(a.args, a.element, range.begin + i, candidate(sorted.keys[i], sorted.positions[i]));
}

template <class S>
void run(const Plan& plan, const Args& args, const S& element, Stream stream) {
  const Problem& p = args.problem;
  const bool aligned = reinterpret_cast<std::uintptr_t>(args.x) % 16 == 0 &&
                       p.layout.outer_stride * bytes(p.dtype) % 16 == 0 && !p.has_lengths;
  constexpr std::int64_t kMostBlocks = 1 << 30;
  SelectSortArgs<S> all{args, element, select_sort_shape(p, plan.cluster_blocks, aligned), 0};
  const std::int64_t rows_once = kMostBlocks / plan.cluster_blocks;
  for (; all.first_row < p.rows; all.first_row += rows_once)
    launch(select_sorted<S>,
           LaunchShape{.kernel = "select_sorted",
                       .grid = static_cast<unsigned>(std::min(rows_once, p.rows - all.first_row) * plan.cluster_blocks),
                       .block = static_cast<unsigned>(all.shape.row.threads),
                       .shared_bytes = all.shape.row.shared_bytes,
                       .stream = stream,
                       .pdl = true},
           all);
}

}  // namespace

void run_select_sorted(const Plan& plan, const Args& args, Stream stream) {
  with_element(args.problem, [&]<class E>(const E& element) {
    if constexpr (sizeof(typename E::Raw) > 1) run(plan, args, SelectNarrow<E>{element}, stream);
  });
}

}  // namespace topkit::cuda
