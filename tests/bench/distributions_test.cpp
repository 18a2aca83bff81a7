#include "distributions.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <set>
#include <vector>

#include "real_logits.hpp"
#include "support/all_types.hpp"
#include "support/oracle.hpp"

namespace topkit::bench {
namespace {

class Inputs : public test::ForEveryType {
 protected:
  std::vector<long double> row(std::string_view distribution, std::int64_t cols, std::int64_t number = 0) {
    std::vector<std::uint64_t> raw(static_cast<std::size_t>(cols) + 1);
    fill_row(*find_distribution(distribution), dtype(), 7, number, cols, raw.data());
    std::vector<long double> values;
    for (std::int64_t i = 0; i < cols; ++i)
      values.push_back(test::decode(dtype(), test::load_raw(dtype(), raw.data(), i)));
    return values;
  }
  bool floating() const { return info(dtype()).kind == NumberKind::floating; }
};
INSTANTIATE_TEST_SUITE_P(AllTypes, Inputs, test::every_type(), test::type_name);

TEST_P(Inputs, are_the_same_every_time_and_different_from_row_to_row) {
  EXPECT_EQ(row("normal", 100), row("normal", 100));
  EXPECT_NE(row("normal", 100), row("normal", 100, 1));
}

TEST_P(Inputs, encoding_what_a_type_can_say_changes_nothing) {
  Random random(1);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t raw = random.bits() >> (64 - info(dtype()).bits);
    const long double value = test::decode(dtype(), raw);
    if (!floating()) break;  // integers are scaled
    const std::uint64_t again = encode(dtype(), static_cast<double>(value), random);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(test::decode(dtype(), again)));
    } else {
      EXPECT_EQ(again, raw) << static_cast<double>(value);
    }
  }
}

TEST_P(Inputs, encoding_rounds_to_the_nearest) {
  if (!floating()) return;  // integers are scaled
  Random random(2);
  for (int i = 0; i < 20000; ++i) {
    const double value = std::ldexp(random.normal(), static_cast<int>(random.below(20)) - 16);
    const std::uint64_t raw = encode(dtype(), value, random);
    const long double error = std::abs(test::decode(dtype(), raw) - value);
    for (const std::uint64_t beside : {raw - 1, raw + 1}) {
      const long double other = test::decode(dtype(), beside & ~std::uint64_t{0} >> (64 - info(dtype()).bits));
      if (!std::isfinite(other)) continue;
      EXPECT_LE(error, std::abs(other - value)) << value;
    }
  }
}

TEST_P(Inputs, have_the_shape_their_names_say) {
  const auto distinct = [](const std::vector<long double>& values) {
    return std::set<long double>(values.begin(), values.end()).size();
  };
  EXPECT_EQ(distinct(row("all_equal", 1000)), 1U);
  EXPECT_EQ(distinct(row("two_values", 1000)), 2U);
  EXPECT_LE(distinct(row("few_distinct", 1000)), 11U);
  const std::vector<long double> up = row("ascending", 1000), down = row("descending", 1000);
  EXPECT_TRUE(std::is_sorted(up.begin(), up.end()));
  EXPECT_TRUE(std::is_sorted(down.rbegin(), down.rend()));
  EXPECT_LT(up.front(), up.back());
  if (!floating()) return;
  const auto count = [](const std::vector<long double>& values, auto&& is) {
    return std::count_if(values.begin(), values.end(), is);
  };
  EXPECT_GT(count(row("nan_hotspots", 10000), [](long double v) { return std::isnan(v); }), 100);
  EXPECT_EQ(count(row("all_nan", 100), [](long double v) { return std::isnan(v); }), 100);
  EXPECT_GT(count(row("signed_zeros", 1000), [](long double v) { return v == 0 && std::signbit(v); }), 300);
  EXPECT_GT(count(row("signed_zeros", 1000), [](long double v) { return v == 0 && !std::signbit(v); }), 300);
  if (dtype() == DType::f8e4m3) return;  // has no infinity
  EXPECT_EQ(count(row("all_minus_infinity", 100), [](long double v) { return std::isinf(v) && v < 0; }), 100);
}

TEST(RealLogits, are_rows_of_a_model_that_is_seldom_sure) {
  ASSERT_EQ(real_logits().size(), static_cast<std::size_t>(kRealRows * kRealCols));
  for (std::int64_t row = 0; row < kRealRows; ++row) {
    std::vector<float> logits(kRealCols);
    fill_row(*find_distribution("real_logits"), DType::f32, 1, row, kRealCols, logits.data());
    EXPECT_TRUE(std::equal(logits.begin(), logits.end(), real_logits().begin() + row * kRealCols));
    std::vector<double> shares;
    for (const float logit : logits) shares.push_back(std::exp(static_cast<double>(logit)));
    const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    const double best = *std::max_element(shares.begin(), shares.end()) / sum;
    EXPECT_GT(best, 0.001) << row;  // of 32768 tokens
    EXPECT_LT(best, 0.999) << row;
  }
}

TEST(RealLogits, of_a_longer_row_go_on_with_the_next) {
  std::vector<float> logits(kRealCols + 2);
  fill_row(*find_distribution("real_logits"), DType::f32, 1, kRealRows - 1, kRealCols + 2, logits.data());
  EXPECT_EQ(logits[kRealCols + 1], real_logits()[1]);
}

TEST(Distributions, have_names_of_their_own) {
  std::set<std::string_view> names;
  for (const Distribution& distribution : distributions()) names.insert(distribution.name);
  EXPECT_EQ(names.size(), distributions().size());
  EXPECT_EQ(find_distribution("no such"), nullptr);
}

}  // namespace
}  // namespace topkit::bench
