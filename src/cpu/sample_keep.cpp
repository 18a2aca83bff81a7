#include "sample_keep.hpp"

#include <algorithm>
#include <numeric>

#include "sample_nucleus.hpp"

namespace topkit::cpu {
namespace {

std::uint64_t sum(const std::uint64_t* weights, std::uint32_t count) {
  return std::accumulate(weights, weights + count, std::uint64_t{0});
}

// What of the row min-p keeps, by the weights that the filters see.
Prefix by_min_p(const SampleRow& row) {
  return {.weighing = row.weighing(row.rules.c_filter), .least_y = row.rules.least_y};
}

Kept first_of_list(const SampleRow& row, std::uint32_t count) {
  Kept kept{.any = true, .listed = true, .count = count, .prefix = by_min_p(row)};
  kept.prefix.z = row.z[count - 1];
  kept.prefix.id = row.ids[count - 1];
  return kept;
}

// Top-p over the list and, where that does not reach the limit, over the row. `able`: how many of the list min-p keeps;
// `ends`: no token behind them is kept.
Kept by_top_p(const SampleRow& row, std::uint32_t able, bool ends, const NucleusScratch& scratch) {
  const Weighing weighing = row.weighing(row.rules.c_filter);
  const Prefix all{.weighing = weighing};
  row.lists->weights(row.z, row.listed, weighing, row.weights);
  std::uint64_t mass = 0;
  if (row.top_p_of == TopPOf::all || (row.top_p_of == TopPOf::top_k && !row.whole))
    mass = row.kernels->tally(row.x, row.cols, weighing, all).mass;
  else if (row.top_p_of == TopPOf::top_k)
    mass = sum(row.weights, row.listed);
  else if (ends)
    mass = sum(row.weights, able);
  else
    mass = row.kernels->tally(row.x, row.cols, weighing, by_min_p(row)).mass;

  const std::uint64_t limit = sampling::limit_of(row.rules.p, mass, row.top_p_inclusive);
  std::uint64_t before = row.weights[0];
  std::uint32_t count = 1;
  for (; count < able && before < limit; ++count) before += row.weights[count];
  if (count == able && before < limit && !ends) return nucleus(row, by_min_p(row), limit, scratch);
  Kept kept = first_of_list(row, count);
  kept.mass = before;
  return kept;
}

}  // namespace

Kept keep(SampleRow& row, const NucleusScratch& scratch) {
  row.z_max = row.listed > 0 ? row.z[0] : row.kernels->max(row.x, row.cols);
  if (row.z_max == -__builtin_inff()) {
    row.listed = 0;
    return {};
  }
  if (row.rules.greedy && row.listed > 0) {
    row.listed = 1;
    return first_of_list(row, 1);
  }
  while (row.listed > 0 && row.z[row.listed - 1] == -__builtin_inff()) {
    --row.listed;
    row.whole = true;
  }
  std::uint32_t able = row.listed;
  while (able > 0 && !(row.y(row.z[able - 1], row.rules.c_filter) >= row.rules.least_y)) --able;
  const bool ends = row.listed > 0 && (row.whole || able < row.listed);
  if (row.rules.p < sampling::kWhole) return by_top_p(row, able, ends, scratch);
  if (ends) return first_of_list(row, able);
  return {.any = true, .prefix = by_min_p(row)};
}

Tally tally_of(const SampleRow& row, const Kept& kept) {
  const Weighing weighing = row.weighing(row.rules.c);
  if (kept.count > 0 && kept.mass > 0 && row.rules.c == row.rules.c_filter) return {kept.mass, kept.count};
  if (!kept.listed) return row.kernels->tally(row.x, row.cols, weighing, kept.prefix);
  row.lists->weights(row.z, kept.count, weighing, row.weights);
  return {sum(row.weights, kept.count), kept.count};
}

}  // namespace topkit::cpu
