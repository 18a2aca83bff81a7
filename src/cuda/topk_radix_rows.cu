// Of radix: many rows of up to 32768 columns, each in the registers of one block, best first.
//
// Regime: k of hundreds to 3072, the largest of f32, bf16 or f16, rows of one block.
// Passes over memory: one, and the sample; one more where the bound divides equal keys, several where it misses.
// Limit: instructions and the waits between them: a row takes 12 barriers, a multiprocessor has two.
// Ideas: those of topk_radix.cu.
#include <algorithm>

#include "by_element.hpp"
#include "kernels.hpp"
#include "launch.hpp"
#include "radix_rows.cuh"
#include "radix_shape.hpp"

namespace topkit::cuda {
namespace {

// Where rows are many a smaller sample costs less than the longer list that it leaves, if there is room for that.
template <class E>
RadixSample sample_of_rows(const Problem& p) {
  constexpr float kSmallReach = 200, kDeviations = 4;
  const RadixSample small = RadixSample::of_all<E>(p, kSmallReach, kDeviations);
  if (!small.is_taken()) return small;
  const auto reach = static_cast<double>(small.reach);
  const double sampled = RadixShare<E>::kPerVec * static_cast<double>(small.size());
  const double expected = reach / sampled * static_cast<double>(p.cols);
  return most_listed(expected, reach) <= kRadixCapacity ? small : RadixSample::of_all<E>(p);
}

}  // namespace

void run_radix_rows(const Args& args, const RadixResident& shape, Stream stream) {
  with_element(args.problem, [&]<class E>(const E& element) {
    if constexpr (is_fast_element<E>) {
      constexpr std::int64_t kMostBlocks = 1 << 30;
      RadixArgs<E> all{args, element, shape, sample_of_rows<E>(args.problem), 0};
      for (; all.first_row < args.problem.rows; all.first_row += kMostBlocks)
        launch(radix_rows<E>,
               {.kernel = "radix_rows",
                .grid = static_cast<unsigned>(std::min(kMostBlocks, args.problem.rows - all.first_row)),
                .block = kOrderThreads,
                .shared_bytes = kRadixRowsBytes,
                .stream = stream,
                .pdl = true},
               all);
    }
  });
}

}  // namespace topkit::cuda
