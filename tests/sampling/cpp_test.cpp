// The C++ face of sampling: the examples of its header, and that every field of its options arrives.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <topkit/sampling.hpp>
#include <vector>

namespace {

TEST(SamplingCpp, examples_of_the_header) {
  std::vector<float> logits{1.0F, 3.0F, 2.0F, 3.0F};
  auto drawn = topkit::sample(logits, {.temperature = 0.8F, .top_k = 3, .top_p = 0.9F, .seed = 7});
  EXPECT_TRUE(drawn.tokens[0] == 1 || drawn.tokens[0] == 2 || drawn.tokens[0] == 3);
  EXPECT_EQ(drawn.valid, std::vector<std::uint8_t>{1});
  auto greedy = topkit::sample(logits, {.temperature = 0});
  EXPECT_EQ(greedy.tokens, std::vector<std::int64_t>{1});
  auto shares = topkit::probabilities(logits, {.top_k = 3});
  EXPECT_EQ(shares[0], 0);
  EXPECT_NEAR(shares[1], 0.42, 0.005);
  EXPECT_NEAR(shares[2], 0.16, 0.005);
  EXPECT_EQ(shares[1], shares[3]);
  auto best = topkit::topn_logprobs(logits, 2);
  EXPECT_EQ(best.ids, (std::vector<std::int64_t>{1, 3}));
  EXPECT_NEAR(best.logprobs[0], -0.9, 0.05);
  EXPECT_EQ(best.logprobs[0], best.logprobs[1]);
}

TEST(SamplingCpp, row_arrays_and_masks_arrive) {
  const std::vector<float> logits{1, 2, 3, 4, 4, 3, 2, 1};
  const topkit::MatrixView x(logits.data(), 2, 4);
  const std::vector<float> t{0, 0, 0};
  const std::vector<std::int64_t> map{1, 0, 1}, mask_map{-1, 0, 0}, lengths{4, 3, 4};
  const std::vector<std::uint32_t> words{0b1110};
  const auto s = topkit::sample<std::int32_t>(x, {.row_temperature = t,
                                                  .mask = {words.data(), 1, 1},
                                                  .mask_map = mask_map,
                                                  .row_map = map,
                                                  .lengths = lengths,
                                                  .kept = true,
                                                  .candidates = 2});
  EXPECT_EQ(s.tokens, (std::vector<std::int32_t>{0, 2, 1}));
  EXPECT_EQ(s.kept, (std::vector<std::int32_t>{1, 1, 1}));
  EXPECT_EQ(s.candidates, (std::vector<std::int32_t>{0, -1, 2, -1, 1, -1}));
}

TEST(SamplingCpp, every_scalar_arrives) {
  const std::vector<float> logits{0, 0.1F, 0.2F, 0.3F};
  const std::vector<std::int64_t> ids{0};
  const std::vector<float> bias{5};
  EXPECT_EQ(topkit::sample(logits, {.temperature = 0, .bias_ids = ids, .bias = bias}).tokens[0], 0);
  EXPECT_EQ(topkit::filter_logits(logits, {.temperature = 2, .top_k = 1})[3], 0.3F);  // greedy: temperature 1
  EXPECT_EQ(topkit::filter_logits(logits, {.temperature = 2, .top_k = 2})[3], 0.15F);
  EXPECT_EQ(topkit::probabilities(logits, {.min_p = 1})[3], 1);
  EXPECT_EQ(topkit::probabilities(logits, {.top_p = 0})[3], 1);
  EXPECT_NEAR(topkit::filter_logits(logits, {.softcap = 0.1F})[3], 0.1F * std::tanh(3.0F), 1e-6);
  const topkit::SamplingRules llama = topkit::preset("llamacpp");
  EXPECT_TRUE(llama.temperature_last);
  EXPECT_EQ(llama.top_p_of, topkit::TopPOf::top_k);
  EXPECT_EQ(topkit::sample(logits, {.draws = 5}).tokens.size(), 5U);
  const auto a = topkit::sample(logits, {.seed = 1, .draws = 64}).tokens;
  EXPECT_NE(a, topkit::sample(logits, {.seed = 2, .draws = 64}).tokens);
  EXPECT_NE(a, topkit::sample(logits, {.seed = 1, .position = 1, .draws = 64}).tokens);
  const auto later = topkit::sample(logits, {.seed = 1, .draw = 1, .draws = 63}).tokens;
  EXPECT_TRUE(std::equal(later.begin(), later.end(), a.begin() + 1));
  const auto processed =
      topkit::sample(logits, {.top_k = 1, .logprob_of = topkit::LogprobOf::processed, .logprobs = true});
  EXPECT_EQ(processed.logprobs[0], 0);
}

TEST(SamplingCpp, looks_up_tokens_and_probes) {
  const std::vector<float> logits{0, 1, 2, 3, 3, 2, 1, 0};
  const std::vector<std::int64_t> tokens{2, 2}, probes{0, -1}, n{1, 2};
  const auto all = topkit::topn_logprobs(topkit::MatrixView(logits.data(), 2, 4), 2,
                                         {.tokens = tokens, .probes = probes, .row_n = n});
  EXPECT_EQ(all.ids, (std::vector<std::int64_t>{3, -1, 0, 1}));
  EXPECT_EQ(all.logprobs[1], -std::numeric_limits<float>::infinity());
  EXPECT_EQ(all.token_ranks, (std::vector<std::int32_t>{2, 3}));
  EXPECT_NEAR(all.token_logprobs[0], all.logprobs[0] - 1, 1e-6);
  EXPECT_NEAR(all.probe_logprobs[0], all.logprobs[0] - 3, 1e-6);
  EXPECT_TRUE(std::isnan(all.probe_logprobs[1]));
  EXPECT_NEAR(all.logsumexp[0], std::log(1 + std::exp(1) + std::exp(2) + std::exp(3)), 1e-6);
}

TEST(SamplingCpp, errors_name_the_argument) {
  const std::vector<float> logits{0, 1};
  const auto sentence = [&](const topkit::SampleOptions& options) {
    try {
      topkit::sample(logits, options);
      return std::string();
    } catch (const topkit::Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_EQ(sentence({.temperature = -1}), "temperature = -1: must be finite and not negative");
  EXPECT_EQ(sentence({.draws = -1}), "draws = -1: must not be negative");
  EXPECT_THROW(topkit::preset("nobody"), topkit::Error);
  EXPECT_THROW(topkit::topn_logprobs(logits, -1), topkit::Error);
}

}  // namespace
