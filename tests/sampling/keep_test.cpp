// The kept sets of top-k, top-p and min-p against float64, on every instruction set.
#include <random>
#include <tuple>

#include "oracle.hpp"
#include "real_logits.hpp"

namespace topkit::test {
namespace {

enum class Kind { normal, peaked, uniform, equal, steps, rising };

std::vector<float> logits_of(Kind kind, std::int64_t cols, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(0, 1);
  std::vector<float> x(static_cast<std::size_t>(cols));
  for (std::size_t i = 0; i < x.size(); ++i) {
    switch (kind) {
      case Kind::normal: x[i] = 2 * normal(random); break;
      case Kind::peaked: x[i] = 0.3F * normal(random) + (random() % 97 == 0 ? 9.0F : 0.0F); break;
      case Kind::uniform: x[i] = static_cast<float>(random() % 100000) * 1e-4F; break;
      case Kind::equal: x[i] = 1.25F; break;
      case Kind::steps: x[i] = static_cast<float>(random() % 7) * 0.5F; break;
      case Kind::rising: x[i] = static_cast<float>(i) * 1e-3F; break;
    }
  }
  return x;
}

// Kept sets by all three doors: filter's two forms and sample's candidates.
void expect_kept(const std::vector<float>& x, const tk_sampling& options, const std::vector<std::int64_t>& kept) {
  const auto cols = static_cast<std::int64_t>(x.size());
  std::vector<bool> wanted(x.size());
  for (const std::int64_t id : kept) wanted[static_cast<std::size_t>(id)] = true;
  const std::vector<float> logits = filter(x, 1, cols, options, TK_FILTER_LOGITS);
  const std::vector<float> shares = filter(x, 1, cols, options, TK_FILTER_PROBABILITIES);
  std::size_t wrong = 0;
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    wrong += (logits[i] != -kInf) != wanted[i] || (shares[i] != 0) != wanted[i] ? 1 : 0;
    sum += shares[i];
  }
  EXPECT_EQ(wrong, 0U);
  EXPECT_NEAR(sum, 1, 2e-6);
  const std::int64_t listed = std::min<std::int64_t>(cols, 400);
  const Sampled s = sample(x, {1, cols, 3, listed}, options);
  EXPECT_EQ(s.kept[0], static_cast<std::int32_t>(kept.size()));
  for (std::int64_t j = 0; j < listed; ++j)
    ASSERT_EQ(s.candidates[static_cast<std::size_t>(j)],
              j < static_cast<std::int64_t>(kept.size()) ? kept[static_cast<std::size_t>(j)] : -1);
  for (const std::int64_t token : s.tokens) EXPECT_TRUE(wanted[static_cast<std::size_t>(token)]);
}

TEST(Keep, agrees_with_float64_wherever_float64_can_tell) {
  std::mt19937_64 random(5);
  int unsure = 0, all = 0;
  const auto one_of = [&](auto... values) {
    const std::array list{values...};
    return list[random() % list.size()];
  };
  for (int trial = 0; trial < 240; ++trial) {
    const Kind kind = one_of(Kind::normal, Kind::peaked, Kind::uniform, Kind::steps, Kind::rising);
    const std::int64_t cols = one_of(1, 2, 9, 64, 300, 1000, 5003);
    const std::vector<float> x = logits_of(kind, cols, random());
    tk_sampling options = sampling();
    options.temperature = one_of(0.0F, 0.3F, 0.8F, 1.0F, 1.7F, 20.0F);
    options.top_k = one_of(0, 0, 1, 3, 40, 300, 6000);
    options.top_p = one_of(1.0F, 0.95F, 0.9F, 0.5F, 0.1F, 0.0F);
    options.min_p = one_of(0.0F, 0.0F, 0.01F, 0.2F, 1.0F);
    options.top_p_of = one_of(TK_TOP_P_OF_KEPT, TK_TOP_P_OF_TOP_K, TK_TOP_P_OF_ALL);
    options.top_p_inclusive = one_of(0, 1);
    options.temperature_last = one_of(0, 0, 1);
    const KeptOracle oracle = oracle_kept(widened(x, 0, cols), options);
    ++all;
    if (oracle.margin < 3e-6) {
      ++unsure;
      continue;
    }
    const std::vector<std::string> names = isas();
    options.isa = names[static_cast<std::size_t>(trial) % names.size()].c_str();
    SCOPED_TRACE("trial " + std::to_string(trial) + " cols " + std::to_string(cols) + " kind " +
                 std::to_string(static_cast<int>(kind)) + " t " + std::to_string(options.temperature) + " k " +
                 std::to_string(options.top_k) + " p " + std::to_string(options.top_p) + " min_p " +
                 std::to_string(options.min_p) + " of " + std::to_string(options.top_p_of));
    expect_kept(x, options, oracle.ids);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_LT(unsure, all / 8);
}

TEST(Keep, of_what_a_language_model_says_agrees_with_float64) {
  int unsure = 0;
  for (std::int64_t row = 0; row < bench::kRealRows; ++row) {
    const auto logits =
        bench::real_logits().subspan(static_cast<std::size_t>(row * bench::kRealCols), bench::kRealCols);
    const std::vector<float> x(logits.begin(), logits.end());
    for (const auto& [k, p, min_p] :
         {std::tuple{50, 0.95F, 0.0F}, {0, 0.9F, 0.0F}, {0, 0.99F, 0.02F}, {1000, 0.5F, 0.0F}}) {
      tk_sampling options = sampling();
      options.temperature = 0.8F;
      options.top_k = k;
      options.top_p = p;
      options.min_p = min_p;
      const KeptOracle oracle = oracle_kept(widened(x, 0, bench::kRealCols), options);
      unsure += oracle.margin < 3e-6 ? 1 : 0;
      if (oracle.margin < 3e-6) continue;
      for (const std::string& isa : isas()) {
        options.isa = isa.c_str();
        SCOPED_TRACE(isa + ", row " + std::to_string(row) + ", k " + std::to_string(k) + ", p " + std::to_string(p));
        expect_kept(x, options, oracle.ids);
      }
    }
  }
  EXPECT_LT(unsure, 4);
}

TEST(Keep, a_nucleus_of_ties_ends_within_them_by_id) {
  // n equal tokens: token i has i / n of the mass before it.
  constexpr std::int64_t kCols = 4000;
  const std::vector<float> x = logits_of(Kind::equal, kCols, 1);
  for (const std::string& isa : isas()) {
    for (const float p : {0.25F, 0.5F, 0.75F}) {
      tk_sampling options = sampling();
      options.isa = isa.c_str();
      options.top_p = p;
      const auto edge = static_cast<std::int64_t>(p * kCols);
      std::vector<std::int64_t> kept(static_cast<std::size_t>(edge));
      std::iota(kept.begin(), kept.end(), 0);
      expect_kept(x, options, kept);
      options.top_p_inclusive = 1;  // the token with exactly p before it stays
      kept.push_back(edge);
      expect_kept(x, options, kept);
    }
  }
}

TEST(Keep, a_nucleus_beyond_the_list_is_the_same_as_a_listed_one) {
  // top_k = cols - 1 lists all but the last token, whose mass is nothing: the same nucleus by another road.
  for (const Kind kind : {Kind::normal, Kind::uniform, Kind::steps}) {
    std::vector<float> x = logits_of(kind, 6000, 3);
    x.push_back(-500);
    for (const float p : {0.3F, 0.9F, 0.99F, 0.999999F}) {
      tk_sampling options = sampling();
      options.top_p = p;
      options.temperature = 3;
      for (const float min_p : {0.0F, 0.02F}) {
        options.min_p = min_p;
        options.top_k = 0;
        const auto unlisted = filter(x, 1, 6001, options, TK_FILTER_PROBABILITIES);
        options.top_k = 6000;
        EXPECT_EQ(filter(x, 1, 6001, options, TK_FILTER_PROBABILITIES), unlisted) << p << " " << min_p;
      }
    }
  }
}

TEST(Keep, all_instruction_sets_give_the_same_bits) {
  const std::vector<float> x = logits_of(Kind::normal, 20000, 9);
  tk_sampling options = sampling();
  options.logprob_of = TK_LOGPROB_PROCESSED;
  for (const auto& [k, p, min_p] : {std::tuple{0, 1.0F, 0.0F}, {0, 0.9F, 0.0F}, {0, 1.0F, 0.1F}, {100, 0.8F, 0.01F}}) {
    options.top_k = k;
    options.top_p = p;
    options.min_p = min_p;
    options.isa = nullptr;
    const Sampled first = sample(x, {1, 20000, 20, 50}, options);
    const auto shares = filter(x, 1, 20000, options, TK_FILTER_PROBABILITIES);
    for (const std::string& isa : isas()) {
      options.isa = isa.c_str();
      EXPECT_TRUE(sample(x, {1, 20000, 20, 50}, options) == first) << isa;
      EXPECT_EQ(filter(x, 1, 20000, options, TK_FILTER_PROBABILITIES), shares) << isa;
    }
  }
}

}  // namespace
}  // namespace topkit::test
