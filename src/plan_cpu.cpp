#include <algorithm>

#include "plan_device.hpp"
#include "status.hpp"

namespace topkit {
namespace {

constexpr Isa kAll[] = {Isa::avx512, Isa::avx2, Isa::neon, Isa::scalar};

struct Choice {
  Algorithm algorithm;
  std::string_view why;
};

// A row of so many columns is put in order as it is, in registers, whatever k is: with 64 columns of f32, k = 58, 0.2 us a
// row where `split` takes 0.5 (Zen 4).
constexpr std::int64_t kOrderedWhole = 128;

// `maxima` keeps its winners in order of value. Where that is not asked for `split`, which puts none in order, is faster from a
// smaller part of a row of more columns than these on, and by ascending index from so many winners on (Zen 4, us of 1000 rows of
// 1000, `maxima` and `split`: any, k = 500 3823 and 1348, k = 200 1295 and 1437; index, k = 100 3080 and 1836, k = 20 650 and 1729; rows
// of 100, k = 20 478 and 383).
constexpr std::int64_t kUnorderedCols = 256, kUnorderedRatio = 2;
constexpr std::int64_t kFewByIndex = 40, kFewByIndexOfShort = 16;

bool maxima_pays(const Problem& p, const CpuTuning& t) {
  const bool is_short = p.cols <= kUnorderedCols;
  if (p.order == Order::index && p.k > (is_short ? kFewByIndexOfShort : kFewByIndex)) return false;
  const std::int64_t ratio = t.maxima_k_ratio + (p.order == Order::value || is_short ? 0 : kUnorderedRatio);
  return p.k <= t.maxima_k && p.k <= p.cols / ratio;
}

Choice pick_algorithm(const Problem& p, const CpuTuning& t) {
  const std::int64_t row_bytes = p.cols * bytes(p.dtype);
  if (p.k <= 1) return {Algorithm::argmax, "k = 1"};
  if (row_bytes <= t.maxima_bytes && maxima_pays(p, t))
    return {Algorithm::maxima, "the row stays in the first cache and k is a small part of it"};
  if (row_bytes <= t.maxima_bytes && p.cols <= kOrderedWhole && p.order == Order::value)
    return {Algorithm::maxima, "so short a row is put in order as it is"};
  if (p.k <= t.chunks_k && p.k <= p.cols / t.chunks_k_ratio && p.rows <= t.chunks_rows)
    return {Algorithm::blocked, "few long rows with few winners: one pass, no sample"};
  if (p.cols >= t.sampled_cols && p.k <= p.cols / t.sampled_k_ratio)
    return {Algorithm::sampled, "long row: the cost of a sample is small beside one pass"};
  if (p.k <= p.cols / t.blocked_k_ratio) return {Algorithm::blocked, "k is a small part of the row"};
  return {Algorithm::split, "k is a large part of the row"};
}

// Finding and ordering a winner takes about as long as streaming so many bytes: with it, one number is right within a
// factor of two for 256 columns, k = 8, as well as for 1e6 columns, k = 5e5 (Zen 4).
constexpr std::int64_t kBytesPerWinner = 480;

// One thread for every thread_bytes of work; whole rows when there are enough, else every row in parts.
void share_out(Plan& plan, const Problem& p, const CpuTuning& t, const Device& device, const Wish& wish) {
  const std::int64_t row_work =
      std::max<std::int64_t>(p.cols * bytes(p.dtype) + std::min(p.k, p.cols) * kBytesPerWinner, 1);
  const std::int64_t all_work = p.rows > INT64_MAX / row_work ? INT64_MAX : p.rows * row_work;
  const std::int64_t machine = wish.has_threads ? std::max(device.threads, 1) : 1;
  const std::int64_t threads =
      wish.threads > 0 ? wish.threads : std::clamp<std::int64_t>(all_work / t.thread_bytes, 1, machine);
  if (threads > 1 && p.rows < threads && row_work >= t.split_row_bytes) {
    plan.row_parts = static_cast<int>(threads);
    plan.threads = static_cast<int>(threads);
    plan.rows_per_task = 1;
    return;
  }
  plan.threads = static_cast<int>(std::clamp<std::int64_t>(p.rows, 1, threads));
  // Several tasks a thread, so that a thread that is held up does not hold up the call.
  constexpr std::int64_t kTasksPerThread = 8;
  plan.rows_per_task = plan.threads == 1 ? std::max<std::int64_t>(p.rows, 1)
                                         : std::max<std::int64_t>(p.rows / (plan.threads * kTasksPerThread), 1);
}

}  // namespace

Isa pick_isa(const Device& device, std::string_view wish) {
  if (wish.empty()) {
    for (const Isa isa : kAll)
      if (device.has(isa)) return isa;
    return Isa::scalar;
  }
  for (const Isa isa : kAll)
    if (name(isa) == wish) {
      if (!device.has(isa)) fail(TK_UNSUPPORTED, "isa = {}: this machine or build does not have it", wish);
      return isa;
    }
  invalid("isa = {}: must be one of avx512 avx2 neon scalar", wish);
}

const CpuTuning& tuning_of(const Tuning& tuning, Isa isa) {
  for (const CpuTuning& row : tuning.cpu)
    if (row.isa == isa) return row;
  fail(TK_INTERNAL, "the tuning table has no row for {}", name(isa));
}

Plan choose_cpu(const Problem& problem, const Device& device, const Tuning& tuning, const Wish& wish) {
  Plan plan;
  plan.isa = pick_isa(device, wish.isa);
  const CpuTuning& row = tuning_of(tuning, plan.isa);
  const Choice choice =
      wish.algorithm.empty() ? pick_algorithm(problem, row) : Choice{wished_algorithm(problem, wish), "forced by name"};
  plan.algorithm = choice.algorithm;
  plan.why = choice.why;
  share_out(plan, problem, row, device, wish);
  return plan;
}

}  // namespace topkit
