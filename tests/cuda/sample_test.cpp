// The sampling kernels on the host stand-in against the plain telling of the rules: every parameter by row, every spread of a
// row over blocks, and rows that their lists of the best do not answer.
#include "sample_sheet.hpp"

namespace topkit::test::sample_test {
namespace {

TEST(Sample, draws_among_the_k_best) {
  for (const int blocks : {1, 2, 8})
    for (const std::int32_t k : {1, 7, 50, 100, 256}) {
      Sheet sheet(2, 3001, normal);
      sheet.args.top_k.value = k;
      sheet.want(3, 9);
      ASSERT_TRUE(sheet.run(blocks)) << k;
    }
}

TEST(Sample, top_p_and_min_p_cut_the_list) {
  for (const int blocks : {1, 4})
    for (const float p : {0.0F, 0.3F, 0.9F, 0.999F})
      for (const float min_p : {0.0F, 0.02F, 1.0F})
        for (const TopPOf of : {TopPOf::kept, TopPOf::top_k, TopPOf::all}) {
          Sheet sheet(1, 2500, normal);
          sheet.args.top_k.value = 60;
          sheet.args.top_p.value = p;
          sheet.args.min_p.value = min_p;
          sheet.args.temperature.value = 0.7F;
          sheet.args.problem.top_p_of = of;
          sheet.args.problem.temperature_last = p == 0.3F;
          sheet.args.problem.top_p_inclusive = min_p == 0;
          sheet.args.problem.logprob_of = LogprobOf::processed;
          sheet.want(2, 5);
          ASSERT_TRUE(sheet.run(blocks)) << p << " " << min_p;
        }
}

TEST(Sample, no_filter_draws_over_the_whole_row) {
  for (const int blocks : {1, 2, 16})
    for (const LogprobOf of : {LogprobOf::raw, LogprobOf::processed})
      for (const float min_p : {0.0F, 0.001F}) {
        Sheet sheet(3, 4003, normal, DType::f32, 3);
        sheet.args.temperature.value = 1.5F;
        sheet.args.min_p.value = min_p;
        sheet.args.problem.logprob_of = of;
        sheet.want(2, 0);
        ASSERT_TRUE(sheet.run(blocks));
      }
}

TEST(Sample, a_nucleus_longer_than_the_list) {
  for (const int blocks : {1, 2, 8})
    for (const float p : {0.2F, 0.99F, 0.9999999F})
      for (const int shape : {0, 1, 2}) {
        Sheet sheet(1, 2100, [&](std::int64_t r, std::int64_t i) {
          return shape == 0 ? normal(r, i) / 30 : shape == 1 ? static_cast<float>(i % 3) : 1.0F;
        });
        sheet.args.top_p.value = p;
        sheet.args.problem.top_p_of = blocks == 2 ? TopPOf::all : TopPOf::kept;
        sheet.args.problem.logprob_of = LogprobOf::processed;
        sheet.want(1, 12);
        ASSERT_TRUE(sheet.run(blocks)) << p << " " << shape;
        sheet.args.min_p.value = 0.5F;
        ASSERT_TRUE(sheet.run(blocks)) << p << " " << shape;
      }
}

// Where only tokens are asked for, nobody looks for the nucleus' end.
TEST(Sample, tokens_of_a_nucleus_of_any_length) {
  for (const int blocks : {1, 2, 8})
    for (const float p : {0.0F, 0.05F, 0.6F, 0.99F})
      for (const int shape : {0, 1, 2, 3}) {
        Sheet sheet(2, 2100, [&](std::int64_t r, std::int64_t i) {
          return shape == 0   ? normal(r, i)
                 : shape == 1 ? normal(r, i) / 30
                 : shape == 2 ? static_cast<float>(i % 3)
                              : 1.0F;
        });
        sheet.args.top_p.value = p;
        sheet.args.temperature.value = 0.7F;
        sheet.args.problem.top_p_of = blocks == 2 ? TopPOf::all : TopPOf::kept;
        sheet.args.problem.top_p_inclusive = blocks == 8;
        sheet.args.problem.temperature_last = p == 0.6F;
        sheet.args.min_p.value = p == 0.99F ? 0.01F : 0;
        sheet.want(5, 0, shape != 1);
        sheet.args.problem.wants_kept = false;
        sheet.args.kept = {};
        for (const bool resident : {true, false})
          ASSERT_TRUE(sheet.run(blocks, resident)) << p << " " << shape << (resident ? "" : " reread");
      }
}

TEST(Sample, tokens_among_k_of_hundreds) {
  for (const int blocks : {1, 4})
    for (const std::int32_t k : {257, 1000, 2999}) {
      Sheet sheet(2, 3000, [&](std::int64_t r, std::int64_t i) {
        return k == 1000 ? static_cast<float>(i % 7) : normal(r, i) / 20;
      });
      sheet.args.top_k.value = k;
      sheet.want(4, 0, false);
      sheet.args.problem.wants_kept = false;
      sheet.args.kept = {};
      ASSERT_TRUE(sheet.run(blocks)) << k;
    }
}

TEST(Sample, k_of_hundreds_and_more) {
  for (const int blocks : {1, 4})
    for (const std::int32_t k : {257, 1000, 2999, 3000, 5000})
      for (const float p : {1.0F, 0.95F}) {
        Sheet sheet(1, 3000, [&](std::int64_t r, std::int64_t i) {
          return k == 1000 ? static_cast<float>(i % 7) : normal(r, i);
        });
        sheet.args.top_k.value = k;
        sheet.args.top_p.value = p;
        sheet.args.problem.logprob_of = LogprobOf::processed;
        // Several draws: each is a hop more, with or without one for the list before them.
        for (const std::int64_t listed : {0, 4}) {
          sheet.want(3, listed);
          ASSERT_TRUE(sheet.run(blocks)) << k << " " << p << " " << listed;
        }
      }
}

// Every hop must be numbered, and no other: a block that counts one that is not made waits for the wrong one later.
TEST(Sample, several_draws_behind_every_way_to_find_the_kept) {
  for (const std::int32_t k : {0, 40, 900})
    for (const float p : {1.0F, 0.9F})
      for (const LogprobOf of : {LogprobOf::raw, LogprobOf::processed}) {
        Sheet sheet(1, 1500, [](std::int64_t r, std::int64_t i) { return normal(r, i) / 3; });
        sheet.args.top_k.value = k;
        sheet.args.top_p.value = p;
        sheet.args.problem.logprob_of = of;
        sheet.want(4, of == LogprobOf::raw ? 3 : 0);
        ASSERT_TRUE(sheet.run(4)) << k << " " << p;
      }
}

TEST(Sample, rows_of_ties_and_trends_crowd_the_lists) {
  for (const int blocks : {1, 2, 4})
    for (const std::int32_t k : {1, 40, 200})
      for (const int shape : {0, 1, 2, 3}) {
        Sheet sheet(1, 5000, [&](std::int64_t, std::int64_t i) {
          return shape == 0   ? 1.0F
                 : shape == 1 ? static_cast<float>(i) / 100
                 : shape == 2 ? -static_cast<float>(i) / 100
                              : static_cast<float>(i > 4000        ? 2
                                                   : i % 1000 == 7 ? 3
                                                                   : 0);
        });
        sheet.args.top_k.value = k;
        sheet.want(2, 3);
        ASSERT_TRUE(sheet.run(blocks)) << k << " " << shape;
      }
}

TEST(Sample, infinities_nan_and_rows_without_candidates) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const int blocks : {1, 8})
    for (const std::int32_t k : {0, 5})
      for (const float p : {1.0F, 0.5F}) {
        Sheet sheet(7, 1001, [&](std::int64_t r, std::int64_t i) {
          switch (r) {
            case 0: return -kInfinity;
            case 1: return nan;
            case 2: return i % 100 == 3 ? kInfinity : normal(r, i);
            case 3: return i == 777 ? normal(r, i) : i % 2 == 0 ? nan : -kInfinity;
            case 4: return i % 2 == 0 ? nan : normal(r, i);
            case 5: return i % 2 == 0 ? -0.0F : 0.0F;
            default: return i == 5 ? 3.4e38F : i == 6 ? -3.4e38F : normal(r, i) * 1e37F;
          }
        });
        sheet.args.top_k.value = k;
        sheet.args.top_p.value = p;
        sheet.want(2, 4);
        ASSERT_TRUE(sheet.run(blocks)) << k << " " << p;
      }
}

TEST(Sample, every_parameter_by_row) {
  Sheet sheet(6, 2222, normal, DType::bf16);
  sheet.by_row(true);
  sheet.want(2, 8);
  for (const int blocks : {1, 2, 8, 16}) ASSERT_TRUE(sheet.run(blocks));
}

TEST(Sample, soft_cap_bias_mask_and_row_map) {
  const std::vector<std::int32_t> bias_ids{3, 900, 3, -1, 5000, 17, 1500};
  const std::vector<float> bias{2, 30, 1.5F, 9, 9, -kInfinity, -3};
  std::vector<std::uint32_t> mask(3 * 64);
  std::mt19937 random(1);
  for (std::uint32_t& word : mask) word = static_cast<std::uint32_t>(random());
  const std::vector<std::int32_t> map{1, 0, 1, 1}, mask_map{2, -1, 0, 1};
  for (const int blocks : {1, 4})
    for (const std::int32_t k : {0, 20})
      for (const LogprobOf of : {LogprobOf::raw, LogprobOf::processed}) {
        Sheet sheet(4, 1999, normal);
        sheet.args.problem.x_rows = 2;
        sheet.args.problem.has_bias = sheet.args.problem.has_mask = sheet.args.problem.has_softcap = true;
        sheet.args.row_map.data = map.data();
        sheet.args.softcap = 5;
        sheet.args.bias_ids = {bias_ids.data(), IndexType::i32, 0, 1, static_cast<std::int64_t>(bias_ids.size())};
        sheet.args.bias = {bias.data(), 0, 1};
        sheet.args.mask = mask.data();
        sheet.args.mask_stride = 64;
        sheet.args.mask_rows = 3;
        sheet.args.mask_map.data = mask_map.data();
        sheet.args.top_k.value = k;
        sheet.args.problem.logprob_of = of;
        sheet.want(2, 6);
        ASSERT_TRUE(sheet.run(blocks));
      }
}

TEST(Sample, filter_writes_what_sample_draws_from) {
  for (const int blocks : {1, 4})
    for (const FilterForm form : {FilterForm::logits, FilterForm::probabilities})
      for (const std::int32_t k : {0, 30, 400})
        for (const float p : {1.0F, 0.9F}) {
          Sheet sheet(2, 2001, [](std::int64_t r, std::int64_t i) { return r == 0 ? normal(r, i) : -kInfinity; });
          sheet.args.top_k.value = k;
          sheet.args.top_p.value = p;
          sheet.args.temperature.value = 0.8F;
          sheet.lengths = {1990, 2001};
          sheet.args.lengths.data = sheet.lengths.data();
          sheet.want_filtered(form);
          ASSERT_TRUE(sheet.run(blocks)) << k << " " << p;
        }
}

TEST(Sample, rows_that_are_read_again_for_each_step) {
  for (const int blocks : {1, 8})
    for (const std::int32_t k : {0, 30, 600})
      for (const float p : {1.0F, 0.97F}) {
        Sheet sheet(2, 2501, normal, DType::bf16, 1);
        sheet.args.top_k.value = k;
        sheet.args.top_p.value = p;
        sheet.want(1, 4);
        ASSERT_TRUE(sheet.run(blocks, false)) << k << " " << p;
      }
}

// A token's noise does not depend on where it lies: the same row at every alignment, alone or among others.
TEST(Sample, a_row_draws_the_same_wherever_it_is) {
  std::vector<std::int32_t> first;
  for (const std::int64_t gap : {0, 1, 2, 3}) {
    Sheet sheet(
        4, 1300, [](std::int64_t, std::int64_t i) { return normal(0, i); }, DType::f32, gap);
    sheet.want(5, 0);
    ASSERT_TRUE(sheet.run(gap % 2 == 0 ? 1 : 4));
    for (std::int64_t r = 0; r < 4; ++r) {
      const std::vector<std::int32_t> tokens(sheet.tokens.begin() + r * 5, sheet.tokens.begin() + r * 5 + 5);
      if (first.empty()) first = tokens;
      EXPECT_EQ(tokens, first);
    }
  }
  EXPECT_NE(first[0], first[1]);
}

}  // namespace
}  // namespace topkit::test::sample_test
