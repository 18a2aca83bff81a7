// choose() is a pure function whose answers print, compare and obey a wish.
#include "plan.hpp"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "algorithms.hpp"
#include "call.hpp"
#include "status.hpp"

namespace topkit::test {
namespace {

constexpr std::uint32_t kEveryIsa = 0b1111;

Device machine(int threads = 4, std::uint32_t isas = kEveryIsa) {
  return {.kind = DeviceKind::cpu, .isas = isas, .threads = threads};
}

Problem problem(std::int64_t rows, std::int64_t cols, std::int64_t k, DType dtype = DType::f32) {
  Problem p;
  p.dtype = dtype;
  p.rows = rows;
  p.cols = cols;
  p.k = k;
  p.layout.outer_stride = cols;
  return p;
}

Plan plan_of(const Problem& p, const Wish& wish = {}, const Device& device = machine()) {
  return choose(p, device, built_in_tuning(), wish);
}

std::string refusal(const Problem& p, const Wish& wish, const Device& device = machine()) {
  try {
    plan_of(p, wish, device);
    return "";
  } catch (const Failure& failure) {
    return std::string(tk_status_name(failure.status())) + ": " + failure.what();
  }
}

// A table of the test's own: measured numbers may change without a test of the rules.
constexpr CpuTuning kRow{.isa = Isa::scalar,
                         .maxima_bytes = 4000,
                         .maxima_k = 30,
                         .maxima_k_ratio = 4,
                         .chunks_k = 40,
                         .chunks_k_ratio = 300,
                         .chunks_rows = 2,
                         .blocked_k_ratio = 10,
                         .sampled_cols = 5000,
                         .sampled_k_ratio = 20,
                         .thread_bytes = 1000,
                         .split_row_bytes = 50000};

TEST(Plan, IsThatOfItsRegime) {
  const auto algorithm = [](std::int64_t cols, std::int64_t k, std::int64_t rows = 1) {
    return choose(problem(rows, cols, k), machine(), {.cpu = {&kRow, 1}}, {.isa = "scalar"}).algorithm;
  };
  EXPECT_EQ(algorithm(1000000, 1), Algorithm::argmax);
  EXPECT_EQ(algorithm(1000, 30), Algorithm::maxima);
  EXPECT_EQ(algorithm(1000, 31), Algorithm::blocked) << "k beyond maxima_k";
  EXPECT_EQ(algorithm(1001, 30), Algorithm::blocked) << "beyond maxima_bytes";
  EXPECT_EQ(algorithm(140, 36), Algorithm::split) << "k beyond maxima_k_ratio, then beyond blocked_k_ratio";
  EXPECT_EQ(algorithm(128, 128), Algorithm::maxima) << "so short that it is put in order as it is";
  EXPECT_EQ(algorithm(4999, 250), Algorithm::blocked);
  EXPECT_EQ(algorithm(5000, 250), Algorithm::sampled);
  EXPECT_EQ(algorithm(5000, 251), Algorithm::blocked) << "k beyond sampled_k_ratio";
  EXPECT_EQ(algorithm(12000, 40, 2), Algorithm::blocked);
  EXPECT_EQ(algorithm(12000, 40, 3), Algorithm::sampled) << "rows beyond chunks_rows";
  EXPECT_EQ(algorithm(11999, 40), Algorithm::sampled) << "k beyond chunks_k_ratio";
  EXPECT_EQ(algorithm(30000, 41), Algorithm::sampled) << "k beyond chunks_k";
  EXPECT_EQ(algorithm(5000, 501), Algorithm::split) << "k beyond blocked_k_ratio";
}

TEST(Plan, IsTheSameForTheSameQuestion) {
  for (const std::int64_t k : {1, 8, 300, 5000})
    EXPECT_EQ(plan_of(problem(32, 50304, k)), plan_of(problem(32, 50304, k))) << "k = " << k;
  EXPECT_NE(plan_of(problem(32, 50304, 1)), plan_of(problem(32, 50304, 5000)));
}

TEST(Plan, ChoosesOnlyAlgorithmsThatCanSolveTheProblem) {
  for (std::int64_t cols = 0; cols < 3000000; cols = cols * 3 / 2 + 1)
    for (std::int64_t k = 0; k <= cols; k = k * 3 / 2 + 1)
      for (const DType dtype : {DType::u8, DType::bf16, DType::f32, DType::f64})
        for (const Isa isa : {Isa::avx512, Isa::avx2, Isa::neon, Isa::scalar}) {
          const Problem p = problem(3, cols, k, dtype);
          const Plan plan = plan_of(p, {.isa = name(isa)});
          ASSERT_TRUE(info(plan.algorithm).can(p)) << to_string(p) << "\n" << to_string(plan);
          ASSERT_EQ(info(plan.algorithm).device, DeviceKind::cpu);
          ASSERT_EQ(plan.isa, isa);
        }
}

TEST(Plan, OfPaddedRowsMayHaveMoreWinnersThanColumns) {
  Problem p = problem(3, 10, 5000);
  p.has_lengths = true;
  EXPECT_TRUE(info(plan_of(p).algorithm).can(p));
}

TEST(Plan, ObeysAForcedAlgorithm) {
  const Problem p = problem(32, 400, 8);
  int forced = 0;
  for (const AlgorithmInfo& row : algorithms()) {
    if (row.device != DeviceKind::cpu || !row.can(p)) continue;
    const Plan plan = plan_of(p, {.algorithm = row.name});
    EXPECT_EQ(plan.algorithm, row.algorithm) << row.name;
    EXPECT_EQ(plan.why, "forced by name");
    ++forced;
  }
  EXPECT_GE(forced, 4);
}

TEST(Plan, RefusesAnUnknownAlgorithmWithTheNames) {
  EXPECT_EQ(refusal(problem(1, 10, 2), {.algorithm = "heap"}),
            "invalid argument: algorithm = heap: on cpu it must be one of argmax maxima blocked sampled split");
  EXPECT_EQ(refusal(problem(1, 10, 2), {.algorithm = "cluster"}),
            "invalid argument: algorithm = cluster: on cpu it must be one of argmax maxima blocked sampled split");
}

TEST(Plan, SaysWhatAForcedAlgorithmNeeds) {
  EXPECT_EQ(refusal(problem(1, 10, 2), {.algorithm = "argmax"}),
            "unsupported: algorithm = argmax: needs k <= 1, but the problem is 1x10 f32 k=2 largest order=value");
}

TEST(Plan, TakesTheBestInstructionSetOfTheMachine) {
  const Problem p = problem(1, 10, 2);
  EXPECT_EQ(plan_of(p, {}, machine(1, 0b1111)).isa, Isa::avx512);
  EXPECT_EQ(plan_of(p, {}, machine(1, 0b1010)).isa, Isa::avx2);
  EXPECT_EQ(plan_of(p, {}, machine(1, 0b1100)).isa, Isa::neon);
  EXPECT_EQ(plan_of(p, {}, machine(1, 0b1000)).isa, Isa::scalar);
  EXPECT_EQ(plan_of(p, {.isa = "avx2"}).isa, Isa::avx2);
}

TEST(Plan, RefusesInstructionSetsThatAreNotThere) {
  const Problem p = problem(1, 10, 2);
  EXPECT_EQ(refusal(p, {.isa = "avx512"}, machine(1, 0b1010)),
            "unsupported: isa = avx512: this machine or build does not have it");
  EXPECT_EQ(refusal(p, {.isa = "sse9"}), "invalid argument: isa = sse9: must be one of avx512 avx2 neon scalar");
}

TEST(Plan, UsesThreadsOnlyWhereTheyPay) {
  EXPECT_EQ(plan_of(problem(1, 50304, 50)).threads, 1) << "200 KB is too little";
  const Plan many = plan_of(problem(4096, 4096, 64));
  EXPECT_EQ(many.threads, 4);
  EXPECT_EQ(many.row_parts, 1);
  EXPECT_GT(many.rows_per_task, 0);
  EXPECT_LT(many.rows_per_task, 4096 / 4);
  const Plan one_row = plan_of(problem(1, 16000000, 100));
  EXPECT_EQ(one_row.threads, 4);
  EXPECT_EQ(one_row.row_parts, 4);
  EXPECT_EQ(plan_of(problem(4096, 4096, 64), {}, machine(1)).threads, 1);
}

TEST(Plan, UsesOneThreadWhenNobodyRunsTasksAtOnce) {
  EXPECT_EQ(plan_of(problem(4096, 4096, 64), {.has_threads = false}).threads, 1);
  EXPECT_EQ(plan_of(problem(1, 16000000, 100), {.has_threads = false}).row_parts, 1);
  EXPECT_EQ(plan_of(problem(4096, 4096, 64), {.threads = 3, .has_threads = false}).threads, 3) << "forced";
}

TEST(Plan, ObeysAThreadCount) {
  EXPECT_EQ(plan_of(problem(4096, 4096, 64), {.threads = 1}).threads, 1);
  EXPECT_EQ(plan_of(problem(4096, 4096, 64), {.threads = 3}).threads, 3);
  EXPECT_EQ(plan_of(problem(64, 8, 2), {.threads = 16}).threads, 16) << "forced, however little the work";
  EXPECT_EQ(plan_of(problem(2, 8, 2), {.threads = 16}).threads, 2) << "never more than rows";
}

TEST(Plan, SpreadsThousandsOfWinnersOverTheWholeDevice) {
  const Device device{.kind = DeviceKind::cuda, .capability = 90, .sms = 132, .shared_bytes = 232448};
  for (const auto& [rows, cols, k] :
       {std::tuple{1, 1048576, 65536}, {64, 65536, 32768}, {16, 262144, 40000}, {1, 1048576, 524288}}) {
    Problem p = problem(rows, cols, k);
    p.device = DeviceKind::cuda;
    const Plan plan = plan_of(p, {}, device);
    EXPECT_EQ(plan.algorithm, Algorithm::cuda_partition) << to_string(p);
    EXPECT_EQ(plan.launches, 3);
    EXPECT_GT(plan.workspace_bytes, static_cast<std::size_t>(k) * 8);
    p.order = Order::index;
    EXPECT_EQ(plan_of(p, {}, device).launches, rows == 64 ? 1 : 5);
  }
  // In one launch where the lists of a cluster hold what passes; order index knows one list a row.
  for (const auto& [rows, cols, k] : {std::tuple{64, 50304, 8192}, {256, 65536, 4000}, {1, 9000, 3000}}) {
    Problem p = problem(rows, cols, k);
    p.device = DeviceKind::cuda;
    const Plan plan = plan_of(p, {}, device);
    EXPECT_EQ(plan.algorithm, Algorithm::cuda_radix) << to_string(p);
    EXPECT_EQ(plan.workspace_bytes, 0U);
    p.order = Order::index;
    EXPECT_EQ(plan_of(p, {}, device).algorithm, k == 8192  ? Algorithm::cuda_select
                                                : k > 3072 ? Algorithm::cuda_partition
                                                           : Algorithm::cuda_radix);
  }
}

TEST(Plan, GivesTypesOf64BitsTheWholeDevice) {
  const Device device{.kind = DeviceKind::cuda, .capability = 90, .sms = 132, .shared_bytes = 232448};
  for (const auto& [rows, cols, k, launches] :
       {std::tuple{1, 1048576, 50, 3}, {64, 50304, 3000, 3}, {1, 1048576, 65536, 4}, {2048, 8192, 1, 3}}) {
    Problem p = problem(rows, cols, k);
    p.device = DeviceKind::cuda;
    p.dtype = DType::f64;
    const Plan plan = plan_of(p, {}, device);
    EXPECT_EQ(plan.algorithm, Algorithm::cuda_wide) << to_string(p);
    EXPECT_GE(plan.launches, launches);
    p.order = Order::index;
    EXPECT_EQ(plan_of(p, {}, device).algorithm, rows == 64  ? Algorithm::cuda_select
                                                : k <= 4096 ? Algorithm::cuda_wide
                                                            : Algorithm::cuda_radix);
  }
}

TEST(Plan, LeavesWinnersAsTheyLieWhereNoOrderIsAskedFor) {
  const Device device{.kind = DeviceKind::cuda, .capability = 90, .sms = 132, .shared_bytes = 232448};
  const auto algorithm = [&](std::int64_t rows, std::int64_t cols, std::int64_t k, DType dtype = DType::f32) {
    Problem p = problem(rows, cols, k);
    p.device = DeviceKind::cuda;
    p.dtype = dtype;
    p.order = Order::any;
    return plan_of(p, {}, device).algorithm;
  };
  for (const auto& [rows, cols, k] : {std::tuple{64, 32768, 16384},
                                      {500, 4096, 2048},
                                      {256, 32768, 8192},
                                      {4096, 6144, 1536},
                                      {32, 131072, 16384},
                                      {1, 32768, 16384},
                                      {66, 16384, 4096},
                                      {32, 32768, 8192}})
    EXPECT_EQ(algorithm(rows, cols, k), Algorithm::cuda_select) << rows << "x" << cols << " k=" << k;
  EXPECT_EQ(algorithm(64, 8192, 2048), Algorithm::cuda_radix);
  EXPECT_EQ(algorithm(2048, 16384, 2048), Algorithm::cuda_radix) << "few of many rows";
  EXPECT_EQ(algorithm(1, 524288, 65536), Algorithm::cuda_partition) << "one long row";
  EXPECT_EQ(algorithm(4096, 4096, 64), Algorithm::cuda_block);
  EXPECT_EQ(algorithm(64, 8192, 2048, DType::f64), Algorithm::cuda_select);
  EXPECT_EQ(algorithm(32, 50304, 50, DType::f64), Algorithm::cuda_select);
  EXPECT_EQ(algorithm(256, 8192, 1000, DType::u8), Algorithm::cuda_select);
}

TEST(Plan, KeepsNoWinnersInOrderWhereManyAreWantedInAnother) {
  const auto algorithm = [](std::int64_t cols, std::int64_t k, Order order) {
    Problem p = problem(1000, cols, k);
    p.order = order;
    return plan_of(p).algorithm;
  };
  EXPECT_EQ(algorithm(1000, 20, Order::index), Algorithm::maxima);
  EXPECT_EQ(algorithm(1000, 100, Order::index), Algorithm::split);
  EXPECT_EQ(algorithm(100, 20, Order::index), Algorithm::split);
  EXPECT_EQ(algorithm(1000, 100, Order::any), Algorithm::maxima);
  EXPECT_EQ(algorithm(1000, 500, Order::any), Algorithm::split);
}

TEST(Plan, PutsShortRowsIntoOrderWhereManyWin) {
  const Device device{.kind = DeviceKind::cuda, .capability = 90, .sms = 132, .shared_bytes = 232448};
  const auto algorithm = [&](std::int64_t rows, std::int64_t cols, std::int64_t k, DType dtype = DType::f32) {
    Problem p = problem(rows, cols, k);
    p.device = DeviceKind::cuda;
    p.dtype = dtype;
    return plan_of(p, {}, device).algorithm;
  };
  for (const auto& [rows, cols, k] : {std::tuple{4096, 64, 64}, {4096, 64, 16}, {4096, 1024, 1024}, {2048, 8192, 8192}})
    EXPECT_EQ(algorithm(rows, cols, k), Algorithm::cuda_sort) << rows << "x" << cols << " k=" << k;
  EXPECT_EQ(algorithm(4096, 1024, 256, DType::bf16), Algorithm::cuda_sort) << "a block has no room for so many";
  EXPECT_EQ(algorithm(4096, 1024, 8, DType::f64), Algorithm::cuda_sort);
  EXPECT_EQ(algorithm(500, 4096, 8, DType::f64), Algorithm::cuda_sort);
  EXPECT_EQ(algorithm(4096, 4096, 8, DType::f64), Algorithm::cuda_wide);
  EXPECT_EQ(algorithm(4096, 64, 8), Algorithm::cuda_warp);
  EXPECT_EQ(algorithm(4096, 1024, 32), Algorithm::cuda_warp);
  EXPECT_EQ(algorithm(4096, 4096, 64), Algorithm::cuda_block);
  EXPECT_EQ(algorithm(64, 4096, 200), Algorithm::cuda_radix);
  EXPECT_EQ(algorithm(2048, 2048, 500), Algorithm::cuda_radix);
}

Plan on_h200(DType dtype, std::int64_t rows, std::int64_t cols, std::int64_t k, const Wish& wish = {}) {
  const Device device{.kind = DeviceKind::cuda, .capability = 90, .sms = 132, .shared_bytes = 232448};
  Problem p = problem(rows, cols, k);
  p.device = DeviceKind::cuda;
  p.dtype = dtype;
  return plan_of(p, wish, device);
}

TEST(Plan, GivesABlockAPartOfTheWinnersWhereSelectIsToOrderThem) {
  const Device device{.kind = DeviceKind::cuda, .capability = 90, .sms = 132, .shared_bytes = 232448};
  for (const auto& [rows, cols, k, blocks] : {std::tuple{64, 32768, 16384, 2},
                                              {1, 32768, 16384, 16},
                                              {256, 32768, 8192, 1},
                                              {500, 4096, 2048, 1},
                                              {64, 32768, 30000, 4}}) {
    Problem p = problem(rows, cols, k);
    p.device = DeviceKind::cuda;
    EXPECT_EQ(plan_of(p, {.algorithm = "select"}, device).cluster_blocks, blocks) << to_string(p);
    EXPECT_EQ(plan_of(p, {}, device).algorithm == Algorithm::cuda_select, rows > 1 && k <= 16384) << to_string(p);
  }
}

TEST(Plan, IsTheQuickestThatWasMeasured) {
  using enum Algorithm;
  struct Case {
    DType dtype;
    std::int64_t rows, cols, k;
    Algorithm algorithm;
  };
  for (const Case& c : {
           // A few short rows: sort takes twice the time.
           Case{DType::f32, 1, 48, 16, cuda_warp},
           {DType::f32, 16, 500, 40, cuda_cluster},
           {DType::f32, 128, 200, 100, cuda_block},
           {DType::f32, 64, 500, 200, cuda_radix},
           {DType::f32, 1, 4096, 2048, cuda_radix},
           {DType::f32, 1000, 200, 100, cuda_sort},
           {DType::bf16, 16, 500, 100, cuda_sort},
           {DType::f32, 1, 1000, 1, cuda_cluster},
           {DType::i32, 16, 4096, 50, cuda_block},
           // Hundreds of winners of rows that a block holds.
           {DType::f32, 200, 4096, 256, cuda_radix},
           {DType::f32, 4096, 4096, 200, cuda_block},
           {DType::bf16, 200, 16384, 256, cuda_radix},
           {DType::bf16, 1000, 16384, 256, cuda_block},
           {DType::f32, 1, 16384, 256, cuda_cluster},
           {DType::f32, 1000, 32768, 77, cuda_radix},
           // Long rows.
           {DType::f32, 64, 50304, 50, cuda_cluster},
           {DType::f32, 64, 300000, 10, cuda_radix},
           {DType::f32, 330, 128256, 50, cuda_cluster},
           {DType::bf16, 256, 128256, 50, cuda_radix},
           {DType::bf16, 512, 151936, 50, cuda_radix},
           {DType::f32, 256, 200000, 1000, cuda_stream},
           {DType::f32, 48, 2000000, 128, cuda_stream},
           {DType::bf16, 32, 2000000, 32, cuda_grid},
           {DType::f64, 64, 8192, 1000, cuda_radix},
           {DType::i64, 1000, 4096, 1000, cuda_sort},
       }) {
    const Plan plan = on_h200(c.dtype, c.rows, c.cols, c.k);
    EXPECT_EQ(info(plan.algorithm).name, info(c.algorithm).name) << c.rows << "x" << c.cols << " k=" << c.k;
  }
}

TEST(Plan, LeavesRaggedRowsAndOrderIndexToWhatReadsThemAsTheyAre) {
  const Device device{.kind = DeviceKind::cuda, .capability = 90, .sms = 132, .shared_bytes = 232448};
  Problem p = problem(1000, 32768, 77);
  p.device = DeviceKind::cuda;
  EXPECT_EQ(plan_of(p, {}, device).algorithm, Algorithm::cuda_radix);
  p.has_lengths = true;
  EXPECT_EQ(plan_of(p, {}, device).algorithm, Algorithm::cuda_block);
  p.has_lengths = false;
  p.order = Order::index;
  EXPECT_EQ(plan_of(p, {}, device).algorithm, Algorithm::cuda_block);
}

TEST(Plan, SpreadsRowsOverAsFewBlocksAsRunAtOnce) {
  struct Case {
    std::int64_t rows, cols;
    int blocks, vecs;
  };
  for (const auto& [rows, cols, blocks, vecs] : {Case{32, 50304, 4, 7},
                                                 {64, 50304, 2, 13},
                                                 {100, 65536, 2, 16},
                                                 {1000, 50257, 2, 13},
                                                 {16, 151936, 8, 10},
                                                 {32, 128256, 7, 9},
                                                 {32, 151936, 7, 11},
                                                 {32, 262144, 8, 16},
                                                 {48, 128256, 4, 16},
                                                 {256, 128256, 4, 16}}) {
    const Plan plan = on_h200(DType::f32, rows, cols, 50, {.algorithm = "cluster"});
    EXPECT_EQ(plan.cluster_blocks, blocks) << rows << " x " << cols;
    EXPECT_EQ(plan.items_per_thread, vecs) << rows << " x " << cols;
  }
  for (const std::int64_t rows : {128, 512, 1000})
    EXPECT_EQ(on_h200(DType::bf16, rows, 50304, 50, {.algorithm = "cluster"}).cluster_blocks, 2) << rows;
}

TEST(Plan, PrintsEveryDecision) {
  Plan plan;
  plan.algorithm = Algorithm::blocked;
  plan.why = "k is a small part of the row";
  plan.isa = Isa::avx2;
  plan.threads = 2;
  plan.rows_per_task = 16;
  EXPECT_EQ(to_string(plan),
            "algorithm: blocked\nwhy: k is a small part of the row\nisa: avx2\nthreads: 2\nrows_per_task: 16\n"
            "row_parts: 1\nworkspace_bytes: 0\n");
  plan.algorithm = Algorithm::cuda_cluster;
  plan.launches = 1;
  plan.block_threads = 512;
  plan.cluster_blocks = 8;
  plan.items_per_thread = 12;
  plan.workspace_bytes = 1024;
  EXPECT_EQ(
      to_string(plan),
      "algorithm: cluster\nwhy: k is a small part of the row\nlaunches: 1\nblock_threads: 512\ncluster_blocks: 8\n"
      "items_per_thread: 12\nworkspace_bytes: 1024\n");
}

TEST(Problem, PrintsWhatIsAsked) {
  Problem p = problem(32, 50304, 50);
  EXPECT_EQ(to_string(p), "32x50304 f32 k=50 largest order=value");
  p.dtype = DType::bf16;
  p.largest = false;
  p.order = Order::any;
  p.nan = Nan::last;
  p.has_lengths = p.has_row_k = p.has_ids = true;
  p.wants_values = false;
  EXPECT_EQ(to_string(p), "32x50304 bf16 k=50 smallest order=any nan=last lengths row_k ids indices-only");
  p.wants_values = true;
  p.wants_indices = false;
  EXPECT_EQ(to_string(p), "32x50304 bf16 k=50 smallest order=any nan=last lengths row_k ids values-only");
}

TEST(Tuning, HasARowWithProvenanceForEveryInstructionSet) {
  for (const Isa isa : {Isa::avx512, Isa::avx2, Isa::neon, Isa::scalar}) {
    int rows = 0;
    for (const CpuTuning& row : built_in_tuning().cpu)
      if (row.isa == isa) {
        ++rows;
        EXPECT_FALSE(row.machine.empty() || row.date.empty() || row.commit.empty()) << name(isa);
        EXPECT_GT(row.thread_bytes, 0);
      }
    EXPECT_EQ(rows, 1) << name(isa);
  }
}

TEST(Explain, GivesProblemAndPlanAsText) {
  SmallCall call;
  call.options.algorithm = "split";
  call.options.isa = "scalar";
  call.options.threads = 1;
  std::size_t needed = 0;
  ASSERT_EQ(tk_explain(&call.x.dl, 3, &call.options, nullptr, 0, &needed), TK_OK) << tk_last_error();
  std::string text(needed, '?');
  ASSERT_EQ(tk_explain(&call.x.dl, 3, &call.options, text.data(), text.size(), nullptr), TK_OK);
  EXPECT_EQ(text.back(), '\0');
  text.pop_back();
  EXPECT_EQ(text,
            "problem: 4x6 f32 k=3 largest order=value\nalgorithm: split\nwhy: forced by name\nisa: scalar\nthreads: 1\n"
            "rows_per_task: 4\nrow_parts: 1\nworkspace_bytes: 0\n");
}

TEST(Explain, CutsTheTextAtTheCapacity) {
  SmallCall call;
  std::string text(20, '?');
  std::size_t needed = 0;
  ASSERT_EQ(tk_explain(&call.x.dl, 3, nullptr, text.data(), 9, &needed), TK_OK);
  EXPECT_STREQ(text.c_str(), "problem:");
  EXPECT_EQ(text.substr(9), "???????????");
  EXPECT_GT(needed, 20U);
  EXPECT_EQ(tk_explain(&call.x.dl, 3, nullptr, nullptr, 9, &needed), TK_INVALID_ARGUMENT);
  EXPECT_STREQ(tk_last_error(), "text = NULL: capacity is 9");
  EXPECT_EQ(tk_explain(nullptr, 3, nullptr, nullptr, 0, &needed), TK_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace topkit::test
