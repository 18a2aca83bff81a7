// The arithmetic of sampling against float64.
#include "sampling/math.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace topkit::test {
namespace {

using One = sampling::OneLane<>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// The largest relative error over floats spread evenly over a range, both ends included.
template <class Found, class Wanted>
double worst(float low, float high, Found found, Wanted wanted) {
  constexpr int kSteps = 200000;
  double most = 0;
  for (int i = 0; i <= kSteps; ++i) {
    const float x = i == kSteps ? high : low + (high - low) * static_cast<float>(i) / kSteps;
    const double want = wanted(static_cast<double>(x));
    const double off = std::abs(static_cast<double>(found(x)) - want);
    most = std::max(most, off == 0 ? 0 : off / std::abs(want));
  }
  return most;
}

TEST(SamplingMath, exp2_is_within_its_bound_and_exact_at_whole_numbers) {
  const auto wanted = [](double y) { return std::exp2(y); };
  EXPECT_LT(worst(-1, 0, sampling::exp2<One>, wanted), 1.8e-7);
  EXPECT_LT(worst(-126, 0, sampling::exp2<One>, wanted), 1.8e-7);
  EXPECT_LT(worst(0, 126, sampling::exp2<One>, wanted), 1.8e-7);
  for (int y = -126; y <= 127; ++y) EXPECT_EQ(sampling::exp2<One>(static_cast<float>(y)), std::ldexp(1.0F, y));
  EXPECT_EQ(sampling::exp2<One>(-kInfinity), 0x1p-126F);
  EXPECT_EQ(sampling::exp2<One>(-1e30F), 0x1p-126F);
}

TEST(SamplingMath, log2_is_within_its_bound_also_near_one) {
  const auto wanted = [](double x) { return std::log2(x); };
  EXPECT_LT(worst(0.5F, 2, sampling::log2<One>, wanted), 3e-7);
  EXPECT_LT(worst(0.999F, 1.001F, sampling::log2<One>, wanted), 3e-7);
  EXPECT_LT(worst(0x1p-126F, 0x1p-100F, sampling::log2<One>, wanted), 3e-7);
  EXPECT_LT(worst(2, 1e30F, sampling::log2<One>, wanted), 3e-7);
  for (int e = -126; e <= 127; ++e) EXPECT_EQ(sampling::log2<One>(std::ldexp(1.0F, e)), static_cast<float>(e));
}

TEST(SamplingMath, tanh_is_within_its_bound_and_odd) {
  const auto wanted = [](double x) { return std::tanh(x); };
  EXPECT_LT(worst(0, 1e-3F, sampling::tanh<One>, wanted), 4e-7);
  EXPECT_LT(worst(0, 12, sampling::tanh<One>, wanted), 4e-7);
  EXPECT_LT(worst(0.6F, 0.65F, sampling::tanh<One>, wanted), 4e-7);
  EXPECT_EQ(sampling::tanh<One>(kInfinity), 1.0F);
  EXPECT_EQ(sampling::tanh<One>(-kInfinity), -1.0F);
  for (const float x : {0.0F, 1e-20F, 0.3F, 0.7F, 5.0F, 1e30F})
    EXPECT_EQ(std::bit_cast<std::uint32_t>(sampling::tanh<One>(-x)),
              std::bit_cast<std::uint32_t>(-sampling::tanh<One>(x)));
}

TEST(SamplingMath, a_weight_is_the_nearest_whole_number) {
  const auto wanted = [](float y, float scale) {
    return static_cast<std::uint64_t>(
        std::nearbyint(std::ldexp(static_cast<double>(sampling::exp2<One>(y)) * static_cast<double>(scale), 40)));
  };
  std::mt19937 random(3);
  std::uniform_real_distribution<float> some(-45, 0);
  for (const float scale : {1.0F, 0.5F, 0x1p-9F}) {
    for (int i = 0; i < 100000; ++i) {
      const float y = some(random);
      const auto w = sampling::weight<One>(y, scale);
      ASSERT_EQ(sampling::mass_of(w.high, w.low), wanted(y, scale)) << y << " " << scale;
      ASSERT_LE(std::abs(static_cast<std::int32_t>(w.low)), 1 << 22);
    }
  }
  const auto one = sampling::weight<One>(0, 1), none = sampling::weight<One>(-kInfinity, 1);
  EXPECT_EQ(sampling::mass_of(one.high, one.low), std::uint64_t{1} << 40);
  EXPECT_EQ(sampling::mass_of(none.high, none.low), 0U);
}

TEST(SamplingMath, sums_of_weights_fit_whatever_the_row_holds) {
  for (const std::int64_t cols : {std::int64_t{1}, std::int64_t{128256}, (std::int64_t{1} << 22) - 1,
                                  std::int64_t{1} << 22, (std::int64_t{1} << 31) - 1}) {
    const float scale = sampling::weight_scale(cols);
    const auto w = sampling::weight<One>(0, scale);
    const auto each = static_cast<double>(sampling::mass_of(w.high, w.low));
    EXPECT_LT(each * static_cast<double>(cols), std::exp2(62));
    EXPECT_EQ(each, std::ldexp(static_cast<double>(scale), 40));
    EXPECT_TRUE(scale == 1 || each * static_cast<double>(cols) >= std::exp2(61));
  }
}

TEST(SamplingMath, log2_of_a_mass) {
  for (const std::uint64_t mass : {std::uint64_t{1}, std::uint64_t{3}, std::uint64_t{1} << 40,
                                   (std::uint64_t{1} << 40) + 12345, std::uint64_t{0x3FFFFFFFFFFFFFFF}})
    for (const float scale : {1.0F, 0.25F}) {
      const double wanted = std::log2(static_cast<double>(mass)) - 40 - std::log2(static_cast<double>(scale));
      EXPECT_NEAR(sampling::log2_mass<One>(mass, scale), wanted, 2e-7 + std::abs(wanted) * 1e-7) << mass;
    }
}

double exact_log2_exponential(std::uint32_t r, std::uint32_t more) {
  const long double half = 0.5L, step = 0x1p-32L;
  const long double rest = r >> 16 == 0 ? (static_cast<long double>(more) + half) * step : half;
  return static_cast<double>(std::log2(-std::log1p(-(static_cast<long double>(r) + rest) * step) / std::log(2.0L)));
}

TEST(SamplingMath, a_tile_weighs_in_the_row_what_its_largest_does) {
  for (const float scale : {1.0F, 0x1p-9F})
    for (const std::uint64_t mass :
         {std::uint64_t{1} << 40, (std::uint64_t{1} << 50) - 1, std::uint64_t{0x123456789AB}})
      for (const float y : {0.0F, -0.3F, -1.0F, -7.77F, -24.5F, -60.0F, -200.0F}) {
        const double wanted = static_cast<double>(mass) * std::exp2(y) * static_cast<double>(scale);
        const auto found = static_cast<double>(sampling::mass_in_row<One>(mass, y, scale));
        EXPECT_NEAR(found, wanted, 1 + 2e-7 * wanted) << mass << " by 2^" << y;
        if (y == 0) {
          EXPECT_EQ(found, std::floor(wanted));
        }
      }
}

TEST(SamplingMath, the_exponential_keeps_its_digits_at_both_ends) {
  std::vector<std::uint32_t> words{0,          1,          2,          255,        0xFFFF,     0x10000,
                                   0x4AF00000, 0x4AFB0CCC, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF};
  std::mt19937 random(4);
  for (int i = 0; i < 200000; ++i) words.push_back(static_cast<std::uint32_t>(random()) >> (i % 32));
  for (int i = 0; i < 1000; ++i) words.push_back(0x4AF50000 + static_cast<std::uint32_t>(i) * 7);
  for (const std::uint32_t r : words)
    for (const std::uint32_t more : {0U, 1U, 0x80000000U, 0xFFFFFFFFU}) {
      const double wanted = exact_log2_exponential(r, more);
      // Relative error of E, that is the error of a token's probability.
      ASSERT_NEAR(sampling::log2_exponential<One>(r, more), wanted, 7e-7 + std::abs(wanted) * 6e-8) << r << " " << more;
      ASSERT_NEAR(sampling::log2_exponential<One>(~r, more), exact_log2_exponential(~r, more),
                  7e-7 + std::abs(exact_log2_exponential(~r, more)) * 6e-8)
          << ~r << " " << more;
    }
}

// What the kernels' filters count on.
TEST(SamplingMath, a_smaller_word_never_gives_a_larger_exponential) {
  std::vector<std::uint32_t> words;
  for (std::uint64_t r = 0; r < std::uint64_t{1} << 31; r += 1 + r / 4099)
    words.push_back(static_cast<std::uint32_t>(r));
  for (std::size_t i = words.size(); i-- > 0;) words.push_back(~words[i]);
  float last = sampling::log2_exponential<One>(0, 0);
  EXPECT_LT(last, -64.0F);
  for (const std::uint32_t r : words) {
    const float next = sampling::log2_exponential<One>(r, 0xFFFFFFFF);
    ASSERT_GE(next, last - 4e-6F) << r;
    last = next;
  }
  EXPECT_GT(last, 5.0F);
}

}  // namespace
}  // namespace topkit::test
