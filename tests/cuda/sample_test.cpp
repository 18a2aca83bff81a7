// The sampling kernels on the host stand-in against the plain telling of the rules: every parameter by row, every spread of a
// row over blocks, and rows that their lists of the best do not answer.
#include <gtest/gtest.h>

#include <bit>
#include <functional>
#include <random>

#include "cuda/kernels.hpp"
#include "cuda/simt/machine.hpp"
#include "sample_oracle.hpp"
#include "support/oracle.hpp"

namespace topkit::test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// One call with outputs of its own; fields of `args` may be changed before run().
struct Sheet {
  std::int64_t rows, cols, stride;
  DType dtype;
  SampleArgs args;
  std::vector<std::byte> x;
  std::vector<float> temperature, top_p, min_p;
  std::vector<std::int32_t> top_k, lengths;
  std::vector<std::uint64_t> seed;
  std::vector<std::int32_t> tokens, kept, candidates;
  std::vector<float> logprobs, candidate_logprobs, filtered;
  std::vector<std::uint8_t> valid;

  Sheet(std::int64_t n_rows, std::int64_t n_cols, const std::function<float(std::int64_t, std::int64_t)>& logit,
        DType type = DType::f32, std::int64_t gap = 0)
      : rows(n_rows), cols(n_cols), stride(n_cols + gap), dtype(type) {
    const auto size = static_cast<std::size_t>(bytes(type));
    x.resize(static_cast<std::size_t>(rows * stride) * size);
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t i = 0; i < stride; ++i) {
        const auto raw = std::bit_cast<std::uint32_t>(i < cols ? logit(r, i) : kInfinity);
        const std::uint32_t bits = type == DType::bf16 ? raw >> 16 : raw;
        std::memcpy(x.data() + static_cast<std::size_t>(r * stride + i) * size, &bits, size);
      }
    SampleProblem& p = args.problem;
    p = {.device = DeviceKind::cuda, .dtype = type, .id_type = IndexType::i32};
    p.rows = p.x_rows = rows;
    p.cols = cols;
    p.row_stride = stride;
    args.x = x.data();
    args.temperature.value = args.top_p.value = 1;
    args.seed.value = 7;
    args.position.value = 11;
  }

  void want(std::int64_t draws, std::int64_t listed, bool with_logprobs = true) {
    SampleProblem& p = args.problem;
    const auto fill = [](auto& column, std::int64_t count, auto value) {
      column.assign(static_cast<std::size_t>(count), value);
      return column.data();
    };
    p.draws = draws;
    p.listed = listed;
    p.wants_tokens = p.wants_kept = p.wants_valid = true;
    p.wants_logprobs = with_logprobs;
    args.tokens = {fill(tokens, rows * draws, -7), IndexType::i32, draws, 1};
    if (with_logprobs) args.logprobs = {fill(logprobs, rows * draws, 7.0F), draws, 1};
    args.kept = {fill(kept, rows, -7), 1, 1};
    args.valid = {fill(valid, rows, std::uint8_t{7}), 1, 1};
    if (listed > 0) {
      args.candidates = {fill(candidates, rows * listed, -7), IndexType::i32, listed, 1};
      args.candidate_logprobs = {fill(candidate_logprobs, rows * listed, 7.0F), listed, 1};
    }
  }
  void want_filtered(FilterForm form) {
    args.problem.op = SampleOp::filter;
    args.problem.form = form;
    filtered.assign(static_cast<std::size_t>(rows * cols), 7);
    args.filtered = {filtered.data(), cols, 1};
  }

  float logit(std::int64_t r, std::int64_t i) const {
    return static_cast<float>(decode(dtype, load_raw(dtype, x.data(), r * stride + i)));
  }

  testing::AssertionResult run(int blocks, bool resident = true) {
    static std::uint64_t order = 0;
    simt::settings().seed = order++ % 8;
    SampleProblem& p = args.problem;
    p.may_top_k = args.top_k.data != nullptr || args.top_k.value > 0;
    p.may_top_p = args.top_p.data != nullptr || args.top_p.value < 1;
    p.may_min_p = args.min_p.data != nullptr || args.min_p.value > 0;
    p.may_greedy = args.temperature.data != nullptr || args.temperature.value < 1e-5F;
    p.top_k = args.top_k.data != nullptr ? 0 : args.top_k.value;
    SamplePlan plan;
    plan.algorithm = resident ? SampleAlgorithm::cuda_resident : SampleAlgorithm::cuda_reread;
    plan.cluster_blocks = blocks;
    try {
      cuda::run_sample(plan, args, nullptr, nullptr);
    } catch (const std::exception& failure) {
      return testing::AssertionFailure() << failure.what() << " (" << blocks << " blocks)";
    }
    for (std::int64_t r = 0; r < rows; ++r)
      if (const std::string words = wrong(r); !words.empty())
        return testing::AssertionFailure() << "row " << r << ": " << words << " (" << blocks << " blocks, lane order "
                                           << simt::settings().seed << ")";
    return testing::AssertionSuccess();
  }

 private:
  std::string wrong(std::int64_t r) const {
    const SampleProblem& p = args.problem;
    const std::int64_t source = args.x_row(r);
    const SampledRow wanted = sampled_row(args, r, [&](std::int64_t i) { return logit(source, i); });
    const auto same = [](float a, float b) {
      return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
    };
    std::ostringstream words;
    if (p.op == SampleOp::filter) {
      for (std::int64_t i = 0; i < cols; ++i) {
        const float found = filtered[static_cast<std::size_t>(r * cols + i)];
        if (same(found, wanted.filtered[static_cast<std::size_t>(i)])) continue;
        words << "token " << i << " is " << found << ", not " << wanted.filtered[static_cast<std::size_t>(i)];
        return words.str();
      }
      return "";
    }
    const auto row = static_cast<std::size_t>(r);
    if (kept[row] != static_cast<std::int32_t>(wanted.kept.size()))
      words << "keeps " << kept[row] << ", not " << wanted.kept.size() << "; ";
    if ((valid[row] != 0) != wanted.valid) words << "valid is " << int{valid[row]} << "; ";
    for (std::int64_t j = 0; j < p.draws; ++j) {
      const auto at = static_cast<std::size_t>(r * p.draws + j), place = static_cast<std::size_t>(j);
      if (tokens[at] != wanted.tokens[place])
        words << "token " << tokens[at] << ", not " << wanted.tokens[place] << "; ";
      if (p.wants_logprobs && !same(logprobs[at], wanted.logprobs[place]))
        words << "logprob " << logprobs[at] << ", not " << wanted.logprobs[place] << "; ";
    }
    for (std::int64_t j = 0; j < p.listed; ++j) {
      const auto at = static_cast<std::size_t>(r * p.listed + j), place = static_cast<std::size_t>(j);
      const bool there = place < wanted.kept.size();
      if (candidates[at] != (there ? wanted.kept[place] : -1) ||
          !same(candidate_logprobs[at], there ? wanted.kept_logprobs[place] : -kInfinity)) {
        words << "candidate " << j << " is " << candidates[at] << " with " << candidate_logprobs[at];
        break;
      }
    }
    return words.str();
  }
};

float normal(std::int64_t r, std::int64_t i) {
  std::mt19937 random(static_cast<unsigned>(r * 1000003 + i));
  return std::normal_distribution<float>(0, 3)(random);
}

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
  sheet.temperature = {0, 1, 0.5F, 2, 1e-6F, 1};
  sheet.top_k = {0, 1, 40, 0, 300, 500};
  sheet.top_p = {0.5F, 1, 0.8F, 0.95F, 1, 0.6F};
  sheet.min_p = {0, 0, 0.1F, 0, 0.3F, 0};
  sheet.seed = {1, 2, 3, 4, 5, 6};
  sheet.lengths = {2222, 1, 700, 0, 2000, 2221};
  sheet.args.temperature.data = sheet.temperature.data();
  sheet.args.top_k.data = sheet.top_k.data();
  sheet.args.top_p.data = sheet.top_p.data();
  sheet.args.min_p.data = sheet.min_p.data();
  sheet.args.seed.data = sheet.seed.data();
  sheet.args.lengths.data = sheet.lengths.data();
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
}  // namespace topkit::test
