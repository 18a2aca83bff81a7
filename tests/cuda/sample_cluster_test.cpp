// Draws in the last step of topk's cluster kernel, against the plain telling of the rules; and rows that it leaves to the others.
#include "sample_sheet.hpp"

namespace topkit::test::sample_cluster_test {
namespace {

TEST(SampleCluster, draws_among_the_k_best_of_every_type) {
  for (const DType type : {DType::f32, DType::bf16})
    for (const int blocks : {2, 7, 8})
      for (const std::int32_t k : {1, 7, 50, 100, 256}) {
        Sheet sheet(2, 9001, normal, type, 3);
        sheet.args.top_k.value = k;
        sheet.args.problem.logprob_of = LogprobOf::processed;
        sheet.want(3, 9);
        ASSERT_TRUE(sheet.run_selected(blocks)) << k;
      }
}

TEST(SampleCluster, seven_blocks_keep_a_vector_of_a_thread_aside) {
  for (const std::int64_t cols : {120001, 128256}) {
    Sheet sheet(2, cols, [cols](std::int64_t r, std::int64_t i) {
      return r == 0 ? normal(r, i) : i % 4096 < 40 || i > cols - 300 ? 5.0F : static_cast<float>(i % 3);
    });
    sheet.args.top_k.value = 50;
    sheet.args.top_p.value = 0.9F;
    sheet.want(1, 0, false);
    ASSERT_TRUE(sheet.run_selected(7)) << cols;
  }
}

TEST(SampleCluster, more_places_for_candidates_than_a_list_holds) {
  for (const std::int32_t k : {7, 256}) {
    Sheet sheet(2, 5000, normal);
    sheet.lengths = {5000, 100};
    sheet.args.lengths.data = sheet.lengths.data();
    sheet.args.top_k.value = k;
    sheet.args.problem.logprob_of = LogprobOf::processed;
    sheet.want(1, 300);
    ASSERT_TRUE(sheet.run_selected(2)) << k;
    ASSERT_TRUE(sheet.run(2)) << k;
  }
}

TEST(SampleCluster, filters_and_temperature_in_any_order) {
  for (const float p : {0.0F, 0.3F, 0.9F, 0.999F})
    for (const float min_p : {0.0F, 0.02F, 1.0F})
      for (const TopPOf of : {TopPOf::kept, TopPOf::top_k}) {
        Sheet sheet(1, 5000, normal);
        sheet.args.top_k.value = 60;
        sheet.args.top_p.value = p;
        sheet.args.min_p.value = min_p;
        sheet.args.temperature.value = 0.7F;
        sheet.args.problem.top_p_of = of;
        sheet.args.problem.temperature_last = p == 0.3F;
        sheet.args.problem.top_p_inclusive = min_p == 0;
        sheet.args.problem.logprob_of = LogprobOf::processed;
        sheet.want(2, 5);
        ASSERT_TRUE(sheet.run_selected(4)) << p << " " << min_p;
      }
}

TEST(SampleCluster, crowds_infinities_and_nan) {
  for (const DType type : {DType::f32, DType::bf16})
    for (const std::int32_t k : {1, 5, 200})
      for (const int blocks : {2, 4}) {
        Sheet sheet(kStrangeRows, 6001, strange, type);
        sheet.args.top_k.value = k;
        sheet.args.top_p.value = k == 5 ? 0.5F : 1.0F;
        sheet.args.problem.logprob_of = LogprobOf::processed;
        sheet.want(2, 4);
        ASSERT_TRUE(sheet.run_selected(blocks)) << k << " " << int(type);
      }
}

TEST(SampleCluster, every_parameter_by_row_and_rows_without_a_k) {
  Sheet sheet(7, 5222, normal, DType::bf16);
  for (const bool ragged : {false, true}) {
    sheet.by_row(ragged);
    sheet.args.problem.logprob_of = LogprobOf::processed;
    sheet.want(2, 8);
    for (const int blocks : {2, 8, 16}) ASSERT_TRUE(sheet.run_selected(blocks));
  }
}

}  // namespace
}  // namespace topkit::test::sample_cluster_test
