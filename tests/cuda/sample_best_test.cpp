// Draws in the last step of topk's stream kernel, against the plain telling of the rules; and rows that it leaves to the others.
#include "sample_sheet.hpp"

namespace topkit::test::sample_best_test {
namespace {

TEST(SampleBest, draws_among_the_k_best_of_every_type) {
  for (const DType type : {DType::f32, DType::bf16})
    for (const int blocks : {1, 4})
      for (const std::int32_t k : {2, 50, 256}) {
        Sheet sheet(2, 30011, normal, type, 3);
        sheet.args.top_k.value = k;
        sheet.args.top_p.value = k == 50 ? 0.9F : 1.0F;
        sheet.args.problem.logprob_of = LogprobOf::processed;
        sheet.want(3, 9);
        ASSERT_TRUE(sheet.run_selected(blocks, Algorithm::cuda_stream)) << k << " " << int(type);
      }
}

TEST(SampleBest, filters_and_temperature_in_any_order) {
  for (const float p : {0.0F, 0.3F, 0.999F})
    for (const float min_p : {0.0F, 0.02F, 1.0F}) {
      Sheet sheet(2, 9001, normal);
      sheet.args.top_k.value = 60;
      sheet.args.top_p.value = p;
      sheet.args.min_p.value = min_p;
      sheet.args.temperature.value = 0.7F;
      sheet.args.problem.top_p_of = min_p == 0 ? TopPOf::kept : TopPOf::top_k;
      sheet.args.problem.temperature_last = p == 0.3F;
      sheet.args.problem.logprob_of = LogprobOf::processed;
      sheet.want(2, 5);
      ASSERT_TRUE(sheet.run_selected(1, Algorithm::cuda_stream)) << p << " " << min_p;
    }
}

TEST(SampleBest, crowds_infinities_and_nan) {
  for (const DType type : {DType::f32, DType::bf16})
    for (const std::int32_t k : {5, 200})
      for (const int blocks : {1, 2}) {
        Sheet sheet(kStrangeRows, 20001, strange, type);
        sheet.args.top_k.value = k;
        sheet.args.top_p.value = k == 5 ? 0.5F : 1.0F;
        sheet.args.problem.logprob_of = LogprobOf::processed;
        sheet.want(2, 4);
        ASSERT_TRUE(sheet.run_selected(blocks, Algorithm::cuda_stream)) << k << " " << int(type);
      }
}

TEST(SampleBest, every_parameter_by_row_and_rows_without_a_k) {
  Sheet sheet(7, 9222, normal, DType::bf16);
  for (const bool ragged : {false, true}) {
    sheet.by_row(ragged);
    sheet.args.problem.logprob_of = LogprobOf::processed;
    sheet.want(2, 8);
    for (const int blocks : {1, 8}) ASSERT_TRUE(sheet.run_selected(blocks, Algorithm::cuda_stream));
  }
}

TEST(SampleBest, an_empty_row_has_its_outputs) {
  Sheet sheet(2, 5000, normal);
  sheet.lengths = {0, 3};
  sheet.args.lengths.data = sheet.lengths.data();
  sheet.args.top_k.value = 7;
  sheet.args.problem.logprob_of = LogprobOf::processed;
  sheet.want(1, 300);
  ASSERT_TRUE(sheet.run_selected(1, Algorithm::cuda_stream));
}

}  // namespace
}  // namespace topkit::test::sample_best_test
