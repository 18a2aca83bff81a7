// Of radix: many rows of up to 32768 columns, each in the registers of one block or half of one, best first.
//
// Regime: k of hundreds to 3072, the largest of f32, bf16 or f16, rows of one block.
// Passes over memory: one, and the sample; part of one more where the bound divides equal keys, several where it misses.
// Limit: instructions and the waits between them: a row takes ten barriers, a multiprocessor has two rows, of 16-bit types four.
// Ideas: those of topk_radix.cu; merging networks (Batcher 1968).
#include <algorithm>

#include "by_element.hpp"
#include "kernels.hpp"
#include "launch.hpp"
#include "radix_pairs.cuh"
#include "radix_rows.cuh"
#include "radix_rows_run.hpp"
#include "radix_shape.hpp"

namespace topkit::cuda {
namespace {

// How many of a row the lists are to hold, all but one of a thousand rows'.
template <class E>
double listed(const Problem& p, const RadixSample& sample) {
  if (!sample.is_taken()) return 0;
  const auto reach = static_cast<double>(sample.reach);
  const double sampled = RadixShare<E>::kPerVec * static_cast<double>(sample.size());
  return most_listed(reach / sampled * static_cast<double>(p.cols), reach);
}

// Where rows are many a smaller sample costs less than the longer list that it leaves, if there is room for that.
template <class E>
RadixSample sample_of_rows(const Problem& p, std::int64_t capacity, int most_log) {
  constexpr float kSmallReach = 200, kDeviations = 4;
  const RadixSample small = RadixSample::of_all<E>(p, kSmallReach, kDeviations, most_log);
  return listed<E>(p, small) <= static_cast<double>(capacity) ? small
                                                              : RadixSample::of_all<E>(p, kMostReach, 3.5F, most_log);
}

template <class E>
void run_rows(void (*kernel)(RadixArgs<E>), const char* name, int rows_of_block, std::size_t shared_bytes,
              RadixArgs<E> all, Stream stream) {
  constexpr std::int64_t kMostBlocks = 1 << 30;
  const std::int64_t rows = all.args.problem.rows;
  for (; all.first_row < rows; all.first_row += kMostBlocks * rows_of_block)
    launch(kernel,
           {.kernel = name,
            .grid = static_cast<unsigned>(
                std::min(kMostBlocks, (rows - all.first_row + rows_of_block - 1) / rows_of_block)),
            .block = kOrderThreads,
            .shared_bytes = shared_bytes,
            .stream = stream,
            .pdl = true},
           all);
}

void run(const Args& args, const RadixResident& shape, bool pairs, Stream stream) {
  with_element(args.problem, [&]<class E>(const E& element) {
    if constexpr (is_fast_element<E>) {
      if constexpr (sizeof(typename Words<E>::Word) == 4) {
        const RadixSample sample = sample_of_rows<E>(args.problem, kRadixPairCapacity, kOrderThreadsLog - 1);
        if (pairs && listed<E>(args.problem, sample) <= kRadixPairCapacity)
          return run_rows<E>(radix_pairs<E>, "radix_pairs", PairTeam::kRows, kRadixPairBytes,
                             {args, element, shape, sample, 0}, stream);
      }
      run_rows<E>(radix_rows<E>, "radix_rows", 1, kRadixRowsBytes,
                  {args, element, shape, sample_of_rows<E>(args.problem, kRadixCapacity, kOrderThreadsLog), 0}, stream);
    }
  });
}

}  // namespace

void run_radix_rows(const Args& args, const RadixResident& shape, Stream stream) {
  run(args, shape, args.problem.rows >= kPairsFromRows, stream);
}
void run_radix_pairs(const Args& args, const RadixResident& shape, Stream stream) { run(args, shape, true, stream); }

}  // namespace topkit::cuda
