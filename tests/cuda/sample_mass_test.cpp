// The mass of quads on the host stand-in: bit for bit the sum of the weights that math.hpp defines.
#include "cuda/sample_mass.cuh"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace topkit::test::sample_mass_test {
namespace {

using cuda::One;

template <bool kMany>
std::uint64_t mass_of_quads(const std::vector<float>& z, float z_max, float c, float scale) {
  cuda::MassOfQuads<kMany> mass(z_max, c, scale);
  for (std::size_t i = 0; i < z.size(); i += 4) mass.add({{z[i], z[i + 1], z[i + 2], z[i + 3]}});
  return mass.sum();
}

std::uint64_t mass_by_weights(const std::vector<float>& z, float z_max, float c, float scale) {
  std::uint64_t mass = 0;
  for (const float one : z) {
    const auto w = sampling::weight<One>(sampling::exponent<One>(one, z_max, c), scale);
    mass += sampling::mass_of(w.high, w.low);
  }
  return mass;
}

TEST(SampleMass, is_the_sum_of_weights) {
  std::mt19937_64 random(5);
  constexpr float kNone = -std::numeric_limits<float>::infinity(), kMost = std::numeric_limits<float>::max();
  for (const float scale : {1.0F, 0x1p-5F, 0x1p-10F})
    for (const float temperature : {1.0F, 0.7F, 1e-5F, 1e4F, sampling::kMostTemperature})
      for (int shape = 0; shape < 5; ++shape) {
        const float c = One::Mul(sampling::inverse_temperature<One>(temperature), sampling::kLog2E);
        const float z_max = shape == 3 ? kMost : shape == 4 ? -3.0F : 5.0F;
        std::vector<float> z(256);
        for (float& one : z) {
          const auto r = static_cast<float>(random() >> 40) * 0x1p-24F;
          if (shape == 0) one = z_max - r * 12;
          if (shape == 1) one = z_max - (r * r) * 0x1p-6F;
          if (shape == 2) one = z_max - (25 + r * 4) / c;  // near half of the grid's step: ties
          if (shape == 3) one = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
          if (shape == 4) one = r < 0.3F ? kNone : r < 0.6F ? -kMost : z_max - r * 100;
          if (std::isnan(one) || one > z_max) one = z_max;
        }
        EXPECT_EQ(mass_of_quads<false>(z, z_max, c, scale), mass_by_weights(z, z_max, c, scale)) << shape;
        z.resize(1024, z_max);
        EXPECT_EQ(mass_of_quads<true>(z, z_max, c, scale), mass_by_weights(z, z_max, c, scale)) << shape;
      }
}

TEST(SampleMass, ties_of_the_grid_go_to_even) {
  // Whole y: the weights are powers of 2, of which 2^-41 is half a step; y between them have all other digits.
  std::vector<float> z;
  for (int i = 0; i < 256; ++i) z.push_back(-38.0F - static_cast<float>(i) / 64);
  for (std::size_t i = 0; i < z.size(); i += 4) {
    const std::vector<float> quad(z.begin() + static_cast<std::ptrdiff_t>(i),
                                  z.begin() + static_cast<std::ptrdiff_t>(i) + 4);
    EXPECT_EQ(mass_of_quads<true>(quad, 0, 1, 1), mass_by_weights(quad, 0, 1, 1)) << i;
  }
}

}  // namespace
}  // namespace topkit::test::sample_mass_test
