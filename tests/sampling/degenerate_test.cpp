// Rows without a candidate, with infinities and NaN; sizes at the edge.
#include "support.hpp"

namespace topkit::test {
namespace {

// Every road: no filter, list, nucleus, min-p, greedy.
std::vector<tk_sampling> all_roads() {
  std::vector<tk_sampling> roads;
  for (const auto& [t, k, p, min_p] : {std::tuple{1.0F, 0, 1.0F, 0.0F},
                                       {1.0F, 3, 1.0F, 0.0F},
                                       {1.0F, 0, 0.9F, 0.0F},
                                       {1.0F, 0, 1.0F, 0.1F},
                                       {0.0F, 0, 1.0F, 0.0F},
                                       {2.0F, 40, 0.5F, 0.01F}}) {
    tk_sampling options = sampling();
    options.temperature = t;
    options.top_k = k;
    options.top_p = p;
    options.min_p = min_p;
    roads.push_back(options);
  }
  return roads;
}

void expect_invalid(const Sampled& s, std::size_t row) {
  EXPECT_EQ(s.valid[row], 0);
  EXPECT_EQ(s.tokens[row], 0);
  EXPECT_EQ(s.kept[row], 0);
  EXPECT_EQ(s.logprobs[row], -kInf);
  EXPECT_EQ(s.candidates[2 * row], -1);
  EXPECT_EQ(s.candidate_logprobs[2 * row], -kInf);
}

TEST(Degenerate, a_row_without_candidates_gives_token_0_and_is_not_valid) {
  constexpr std::int64_t kCols = 70;
  std::vector<float> x(4 * kCols, -kInf);
  std::fill(x.begin() + kCols, x.begin() + 2 * kCols, kNaN);
  std::fill(x.begin() + 2 * kCols, x.begin() + 3 * kCols, 1.0F);  // this one is masked
  x[3 * kCols + 5] = 2;                                           // and this one is right
  const std::vector<std::uint32_t> words(3, 0);
  const std::vector<std::int32_t> map{-1, -1, 0, -1};
  View mask(words, {1, 3}), mask_map(map, {4});
  for (tk_sampling options : all_roads()) {
    for (const std::string& isa : isas()) {
      options.isa = isa.c_str();
      options.mask = mask.get();
      options.mask_map = mask_map.get();
      const Sampled s = sample(x, {4, kCols, 1, 2}, options);
      for (const std::size_t row : {0U, 1U}) expect_invalid(s, row);
      EXPECT_EQ(s.valid[2], 0);
      EXPECT_EQ(s.tokens[2], 0);
      EXPECT_EQ(s.kept[2], 0);
      EXPECT_EQ(s.valid[3], 1);
      EXPECT_EQ(s.tokens[3], 5);
      EXPECT_EQ(s.kept[3], 1);
      EXPECT_EQ(s.logprobs[3], 0);
      const auto shares = filter(x, 4, kCols, options, TK_FILTER_PROBABILITIES);
      for (std::size_t i = 0; i < shares.size(); ++i) EXPECT_EQ(shares[i], i == 3 * kCols + 5 ? 1 : 0);
      const auto logits = filter(x, 4, kCols, options, TK_FILTER_LOGITS);
      for (std::size_t i = 0; i < 3 * kCols; ++i) EXPECT_EQ(logits[i], -kInf);
    }
  }
}

TEST(Degenerate, a_row_of_length_0_has_no_candidate) {
  const std::vector<float> x(20, 1);
  const std::vector<std::int64_t> n{0, 1};
  View lengths(n, {2});
  for (tk_sampling options : all_roads()) {
    options.lengths = lengths.get();
    const Sampled s = sample(x, {2, 10, 1, 2}, options);
    expect_invalid(s, 0);
    EXPECT_EQ(s.valid[1], 1);
    EXPECT_EQ(s.tokens[1], 0);
    EXPECT_EQ(filter(x, 2, 10, options, TK_FILTER_PROBABILITIES)[10], 1);
    EXPECT_EQ(filter(x, 2, 10, options, TK_FILTER_PROBABILITIES)[11], 0);
  }
}

TEST(Degenerate, tokens_of_plus_infinity_share_the_draw) {
  std::vector<float> x(300, 3);
  x[7] = x[100] = x[299] = kInf;
  x[8] = kNaN;
  for (tk_sampling options : all_roads()) {
    for (const std::string& isa : isas()) {
      options.isa = isa.c_str();
      if (options.top_p == 0.5F) continue;  // half of three is two
      options.logprob_of = TK_LOGPROB_PROCESSED;
      const Sampled s = sample(x, {1, 300, 64, 5}, options);
      const bool greedy = options.temperature == 0;
      std::vector<int> hits(300);
      for (const std::int64_t token : s.tokens) ++hits[static_cast<std::size_t>(token)];
      EXPECT_EQ(hits[7] + hits[100] + hits[299], 64);
      EXPECT_EQ(hits[7] == 64, greedy);
      EXPECT_EQ(hits[7] > 5 && hits[100] > 5 && hits[299] > 5, !greedy);
      EXPECT_NEAR(s.logprobs[0], greedy ? 0 : -std::log(3.0F), 1e-6);
      EXPECT_EQ(s.candidates[0], 7);
      EXPECT_EQ(s.candidates[1], greedy ? -1 : 100);
    }
  }
}

TEST(Degenerate, plus_infinity_ties_with_the_largest_number) {
  constexpr float kMost = std::numeric_limits<float>::max();
  std::vector<float> x(50, 0);
  x[3] = x[30] = kMost;
  x[20] = x[40] = kInf;
  tk_sampling options = sampling();
  for (const std::string& isa : isas()) {
    options.isa = isa.c_str();
    options.top_k = 3;
    EXPECT_EQ(sample(x, {1, 50, 1, 4}, options).candidates, (std::vector<std::int64_t>{3, 20, 30, -1}));
    options.top_k = 0;
    EXPECT_EQ(sample(x, {1, 50, 1, 6}, options).candidates[4], 0);  // y = -inf, but a candidate
    options.temperature = 0;
    EXPECT_EQ(draw(x, {1, 50}, options)[0], 3);
    options.temperature = 1;
  }
}

TEST(Degenerate, extreme_temperatures_and_logits_stay_in_the_row) {
  std::vector<float> x = normal_logits(1000, 1, 4);
  x[1] = -3e38F;
  x[2] = 1e-40F;
  tk_sampling options = sampling();
  for (const float t : {1.1e-5F, 1e-3F, 1e10F, 1.8e19F, 3e38F}) {
    for (const float spread : {1.0F, 1e30F}) {
      std::vector<float> scaled = x;
      for (std::size_t i = 3; i < scaled.size(); ++i) scaled[i] *= spread;
      options.temperature = t;
      for (const float p : {1.0F, 0.9F}) {
        options.top_p = p;
        const Sampled s = sample(scaled, {1, 1000, 16, 2}, options);
        EXPECT_EQ(s.valid[0], 1);
        EXPECT_GE(s.kept[0], 1);
        for (const std::int64_t token : s.tokens) EXPECT_TRUE(token >= 0 && token < 1000);
        EXPECT_EQ(s.candidates[0], std::max_element(scaled.begin(), scaled.end()) - scaled.begin());
        for (const float logprob : s.logprobs) EXPECT_LE(logprob, 1e-6);
      }
    }
  }
}

TEST(Degenerate, one_token_and_no_rows) {
  const std::vector<float> x{-3};
  for (const tk_sampling& options : all_roads()) {
    const Sampled s = sample(x, {1, 1, 2, 2}, options);
    EXPECT_EQ(s.tokens, (std::vector<std::int64_t>{0, 0}));
    EXPECT_EQ(s.logprobs, (std::vector<float>{0, 0}));
    EXPECT_EQ(s.kept[0], 1);
    const std::vector<float> none;
    for (const std::vector<std::int64_t>& strides : {std::vector<std::int64_t>{}, std::vector<std::int64_t>{0, 0}}) {
      View no_rows(const_cast<float*>(none.data()), dl_type<float>(), {0, 5}, strides);
      EXPECT_TRUE(sample_view(no_rows.get(), {0, 5, 1, 0}, options).tokens.empty());
    }
  }
}

TEST(Degenerate, rows_touch_nothing_beyond_them) {
  // Every length of the last vector, at the end of its memory (AddressSanitizer sees one byte too far).
  for (std::int64_t cols = 1; cols < 70; ++cols) {
    const std::vector<float> x = normal_logits(cols, 1, 5);
    for (const tk_sampling& options : all_roads()) {
      const Sampled s = sample(x, {1, cols, 3, 2}, options);
      for (const std::int64_t token : s.tokens) EXPECT_TRUE(token >= 0 && token < cols);
      filter(x, 1, cols, options, TK_FILTER_PROBABILITIES);
    }
  }
}

}  // namespace
}  // namespace topkit::test
