// What a program asks of the C interface, on the stand-in's devices and on the CPU: every byte of the answers must agree.
#include <gtest/gtest.h>

#include "algorithms.hpp"
#include "cuda/simt/machine.hpp"
#include "sampling/plan.hpp"
#include "support/sample_trial.hpp"

namespace topkit::test::sample_engines_test {
namespace {

Device hopper() {
  Device device;
  device.kind = DeviceKind::cuda;
  device.capability = 90;
  device.sms = 132;
  device.shared_bytes = 232448;
  return device;
}

TEST(SampleEngines, answer_alike_whatever_is_asked) {
  constexpr int kCalls = 90;
  for (std::uint64_t seed = 0; seed < kCalls; ++seed) {
    SampleTrial call(seed);
    SampleMemory host;
    const auto wanted = call.run(host, nullptr);
    const char* const names[] = {nullptr, "resident", "reread"};
    const int device = static_cast<int>(seed % 3);
    simt::settings().seed = seed % 8;
    // The device before clusters has no room for the longer rows.
    const char* const algorithm = device == 2 ? nullptr : names[seed / 3 % 3];
    SampleMemory on_device({kDLCUDA, device});
    const auto found = call.run(on_device, algorithm);
    for (std::size_t i = 0; i < wanted.size(); ++i)
      ASSERT_EQ(found[i], wanted[i]) << kSampleOutputs[i] << " of " << call.name() << ", call " << seed << ", device "
                                     << device << ", " << (algorithm == nullptr ? "chosen" : algorithm);
  }
}

TEST(SampleEngines, more_candidates_than_a_block_orders_are_refused) {
  SampleProblem p;
  p.device = DeviceKind::cuda;
  p.rows = p.x_rows = 1;
  p.cols = 1000;
  p.listed = 257;
  const Device device = hopper();
  EXPECT_ANY_THROW(choose(p, device));
  p.listed = 256;
  EXPECT_NO_THROW(choose(p, device));
  p.listed = 1000;
  p.top_k = 256;
  p.may_top_k = true;
  EXPECT_NO_THROW(choose(p, device));
}

TEST(SampleEngines, a_row_is_spread_over_what_holds_it) {
  SampleProblem p;
  p.device = DeviceKind::cuda;
  p.rows = p.x_rows = 1;
  p.wants_tokens = p.wants_kept = true;
  Device device = hopper();
  for (const std::int64_t cols : {1, 1000, 32768, 50257, 128256, 262144, 700000}) {
    p.cols = cols;
    const SamplePlan plan = choose(p, device);
    EXPECT_EQ(plan.algorithm, SampleAlgorithm::cuda_resident) << cols;
    EXPECT_LE(plan.cluster_blocks, 16) << cols;
  }
  p.cols = 2000000;
  EXPECT_EQ(choose(p, device).algorithm, SampleAlgorithm::cuda_reread);
  device.capability = 80;
  device.shared_bytes = 166912;
  p.cols = 32768;
  EXPECT_EQ(choose(p, device).cluster_blocks, 1);
  p.cols = 128256;
  EXPECT_EQ(choose(p, device).algorithm, SampleAlgorithm::cuda_reread);
}

TEST(SampleEngines, logprobs_of_plain_rows_go_by_tiles) {
  SampleProblem p;
  p.device = DeviceKind::cuda;
  p.op = SampleOp::logprobs;
  p.rows = p.x_rows = 256;
  p.listed = 20;
  const Device device = hopper();
  const auto plan = [&](std::int64_t cols) {
    p.cols = p.row_stride = cols;
    return choose(p, device);
  };
  EXPECT_EQ(plan(2000).algorithm, SampleAlgorithm::cuda_resident);
  EXPECT_EQ(plan(151936).algorithm, SampleAlgorithm::cuda_tiles);
  EXPECT_EQ(plan(151936).workspace_bytes, 256U * 149 * 40);
  EXPECT_EQ(plan(2000000).algorithm, SampleAlgorithm::cuda_reread);
  p.listed = 65;
  EXPECT_EQ(plan(151936).algorithm, SampleAlgorithm::cuda_resident);
  p.listed = 20;
  p.has_mask = true;
  EXPECT_EQ(plan(151936).algorithm, SampleAlgorithm::cuda_resident);
}

TEST(SampleEngines, many_rows_of_one_k_are_selected_first) {
  SampleProblem p;
  p.device = DeviceKind::cuda;
  p.rows = p.x_rows = 256;
  p.cols = p.row_stride = 128256;
  p.top_k = 50;
  p.may_top_k = p.wants_tokens = true;
  const Device device = hopper();
  const SamplePlan plan = choose(p, device);
  EXPECT_EQ(plan.algorithm, SampleAlgorithm::cuda_selected);
  EXPECT_EQ(plan.topk.algorithm, Algorithm::cuda_stream);
  EXPECT_EQ(plan.launches, 1);
  EXPECT_EQ(plan.workspace_bytes, 0U);
  // Of many short rows a list, and the draws behind it.
  p.rows = p.x_rows = 1000;
  p.cols = p.row_stride = 2000;
  EXPECT_EQ(choose(p, device).launches, 3);
  EXPECT_EQ(choose(p, device).workspace_bytes, 1000U * 50 * 8 + 128);
  p.cols = p.row_stride = 128256;
  // A few are drawn in the selection's launch; rows of a k of their own may have none, for which there is a second one.
  p.rows = p.x_rows = 32;
  EXPECT_EQ(choose(p, device).algorithm, SampleAlgorithm::cuda_selected);
  EXPECT_EQ(choose(p, device).topk.algorithm, Algorithm::cuda_cluster);
  EXPECT_EQ(choose(p, device).launches, 1);
  EXPECT_EQ(choose(p, device).workspace_bytes, 0U);
  EXPECT_EQ(choose(p, device).topk.cluster_blocks, 7);
  p.top_k = 0;
  EXPECT_EQ(choose(p, device).launches, 2);
  // What the list of the best does not tell.
  p.has_mask = true;
  EXPECT_EQ(choose(p, device).algorithm, SampleAlgorithm::cuda_resident);
}

TEST(SampleEngines, tokens_alone_of_rows_without_filters_take_one_pass) {
  SampleProblem p;
  p.device = DeviceKind::cuda;
  p.rows = p.x_rows = 32;
  p.cols = p.row_stride = 128256;
  p.wants_tokens = true;
  const Device device = hopper();
  EXPECT_EQ(choose(p, device).algorithm, SampleAlgorithm::cuda_reread);
  EXPECT_EQ(choose(p, device).cluster_blocks, 8);
  p.rows = p.x_rows = 256;
  EXPECT_EQ(choose(p, device).cluster_blocks, 1);
  p.may_min_p = true;
  EXPECT_EQ(choose(p, device).algorithm, SampleAlgorithm::cuda_resident);
}

// Calls that `ask` makes fit for the algorithm; `devices` of the stand-in take turns.
void expect_alike(std::uint64_t first, const char* algorithm, std::uint64_t devices, void (SampleTrial::*ask)()) {
  constexpr std::uint64_t kCalls = 60;
  for (std::uint64_t seed = first; seed < first + kCalls; ++seed) {
    SampleTrial call(seed, {1, 5, 64, 700, 2049, 9001});
    (call.*ask)();
    SampleMemory host, on_device({kDLCUDA, static_cast<int>(seed % devices)});
    simt::settings().seed = seed % 8;
    const auto wanted = call.run(host, nullptr), found = call.run(on_device, algorithm);
    for (std::size_t i = 0; i < wanted.size(); ++i)
      ASSERT_EQ(found[i], wanted[i]) << kSampleOutputs[i] << " of " << call.name() << ", call " << seed;
  }
}

TEST(SampleEngines, selected_rows_are_drawn_alike_even_where_topk_means_other_rows) {
  expect_alike(1000, "selected", 3, &SampleTrial::ask_for_k);
}

TEST(SampleEngines, tokens_alone_are_drawn_alike) { expect_alike(3000, "reread", 3, &SampleTrial::ask_for_tokens); }

TEST(SampleEngines, logprobs_by_tiles_are_alike) { expect_alike(5000, "tiles", 3, &SampleTrial::ask_for_few_logprobs); }

TEST(SampleEngines, logprobs_of_rows_in_shared_memory_are_alike) {
  expect_alike(6000, "resident", 2, &SampleTrial::ask_for_logprobs);
}

}  // namespace
}  // namespace topkit::test::sample_engines_test
