// Bit and packed arithmetic of the host stand-in against plain definitions.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>

#include "cuda/simt.hpp"
#include "dtype.hpp"
#include "support/oracle.hpp"

namespace topkit::test {
namespace {

using namespace topkit::cuda;

static_assert(__clz(0) == 32 && __clz(1) == 31 && __clzll(1) == 63 && __ffs(0) == 0 && __ffs(8) == 4);
static_assert(__ffsll(1LL << 40) == 41 && __popc(0xF0F0U) == 8 && __popcll(~0ULL) == 64);
static_assert(__brev(1U) == 0x80000000U && __brev(0x12345678U) == 0x1E6A2C48U && __brevll(1ULL) == 1ULL << 63);
static_assert(__byte_perm(0x33221100U, 0x77665544U, 0x7531) == 0x77553311U);
static_assert(__byte_perm(0x00000080U, 0U, 0x8888) == 0x80808080U, "the fourth bit of a selector is masked");
static_assert(__funnelshift_l(0x80000001U, 0x00000001U, 1) == 3U && __funnelshift_l(7U, 9U, 32) == 9U);
static_assert(__funnelshift_r(0x80000000U, 0x00000001U, 1) == 0xC0000000U && __funnelshift_r(7U, 9U, 32) == 7U);
static_assert(__funnelshift_lc(7U, 9U, 40) == 7U && __funnelshift_rc(7U, 9U, 32) == 9U);
static_assert(__umulhi(0xFFFFFFFFU, 16U) == 15U && __umul64hi(1ULL << 63, 6ULL) == 3ULL);
static_assert(__vmaxu2(0x0001FFFFU, 0x80000000U) == 0x8000FFFFU && __vmaxs2(0x0001FFFFU, 0x80000000U) == 0x00010000U);
static_assert(__vminu2(0x0001FFFFU, 0x80000000U) == 0x00010000U && __vmins2(0x0001FFFFU, 0x80000000U) == 0x8000FFFFU);
static_assert(__vcmpgtu2(0x00050005U, 0x00050004U) == 0x0000FFFFU &&
              __vcmpgeu2(0x00050003U, 0x00050004U) == 0xFFFF0000U);
static_assert(__vcmpgts2(0x0000FFFFU, 0xFFFF0000U) == 0xFFFF0000U &&
              __vcmpeq2(0x12345678U, 0x12340000U) == 0xFFFF0000U);
static_assert(__vadd2(0xFFFF0001U, 0x0001FFFFU) == 0U && __vsub2(0U, 0x00010001U) == 0xFFFFFFFFU);

// What max.NaN, min.NaN and the compares must give for one half, by the values themselves.
void check_half(DType dtype, std::uint16_t a, std::uint16_t b, std::uint16_t max, std::uint16_t min, bool gt, bool ge,
                bool not_less) {
  const long double u = decode(dtype, a), v = decode(dtype, b);
  const bool nan = std::isnan(u) || std::isnan(v);
  EXPECT_EQ(gt, u > v) << a << " " << b;
  EXPECT_EQ(ge, u >= v) << a << " " << b;
  EXPECT_EQ(not_less, !(u < v)) << a << " " << b;
  if (nan) {
    EXPECT_EQ(max, 0x7FFF);
    EXPECT_EQ(min, 0x7FFF);
  } else {
    EXPECT_EQ(decode(dtype, max), u > v ? u : v) << a << " " << b;
    EXPECT_EQ(decode(dtype, min), u < v ? u : v) << a << " " << b;
    if (u == v) {
      EXPECT_EQ(max & 0x8000, a & b & 0x8000) << "-0 is below +0";
      EXPECT_EQ(min & 0x8000, (a | b) & 0x8000);
    }
  }
}

TEST(Arithmetic, PackedHalvesFollowTheirValues) {
  std::mt19937 random(3);
  const std::uint16_t special[] = {0,      0x8000, 1,      0x8001, 0x7C00, 0xFC00,
                                   0x7C01, 0x7F80, 0xFF80, 0x7F81, 0xFFFF, 0x3C00};
  const auto draw = [&]() -> std::uint16_t {
    return random() % 3 == 0 ? special[random() % std::size(special)] : static_cast<std::uint16_t>(random());
  };
  for (int i = 0; i < 20000; ++i) {
    const std::uint16_t a0 = draw(), a1 = draw(), b0 = random() % 5 == 0 ? a0 : draw(), b1 = draw();
    const std::uint32_t a = static_cast<std::uint32_t>(a1) << 16 | a0, b = static_cast<std::uint32_t>(b1) << 16 | b0;
    const auto check = [&](DType dtype, std::uint32_t max, std::uint32_t min, std::uint32_t gt, std::uint32_t ge,
                           std::uint32_t not_less) {
      for (int s : {0, 16})
        check_half(dtype, static_cast<std::uint16_t>(a >> s), static_cast<std::uint16_t>(b >> s),
                   static_cast<std::uint16_t>(max >> s), static_cast<std::uint16_t>(min >> s),
                   (gt >> s & 0xFFFF) == 0xFFFF, (ge >> s & 0xFFFF) == 0xFFFF, (not_less >> s & 0xFFFF) == 0xFFFF);
    };
    check(DType::f16, max_nan_f16x2(a, b), min_nan_f16x2(a, b), gt_mask_f16x2(a, b), ge_mask_f16x2(a, b),
          not_less_f16x2(a, b));
    check(DType::bf16, max_nan_bf16x2(a, b), min_nan_bf16x2(a, b), gt_mask_bf16x2(a, b), ge_mask_bf16x2(a, b),
          not_less_bf16x2(a, b));
  }
}

TEST(Arithmetic, MaxOfFloatsKeepsNanAndOrdersZeros) {
  EXPECT_TRUE(std::isnan(max_nan(NAN, 1.0F)));
  EXPECT_TRUE(std::isnan(min_nan(1.0F, NAN)));
  EXPECT_FALSE(std::signbit(max_nan(-0.0F, 0.0F)));
  EXPECT_TRUE(std::signbit(min_nan(0.0F, -0.0F)));
  EXPECT_EQ(max_nan(-2.0F, -3.0F), -2.0F);
  EXPECT_EQ(min_nan(-2.0F, INFINITY), -2.0F);
  EXPECT_FALSE(std::signbit(add_zero(-0.0F)));
  EXPECT_EQ(float_bits(add_zero(bits_float(0xFFC12345U))), 0x7FFFFFFFU);
  EXPECT_EQ(add_zero(bits_float(1)), bits_float(1)) << "denormals stay";
  EXPECT_EQ(add_zero_bf16x2(0x8000FF81U), 0x00007FFFU);
  EXPECT_EQ(add_zero_f16x2(0x8001FC01U), 0x80017FFFU);
}

}  // namespace
}  // namespace topkit::test
