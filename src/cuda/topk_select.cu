// Select: the winners alone, as they lie in the row, for order index and any; best first: topk_select_sorted.cu.
//
// Regime: order index and any, k of hundreds and more, any type, rows that the shared memory of a block or a cluster of blocks holds.
// Passes over memory: one; in shared memory one a digit of 11 bits until the last winner's bin is wanted whole, and two to write.
// Launches: one, a cluster a row. No data makes it wrong: digits are of the ordered key itself, counts are exact, and of equal keys
// the first are taken by position.
// Limit: few rows: latency, of two or three histograms; many rows: instructions.
// Ideas: Alabi et al., "Fast k-selection algorithms for graphics processing units" (2012).
#include "../dtype.hpp"
#include "by_element.hpp"
#include "kernels.hpp"
#include "launch.hpp"
#include "select_cut.cuh"
#include "select_element.cuh"
#include "select_shape.hpp"
#include "select_share.cuh"
#include "select_sorted.hpp"
#include "select_write.cuh"

namespace topkit::cuda {
namespace {

template <class S>
struct SelectArgs {
  Args args;
  S element;
  SelectShape shape;
  std::int64_t first_row;  // of this launch
  bool plain;              // values and indices are wanted, and columns count from 0
};

struct SelectBlockState {
  SelectState cut;
  SelectCountState counts;
};

template <class S>
__global__ void __launch_bounds__(kMostSelectThreads, 1) select_row(const __grid_constant__ SelectArgs<S> a) {
  SelectBlockState& s = shared<SelectBlockState>();
  const int blocks_log = a.shape.blocks_log;
  const unsigned rank = blocks_log == 0 ? 0 : cluster_rank();
  auto* const bins = dynamic_shared<std::uint32_t>();
  auto* const granules = reinterpret_cast<Vec*>(dynamic_shared<char>() + a.shape.share_at);
  clear_bins(bins);
  __syncthreads();
  grid_dependency_wait();
  const std::int64_t r = a.first_row + (blockIdx.x >> blocks_log);
  const Args::Span span = a.args.span(r);
  const SelectShare<S> share(Row<S>(a.args, span, r), a.shape, rank, granules);
  const auto k = static_cast<std::uint32_t>(span.count);
  if (k != 0) share.copy();
  RowOut<S> out;
  out.set(a.args, span, r);
  for (std::int64_t place = k + rank * blockDim.x + threadIdx.x; place < a.args.problem.k;
       place += static_cast<std::int64_t>(blockDim.x) << blocks_log)
    out.pad(a.args, place);
  if (k != 0) {
    const SelectCut<typename S::Key> cut = find_cut(s.cut, a.element, share, bins, blocks_log, k);
    const SelectCounts own = count_own(a.element, share, cut);
    const SelectCounts before = count_before(s.counts, own, blocks_log, rank);
    using Raw = typename S::Raw;
    if (a.plain) {
      const bool wide = a.args.problem.index_type == IndexType::i64;
      write_winners(a.element, share, cut, before, own, [&](std::uint32_t place, Raw raw, std::uint32_t position) {
        out.values[place] = raw;
        if (wide) {
          static_cast<std::int64_t*>(out.indices)[place] = position;
        } else {
          static_cast<std::uint32_t*>(out.indices)[place] = position;
        }
      });
    } else {
      write_winners(a.element, share, cut, before, own, [&](std::uint32_t place, Raw raw, std::uint32_t position) {
        out.write(a.args, place, raw, position);
      });
    }
  }
  grid_launch_dependents();
}

template <class S>
void run(const Plan& plan, const Args& args, const S& element, Stream stream) {
  const Problem& p = args.problem;
  int blocks_log = 0;
  while (1 << blocks_log < plan.cluster_blocks) ++blocks_log;
  const bool aligned = reinterpret_cast<std::uintptr_t>(args.x) % 16 == 0 &&
                       p.layout.outer_stride * bytes(p.dtype) % 16 == 0 && !p.has_lengths;
  constexpr std::int64_t kMostBlocks = 1 << 30;
  SelectArgs<S> all{args, element, select_shape(p, blocks_log, aligned), 0,
                    args.values != nullptr && args.indices != nullptr && args.ids == nullptr && !p.has_lengths};
  for (; all.first_row < p.rows; all.first_row += kMostBlocks >> blocks_log) {
    const std::int64_t rows = std::min(kMostBlocks >> blocks_log, p.rows - all.first_row);
    launch(select_row<S>,
           LaunchShape{.kernel = "select_row",
                       .grid = static_cast<unsigned>(rows << blocks_log),
                       .block = static_cast<unsigned>(all.shape.threads),
                       .cluster = 1U << blocks_log,
                       .shared_bytes = all.shape.shared_bytes,
                       .stream = stream,
                       .pdl = true},
           all);
  }
}

}  // namespace

void run_select(const Plan& plan, const Args& args, void* /*workspace*/, Stream stream) {
  const Problem& p = args.problem;
  if (p.order == Order::value) return run_select_sorted(plan, args, stream);
  if (bytes(p.dtype) == 8)
    return run(plan, args, SelectWide{key_map<std::uint64_t>(info(p.dtype), p.largest, p.nan)}, stream);
  with_element(p, [&]<class E>(const E& element) { run(plan, args, SelectNarrow<E>{element}, stream); });
}

}  // namespace topkit::cuda
