// A row's token depends on its logits, parameters, seed, position and draw, and on nothing else.
#include "support.hpp"

namespace topkit::test {
namespace {

TEST(Invariance, golden_draws) {
  // Made once and checked against float64 (draw_test.cpp); they must stay, and CUDA must give them too.
  const std::vector<float> x = [] {
    std::vector<float> logits(1000);
    std::uint32_t state = 12345;
    for (float& v : logits) v = static_cast<float>((state = state * 1664525 + 1013904223) >> 8) * 0x1p-20F - 8;
    return logits;
  }();
  struct Golden {
    std::int32_t k;
    float t, p, min_p;
    std::vector<std::int64_t> tokens;
  };
  const std::vector<Golden> golden{
      {0, 1.0F, 1.0F, 0.0F, {46, 914, 694, 46, 102, 194, 426, 565}},
      {50, 0.8F, 1.0F, 0.0F, {707, 799, 20, 40, 574, 35, 426, 215}},
      {50, 1.5F, 0.9F, 0.0F, {707, 215, 20, 40, 12, 35, 426, 215}},
      {0, 1.0F, 0.5F, 0.0F, {707, 215, 20, 40, 574, 35, 426, 215}},
      {0, 4.0F, 0.9F, 0.0F, {46, 914, 694, 283, 818, 194, 921, 565}},
      {0, 2.0F, 1.0F, 0.2F, {46, 914, 694, 46, 232, 35, 921, 565}},
  };
  for (const Golden& g : golden) {
    tk_sampling options = sampling();
    options.seed = 0xC0FFEE;
    options.position = 41;
    options.draw = 3;
    options.top_k = g.k;
    options.temperature = g.t;
    options.top_p = g.p;
    options.min_p = g.min_p;
    for (const std::string& isa : isas()) {
      options.isa = isa.c_str();
      EXPECT_EQ(draw(x, {1, 1000, 8}, options), g.tokens) << g.k << " " << g.p << " " << isa;
    }
  }
}

TEST(Invariance, shuffled_batches_give_the_same_tokens_in_any_number_of_threads) {
  constexpr std::int64_t kRows = 64, kCols = 1111;
  const std::vector<float> x = normal_logits(kRows * kCols, 2, 21);
  std::vector<float> t(kRows), p(kRows), min_p(kRows);
  std::vector<std::int32_t> k(kRows);
  std::vector<std::uint64_t> seed(kRows), position(kRows);
  for (std::size_t r = 0; r < kRows; ++r) {  // mixed: greedy, plain and filtered rows in one call
    t[r] = r % 5 == 0 ? 0 : 0.5F + static_cast<float>(r % 7) * 0.25F;
    k[r] = std::array{0, 1, 7, 50, 5000}[r % 5];
    p[r] = r % 3 == 0 ? 1 : 0.85F;
    min_p[r] = r % 4 == 0 ? 0.05F : 0;
    seed[r] = r * r;
    position[r] = 1000 - r;
  }
  const auto run = [&](const std::vector<std::int64_t>& order, std::int32_t threads) {
    std::vector<float> ts, ps, min_ps;
    std::vector<std::int32_t> ks;
    std::vector<std::uint64_t> seeds, positions;
    for (const std::int64_t i : order) {
      const auto r = static_cast<std::size_t>(i);
      ts.push_back(t[r]);
      ps.push_back(p[r]);
      min_ps.push_back(min_p[r]);
      ks.push_back(k[r]);
      seeds.push_back(seed[r]);
      positions.push_back(position[r]);
    }
    const auto rows = static_cast<std::int64_t>(order.size());
    View row_t(ts, {rows}), row_k(ks, {rows}), row_p(ps, {rows}), row_min_p(min_ps, {rows}), row_seed(seeds, {rows}),
        row_position(positions, {rows}), map(order, {rows});
    tk_sampling options = sampling();
    options.row_temperature = row_t.get();
    options.row_top_k = row_k.get();
    options.row_top_p = row_p.get();
    options.row_min_p = row_min_p.get();
    options.row_seed = row_seed.get();
    options.row_position = row_position.get();
    options.row_map = map.get();
    options.threads = threads;
    return sample(x, {rows, kCols, 2, 5}, options);
  };
  std::vector<std::int64_t> order(kRows);
  std::iota(order.begin(), order.end(), 0);
  const Sampled whole = run(order, 1);
  EXPECT_TRUE(run(order, 2) == whole);
  std::shuffle(order.begin(), order.end(), std::mt19937(4));
  const Sampled shuffled = run(order, 1);
  for (std::size_t j = 0; j < order.size(); ++j) {
    const auto r = static_cast<std::size_t>(order[j]);
    const Sampled alone = run({order[j]}, 1);
    for (std::size_t d = 0; d < 2; ++d) {
      EXPECT_EQ(shuffled.tokens[2 * j + d], whole.tokens[2 * r + d]);
      EXPECT_EQ(alone.tokens[d], whole.tokens[2 * r + d]);
    }
    EXPECT_EQ(shuffled.kept[j], whole.kept[r]);
    EXPECT_EQ(alone.logprobs[0], whole.logprobs[2 * r]);
  }
}

TEST(Invariance, the_type_of_the_logits_does_not_matter_where_they_are_equal) {
  // Halves of small whole numbers are the same in all three types.
  constexpr std::int64_t kRows = 3, kCols = 777;
  std::vector<float> x(kRows * kCols);
  std::mt19937 random(2);
  for (float& v : x) v = static_cast<float>(static_cast<int>(random() % 41) - 20) * 0.5F;
  x[5] = kInf;  // of row 0
  x[800] = kNaN;
  x[801] = -kInf;
  std::vector<std::uint16_t> bf16(x.size()), f16(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &x[i], 4);
    bf16[i] = static_cast<std::uint16_t>(bits >> 16);
    const std::uint32_t exponent = bits >> 23 & 0xFF, sign = bits >> 16 & 0x8000;
    const std::uint32_t magnitude = exponent == 255 ? 0x7C00 | (bits >> 13 & 0x3FF)
                                    : exponent == 0 ? 0
                                                    : (exponent - 112) << 10 | (bits >> 13 & 0x3FF);
    f16[i] = static_cast<std::uint16_t>(sign | magnitude);
  }
  for (const auto& [k, p] : {std::pair{0, 1.0F}, {0, 0.8F}, {20, 0.8F}}) {
    tk_sampling options = sampling();
    options.top_k = k;
    options.top_p = p;
    options.seed = 3;
    for (const std::string& isa : isas()) {
      options.isa = isa.c_str();
      const Sampled wanted = sample(x, {kRows, kCols, 9, 30}, options);
      View as_bf16(bf16.data(), {kDLBfloat, 16, 1}, {kRows, kCols}),
          as_f16(f16.data(), {kDLFloat, 16, 1}, {kRows, kCols});
      EXPECT_TRUE(sample_view(as_bf16.get(), {kRows, kCols, 9, 30}, options) == wanted) << isa << k;
      EXPECT_TRUE(sample_view(as_f16.get(), {kRows, kCols, 9, 30}, options) == wanted) << isa << k;
    }
  }
}

TEST(Invariance, draws_are_numbered_from_draw_on) {
  const std::vector<float> x = normal_logits(300, 1, 6);
  tk_sampling options = sampling();
  const auto all = draw(x, {1, 300, 40}, options);
  options.draw = 25;
  const auto later = draw(x, {1, 300, 15}, options);
  EXPECT_TRUE(std::equal(later.begin(), later.end(), all.begin() + 25));
}

TEST(Invariance, top_k_of_one_is_temperature_zero_also_on_ties) {
  std::vector<float> x(100, 1.5F);
  x[0] = 0;
  x[40] = -0.0F;
  for (const float t : {0.0F, 1e-5F, 1.0F, 100.0F}) {
    tk_sampling options = sampling();
    options.temperature = t;
    options.top_k = t > 1e-5F ? 1 : 0;
    for (options.seed = 0; options.seed < 20; ++options.seed) {
      const Sampled s = sample(x, {1, 100, 1, 3}, options);
      EXPECT_EQ(s.tokens[0], 1);
      EXPECT_EQ(s.kept[0], 1);
      EXPECT_EQ(s.candidates, (std::vector<std::int64_t>{1, -1, -1}));
      EXPECT_EQ(s.candidate_logprobs, (std::vector<float>{0, -kInf, -kInf}));
    }
  }
}

}  // namespace
}  // namespace topkit::test
