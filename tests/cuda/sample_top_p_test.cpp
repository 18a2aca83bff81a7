// Draws from nuclei by a race and a verdict, against the plain telling of the rules.
#include "sample_sheet.hpp"

namespace topkit::test::sample_top_p_test {
namespace {

testing::AssertionResult run(Sheet& sheet, int blocks, int kept) {
  SamplePlan plan;
  plan.algorithm = SampleAlgorithm::cuda_reread;
  plan.cluster_blocks = blocks;
  plan.items_per_thread = kept;
  sheet.want_tokens();
  const testing::AssertionResult result = sheet.run(plan);
  return result ? result
                : testing::AssertionFailure() << result.message() << " (" << blocks << " blocks, " << kept << " kept)";
}

TEST(SampleTopP, nuclei_of_all_lengths) {
  for (const DType type : {DType::f32, DType::bf16})
    for (const int blocks : {1, 2, 16})
      for (const float p : {0.0F, 0.05F, 0.5F, 0.9F, 0.9999F})
        for (const float temperature : {0.3F, 4.0F}) {
          Sheet sheet(2, 4503, normal, type, temperature < 1 ? 3 : 1);
          sheet.args.temperature.value = temperature;
          sheet.args.top_p.value = p;
          sheet.args.problem.temperature_last = blocks == 2;
          const bool other = (blocks == 2) == (temperature < 1);
          sheet.args.position.value = other ? 1 : 0;
          ASSERT_TRUE(run(sheet, blocks, other ? 32 : 0)) << p << " " << temperature;
        }
}

TEST(SampleTopP, rows_that_rise_or_are_all_alike) {
  for (const int blocks : {1, 4})
    for (const int shape : {0, 1, 2, 3, 4, 5})
      for (const float p : {0.3F, 0.9F}) {
        Sheet sheet(2, 20000, [&](std::int64_t r, std::int64_t i) {
          const auto x = static_cast<float>(i);
          return shape == 0   ? 1.0F
                 : shape == 1 ? x / 10
                 : shape == 2 ? x / 3000
                 : shape == 3 ? (i == 19990 + r ? 40.0F : 0.0F)
                 : shape == 4 ? 7e4F + static_cast<float>(i % 3)
                              : 3e4F - x / 3000;
        });
        sheet.args.top_p.value = p;
        for (std::uint64_t position = 0; position < 2; ++position) {
          sheet.args.position.value = position;
          ASSERT_TRUE(run(sheet, blocks, position == 0 ? 16 : 48)) << shape << " " << p;
        }
      }
}

// More spans of a row than shared memory has places for, of which the last ones stay; a share's end in the midst of one.
TEST(SampleTopP, spans_that_make_room_for_others) {
  for (const DType type : {DType::f32, DType::f16})
    for (const int spans : {0, 2, 3})
      for (const int blocks : {1, 2}) {
        // Aligned rows by one block, and others by two.
        Sheet sheet(
            1, 36868, [](std::int64_t r, std::int64_t i) { return 0.5F * normal(r, i); }, type, blocks - 1);
        sheet.args.top_p.value = 0.9F;
        ASSERT_TRUE(run(sheet, blocks, 16 * spans)) << spans;
      }
}

// What weighs before the last of the kept is the limit itself, and only exact sums tell on which side of it he is.
TEST(SampleTopP, verdicts_that_a_rough_sum_does_not_tell) {
  for (const bool inclusive : {false, true})
    for (const std::int64_t cols : {2, 8, 1000, 1024}) {
      Sheet sheet(7, cols, [](std::int64_t r, std::int64_t i) { return r < 4 ? 3.0F : static_cast<float>(i % 2); });
      sheet.args.top_p.value = 0.5F;
      sheet.args.problem.top_p_inclusive = inclusive;
      sheet.seed = {1, 2, 3, 4, 5, 6, 7};
      sheet.args.seed.data = sheet.seed.data();
      for (std::uint64_t position = 0; position < 6; ++position) {
        sheet.args.position.value = position;
        ASSERT_TRUE(run(sheet, 1 + static_cast<int>(position % 2), 0)) << cols;
      }
    }
}

TEST(SampleTopP, infinities_nan_and_rows_without_candidates) {
  for (const DType type : {DType::f32, DType::bf16})
    for (const int blocks : {1, 8})
      for (const float temperature : {0.002F, 0.7F, 1e4F}) {
        Sheet sheet(kStrangeRows, 6001, strange, type);
        sheet.args.temperature.value = temperature;
        sheet.args.top_p.value = 0.8F;
        ASSERT_TRUE(run(sheet, blocks, 16)) << temperature;
      }
}

TEST(SampleTopP, every_row_its_own_parameters) {
  Sheet sheet(7, 5222,
              [](std::int64_t r, std::int64_t i) { return r == 1 ? static_cast<float>(i % 9) : normal(r, i); });
  sheet.by_row(true);
  sheet.top_p = {0.5F, 1, 0.8F, 0.95F, 0.4F, 0.6F, 0.9F};
  sheet.args.top_k = {};
  sheet.args.min_p = {};
  for (const int blocks : {1, 2, 8})
    for (std::uint64_t position = 0; position < 3; ++position) {
      sheet.args.position.value = position;
      ASSERT_TRUE(run(sheet, blocks, 16));
    }
}

}  // namespace
}  // namespace topkit::test::sample_top_p_test
