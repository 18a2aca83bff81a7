// topn_logprobs and the logprobs of samples against float64.
#include "oracle.hpp"

namespace topkit::test {
namespace {

struct Topn {
  std::vector<std::int32_t> ids, ranks;
  std::vector<float> logprobs, token_logprobs, probe_logprobs, logsumexp;
};

Topn topn(const std::vector<float>& x, std::int64_t cols, std::int64_t n, const std::vector<std::int64_t>& tokens,
          const std::vector<std::int64_t>& probes, const tk_sampling& options, const DLTensor* row_n = nullptr) {
  const auto rows = static_cast<std::int64_t>(x.size()) / cols, p = static_cast<std::int64_t>(probes.size()) / rows;
  const auto size = [](std::int64_t count) { return static_cast<std::size_t>(count); };
  Topn t{.ids = std::vector<std::int32_t>(size(rows * n), -7),
         .ranks = std::vector<std::int32_t>(size(rows), -7),
         .logprobs = std::vector<float>(size(rows * n), -7),
         .token_logprobs = std::vector<float>(size(rows), -7),
         .probe_logprobs = std::vector<float>(size(rows * p), -7),
         .logsumexp = std::vector<float>(size(rows), -7)};
  View logits(x, {rows, cols}), in_tokens(tokens, {rows}), in_probes(probes, {rows, p}), ids(t.ids, {rows, n}),
      logprobs(t.logprobs, {rows, n}), token_logprobs(t.token_logprobs, {rows}), ranks(t.ranks, {rows}),
      probe_logprobs(t.probe_logprobs, {rows, p}), logsumexp(t.logsumexp, {rows});
  tk_logprobs all;
  tk_logprobs_init(&all);
  all.tokens = in_tokens.get();
  all.probes = in_probes.get();
  all.row_n = row_n;
  all.ids = ids.get();
  all.logprobs = logprobs.get();
  all.token_logprobs = token_logprobs.get();
  all.token_ranks = ranks.get();
  all.probe_logprobs = probe_logprobs.get();
  all.logsumexp = logsumexp.get();
  EXPECT_EQ(tk_topn_logprobs(logits.get(), &options, &all, nullptr, nullptr), TK_OK) << tk_last_error();
  return t;
}

TEST(Logprobs, agree_with_a_log_softmax_in_float64) {
  for (const std::int64_t cols : {1, 3, 100, 3001}) {
    constexpr std::int64_t kRows = 3;
    std::vector<float> x = normal_logits(kRows * cols, 4, 17);
    if (cols > 3) {
      x[1] = kNaN;
      x[2] = -kInf;
      x[7] = x[8];  // ties share a rank
    }
    const std::vector<std::int64_t> tokens{cols / 2, 0, cols - 1}, probes{0, -1, cols - 1, cols / 3, 0, 0};
    for (const float temperature : {1.0F, 0.0F, 2.5F}) {
      for (const std::string& isa : isas()) {
        tk_sampling options = sampling();
        options.temperature = temperature;
        options.isa = isa.c_str();
        const std::int64_t n = std::min<std::int64_t>(cols, 20);
        const Topn t = topn(x, cols, n, tokens, probes, options);
        for (std::int64_t r = 0; r < kRows; ++r) {
          const std::vector<double> z = widened(x, r, cols);
          const std::vector<std::int64_t> order = oracle_order(z);
          const double by = temperature > 0 ? temperature : 1;
          double sum = 0;
          for (const std::int64_t i : order) sum += std::exp(z[static_cast<std::size_t>(i)] / by);
          const auto logprob = [&](std::int64_t i) { return z[static_cast<std::size_t>(i)] / by - std::log(sum); };
          const auto row = static_cast<std::size_t>(r);
          EXPECT_NEAR(t.logsumexp[row], std::log(sum), 1e-5);
          for (std::int64_t j = 0; j < n && j < static_cast<std::int64_t>(order.size()); ++j) {
            const auto place = static_cast<std::size_t>(r * n + j);
            EXPECT_EQ(t.ids[place], order[static_cast<std::size_t>(j)]);
            EXPECT_NEAR(t.logprobs[place], logprob(t.ids[place]), 1e-5);
          }
          const auto token = static_cast<std::size_t>(tokens[row]);
          EXPECT_NEAR(t.token_logprobs[row], logprob(tokens[row]), 1e-5);
          EXPECT_EQ(t.ranks[row], 1 + std::count_if(z.begin(), z.end(), [&](double v) { return v > z[token]; }));
          for (std::size_t j = 0; j < 2; ++j) {
            const std::int64_t id = probes[2 * row + j];
            if (id < 0)
              EXPECT_TRUE(std::isnan(t.probe_logprobs[2 * row + j]));
            else
              EXPECT_NEAR(t.probe_logprobs[2 * row + j], logprob(id), 1e-5);
          }
        }
      }
    }
  }
}

TEST(Logprobs, of_samples_are_those_of_the_kept) {
  const std::vector<float> x = normal_logits(2000, 2, 5);
  for (const auto& [k, p, last] : {std::tuple{0, 1.0F, 0}, {0, 0.8F, 0}, {30, 0.9F, 0}, {30, 0.9F, 1}, {0, 0.9F, 1}}) {
    tk_sampling options = sampling();
    options.temperature = 0.7F;
    options.top_k = k;
    options.top_p = p;
    options.temperature_last = last;
    options.logprob_of = TK_LOGPROB_PROCESSED;
    const std::vector<double> z = widened(x, 0, 2000);
    const std::vector<std::int64_t> kept = oracle_kept(z, options).ids;
    const std::vector<double> shares = softmax(z, kept, 0.7);
    const Sampled s = sample(x, {1, 2000, 30, 10}, options);
    EXPECT_EQ(s.kept[0], static_cast<std::int32_t>(kept.size()));
    for (std::size_t d = 0; d < 30; ++d) {
      const auto at = static_cast<std::size_t>(std::find(kept.begin(), kept.end(), s.tokens[d]) - kept.begin());
      ASSERT_LT(at, kept.size());
      EXPECT_NEAR(s.logprobs[d], std::log(shares[at]), 1e-5);
    }
    for (std::size_t j = 0; j < 10; ++j) EXPECT_NEAR(s.candidate_logprobs[j], std::log(shares[j]), 1e-5);
  }
}

TEST(Logprobs, rows_ask_for_different_numbers_and_may_have_no_candidate) {
  std::vector<float> x = normal_logits(3 * 50, 1, 9);
  std::fill(x.begin() + 50, x.begin() + 100, -kInf);
  const std::vector<std::int32_t> n{0, 3, 2};
  View row_n(n, {3});
  const Topn t = topn(x, 50, 4, {1, 1, -1}, {1, 2, 49}, sampling(), row_n.get());
  EXPECT_EQ(t.ids[0], -1);
  EXPECT_EQ(t.logprobs[0], -kInf);
  EXPECT_TRUE(std::isfinite(t.token_logprobs[0]));
  for (std::size_t j = 4; j < 8; ++j) {
    EXPECT_EQ(t.ids[j], -1);
    EXPECT_EQ(t.logprobs[j], -kInf);
  }
  EXPECT_EQ(t.logsumexp[1], -kInf);
  EXPECT_EQ(t.token_logprobs[1], -kInf);
  EXPECT_EQ(t.ranks[1], 1);
  EXPECT_TRUE(t.ids[8] >= 0 && t.ids[9] >= 0);
  EXPECT_EQ(t.ids[10], -1);
  EXPECT_TRUE(std::isnan(t.token_logprobs[2]));
  EXPECT_EQ(t.ranks[2], 0);
}

TEST(Logprobs, are_the_same_bits_on_every_instruction_set) {
  const std::vector<float> x = normal_logits(4 * 5000, 3, 1);
  tk_sampling options = sampling();
  const Topn first = topn(x, 5000, 20, {1, 2, 3, 4}, {9, 8, 7, 6}, options);
  for (const std::string& isa : isas()) {
    options.isa = isa.c_str();
    const Topn t = topn(x, 5000, 20, {1, 2, 3, 4}, {9, 8, 7, 6}, options);
    EXPECT_EQ(t.logprobs, first.logprobs);
    EXPECT_EQ(t.token_logprobs, first.token_logprobs);
    EXPECT_EQ(t.probe_logprobs, first.probe_logprobs);
    EXPECT_EQ(t.logsumexp, first.logsumexp);
    EXPECT_EQ(t.ranks, first.ranks);
  }
}

}  // namespace
}  // namespace topkit::test
