// Draws over all tokens of a row in one pass, against the plain telling of the rules.
#include "sample_sheet.hpp"

namespace topkit::test::sample_stream_test {
namespace {

TEST(SampleStream, draws_over_the_whole_row) {
  for (const DType type : {DType::f32, DType::bf16})
    for (const int blocks : {1, 2, 8})
      for (const float temperature : {0.001F, 0.3F, 1.0F, 2.0F, 50.0F}) {
        Sheet sheet(5, 9003, normal, type, temperature < 1 ? 3 : 1);
        sheet.args.temperature.value = temperature;
        sheet.want_tokens();
        for (std::uint64_t position = 0; position < 2; ++position) {
          sheet.args.position.value = position;
          ASSERT_TRUE(sheet.run(blocks, false)) << temperature;
        }
      }
}

// Steps down, whole rows of one value, and rows that rise all the time: what a first bound knows nothing of.
TEST(SampleStream, rows_that_rise_or_are_all_alike) {
  for (const int blocks : {1, 4})
    for (const int shape : {0, 1, 2, 3, 4})
      for (std::uint64_t position = 0; position < 3; ++position) {
        Sheet sheet(2, 20000, [&](std::int64_t r, std::int64_t i) {
          const auto x = static_cast<float>(i);
          return shape == 0   ? 1.0F
                 : shape == 1 ? x / 10
                 : shape == 2 ? x / 3000
                 : shape == 3 ? (i == 19990 + r ? 40.0F : 0.0F)
                              : 7e4F + static_cast<float>(i % 3);
        });
        sheet.args.position.value = position;
        sheet.want_tokens();
        ASSERT_TRUE(sheet.run(blocks, false)) << shape;
      }
}

TEST(SampleStream, infinities_nan_and_rows_without_candidates) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const DType type : {DType::f32, DType::bf16})
    for (const int blocks : {1, 8}) {
      Sheet sheet(
          9, 1001,
          [&](std::int64_t r, std::int64_t i) {
            switch (r) {
              case 0: return -kInfinity;
              case 1: return nan;
              case 2: return i % 100 == 3 ? kInfinity : normal(r, i);
              case 3: return i == 777 ? normal(r, i) : i % 2 == 0 ? nan : -kInfinity;
              case 4: return i % 2 == 0 ? nan : normal(r, i);
              case 5: return i % 2 == 0 ? -0.0F : 0.0F;
              case 6: return i % 5 == 0 ? -3.3e38F : normal(r, i);
              case 7: return -3.3e38F;
              default: return i == 5 ? 3.3e38F : i == 6 ? -3.3e38F : normal(r, i) * 1e37F;
            }
          },
          type);
      sheet.args.temperature.value = 0.7F;
      sheet.want_tokens();
      ASSERT_TRUE(sheet.run(blocks, false));
    }
}

TEST(SampleStream, greedy_rows_and_lengths_among_others) {
  Sheet sheet(6, 5222,
              [](std::int64_t r, std::int64_t i) { return r == 1 ? static_cast<float>(i % 9) : normal(r, i); });
  sheet.temperature = {0, 0, 0.5F, 2, 1e-6F, 1};
  sheet.seed = {1, 2, 3, 4, 5, 6};
  sheet.lengths = {5222, 5000, 700, 0, 2000, 1};
  sheet.args.temperature.data = sheet.temperature.data();
  sheet.args.seed.data = sheet.seed.data();
  sheet.args.lengths.data = sheet.lengths.data();
  sheet.want_tokens();
  for (const int blocks : {1, 2, 8}) ASSERT_TRUE(sheet.run(blocks, false));
}

}  // namespace
}  // namespace topkit::test::sample_stream_test
