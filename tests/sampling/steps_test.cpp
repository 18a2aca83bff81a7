// From logits to z: soft-cap, bias, mask, row_map, strides and lengths, against float64 and against doing it by hand.
#include "oracle.hpp"

namespace topkit::test {
namespace {

constexpr std::int64_t kCols = 333;

TEST(Steps, z_is_the_soft_capped_biased_and_masked_logit) {
  const std::vector<float> x = normal_logits(2 * kCols, 8, 31);
  const std::vector<std::int32_t> bias_ids{5, 9, 5, -1, 300, 332, 0, 1, -1, -1, -1, -1};
  const std::vector<float> bias{1.5F, -kInf, 2, 99, 4, -3, 7, 8, 1, 1, 1, 1};
  std::vector<std::uint32_t> words(2 * 11);
  std::mt19937 random(3);
  for (std::uint32_t& word : words) word = static_cast<std::uint32_t>(random()) | static_cast<std::uint32_t>(random());
  View ids(bias_ids, {2, 6}), values(bias, {2, 6}), mask(words, {2, 11});
  for (const float cap : {0.0F, 15.0F, 2.5F}) {
    tk_sampling options = sampling();
    options.softcap = cap;
    options.bias_ids = ids.get();
    options.bias = values.get();
    options.mask = mask.get();
    options.logprob_of = TK_LOGPROB_PROCESSED;
    for (const std::string& isa : isas()) {
      options.isa = isa.c_str();
      const std::vector<float> z = filter(x, 2, kCols, options, TK_FILTER_LOGITS);
      for (std::int64_t r = 0; r < 2; ++r) {
        std::vector<double> wanted = widened(x, r, kCols);
        for (double& v : wanted) v = cap > 0 ? cap * std::tanh(v / cap) : v;
        for (std::int64_t j = 0; j < 6; ++j)
          if (const std::int32_t id = bias_ids[static_cast<std::size_t>(6 * r + j)]; id >= 0)
            wanted[static_cast<std::size_t>(id)] += bias[static_cast<std::size_t>(6 * r + j)];
        for (std::int64_t i = 0; i < kCols; ++i) {
          double& v = wanted[static_cast<std::size_t>(i)];
          if ((words[static_cast<std::size_t>(11 * r + i / 32)] >> (i % 32) & 1) == 0) v = -INFINITY;
          const float found = z[static_cast<std::size_t>(r * kCols + i)];
          if (std::isinf(v))
            EXPECT_EQ(found, -kInf) << i;
          else
            EXPECT_NEAR(found, v, 1e-5) << i;
        }
        // Drawn, listed and counted from the same z.
        const std::vector<std::int64_t> order = oracle_order(wanted);
        const Sampled s = sample(x, {2, kCols, 20, 1}, options);
        EXPECT_EQ(s.candidates[static_cast<std::size_t>(r)], order[0]);
        EXPECT_EQ(s.kept[static_cast<std::size_t>(r)], static_cast<std::int32_t>(order.size()));
        for (std::int64_t d = 0; d < 20; ++d)
          EXPECT_TRUE(std::isfinite(wanted[static_cast<std::size_t>(s.tokens[static_cast<std::size_t>(20 * r + d)])]));
      }
    }
  }
}

TEST(Steps, raw_logprobs_know_nothing_of_bias_mask_and_temperature) {
  const std::vector<float> x = normal_logits(kCols, 3, 7);
  const std::vector<std::int64_t> bias_ids{4};
  const std::vector<float> bias{40};
  std::vector<std::uint32_t> words(11, ~0U);
  words[3] = 0;
  View ids(bias_ids, {1}), values(bias, {1}), mask(words, {1, 11});
  for (const float cap : {0.0F, 5.0F}) {
    tk_sampling options = sampling();
    options.temperature = 0.5F;
    options.top_k = 20;
    options.softcap = cap;
    std::vector<double> raw = widened(x, 0, kCols);
    for (double& v : raw) v = cap > 0 ? cap * std::tanh(v / cap) : v;
    double sum = 0;
    for (const double v : raw) sum += std::exp(v);
    const auto expect_raw = [&] {
      const Sampled s = sample(x, {1, kCols, 10, 0}, options);
      for (std::size_t d = 0; d < 10; ++d)
        EXPECT_NEAR(s.logprobs[d], raw[static_cast<std::size_t>(s.tokens[d])] - std::log(sum), 2e-5);
    };
    expect_raw();
    options.mask = mask.get();
    expect_raw();
    options.bias_ids = ids.get();
    options.bias = values.get();
    expect_raw();
    EXPECT_EQ(draw(x, {1, kCols}, options)[0], 4);  // the bias decides
  }
}

TEST(Steps, rows_of_any_stride_and_map_are_the_same_rows) {
  constexpr std::int64_t kStride = 352;  // a padded vocabulary, whose padding beats everything
  std::vector<float> padded(3 * kStride, 1000.0F);
  const std::vector<float> x = normal_logits(3 * kCols, 2, 8);
  for (std::int64_t r = 0; r < 3; ++r) std::copy_n(x.begin() + r * kCols, kCols, padded.begin() + r * kStride);
  tk_sampling options = sampling();
  for (const std::int32_t k : {0, 20}) {
    options.top_k = k;
    const Sampled wanted = sample(x, {3, kCols, 4, 5}, options);
    View strided(padded.data(), dl_type<float>(), {3, kCols}, {kStride, 1});
    EXPECT_TRUE(sample_view(strided.get(), {3, kCols, 4, 5}, options) == wanted);
    View whole(padded.data(), dl_type<float>(), {3, kStride});
    const std::vector<std::int32_t> n(3, kCols);
    View lengths(n, {3});
    options.lengths = lengths.get();
    EXPECT_TRUE(sample_view(whole.get(), {3, kStride, 4, 5}, options) == wanted);
    options.lengths = nullptr;

    const std::vector<std::int32_t> rows{2, 2, 0, 1, 2};
    View map(rows, {5});
    options.row_map = map.get();
    const Sampled mapped = sample(x, {5, kCols, 4, 5}, options);
    for (std::size_t j = 0; j < rows.size(); ++j)
      for (std::size_t d = 0; d < 4; ++d)
        EXPECT_EQ(mapped.tokens[4 * j + d], wanted.tokens[4 * static_cast<std::size_t>(rows[j]) + d]);
    options.row_map = nullptr;

    View broadcast(padded.data(), dl_type<float>(), {2, kCols}, {0, 1});  // as logits.expand(2, -1)
    const Sampled twice = sample_view(broadcast.get(), {2, kCols, 4, 5}, options);
    for (std::size_t d = 0; d < 8; ++d) EXPECT_EQ(twice.tokens[d], wanted.tokens[d % 4]);
  }
}

TEST(Steps, a_list_of_bias_for_all_rows) {
  const std::vector<float> x(2 * 40, 0);
  const std::vector<std::int64_t> bias_ids{3, 17};
  const std::vector<float> bias{1, 2};
  View ids(bias_ids, {2}), values(bias, {2});
  tk_sampling options = sampling();
  options.bias_ids = ids.get();
  options.bias = values.get();
  options.temperature = 0;
  EXPECT_EQ(draw(x, {2, 40}, options), (std::vector<std::int64_t>{17, 17}));
}

}  // namespace
}  // namespace topkit::test
