// Bugs planted into a correct kernel are found: by a wrong answer under some lane order, or by a fault.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "planted_kernel.hpp"
#include "run.hpp"

namespace topkit::test {
namespace {

using Keys = std::vector<std::uint32_t>;

const std::map<std::string, Keys>& inputs() {
  static const std::map<std::string, Keys> all = [] {
    std::mt19937 random(7);
    Keys sparse(1000), many(1000), equal(500, 0x90000000U), few(777), low(300);
    for (auto& key : sparse) key = random() % 25 == 0 ? random() | 0x80000000U : random() & 0x7FFFFFFFU;
    for (auto& key : many) key = random() | 0x80000000U;
    for (auto& key : few) key = 0x80000000U + random() % 3;
    for (auto& key : low) key = random() & 0x7FFFFFFFU;
    return std::map<std::string, Keys>{
        {"sparse", sparse}, {"many", many}, {"equal", equal}, {"few values", few}, {"low", low}};
  }();
  return all;
}

std::vector<unsigned char> expected(const Keys& keys, unsigned k) {
  std::vector<unsigned> order(keys.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](unsigned a, unsigned b) { return keys[a] > keys[b]; });
  std::vector<unsigned char> chosen(keys.size(), 0);
  for (unsigned i = 0; i < k; ++i) chosen[order[i]] = 1;
  return chosen;
}

enum class Verdict : std::uint8_t { right, wrong, fault };

template <Bug kBug>
Verdict verdict(const Keys& input, unsigned k, std::uint64_t seed) {
  alignas(16) static std::uint32_t keys[1024];
  std::copy(input.begin(), input.end(), keys);
  std::vector<unsigned char> chosen(input.size(), 255);
  simt::settings().seed = seed;
  try {
    cuda::launch(planted_select<kBug>,
                 {.kernel = "planted_select", .block = kPlantedThreads, .shared_bytes = input.size() * 4 + 16}, keys,
                 static_cast<unsigned>(input.size()), k, chosen.data());
  } catch (const simt::Fault&) {
    return Verdict::fault;
  }
  return chosen == expected(input, k) ? Verdict::right : Verdict::wrong;
}

// By input: how many of the seeds found the bug.
template <Bug kBug>
std::map<std::string, int> found() {
  std::map<std::string, int> result;
  for (const auto& [name, keys] : inputs())
    for (const std::uint64_t seed : kSeeds) result[name] += verdict<kBug>(keys, 20, seed) != Verdict::right ? 1 : 0;
  return result;
}

TEST(Planted, TheKernelWithoutABugIsRightEverywhere) {
  for (const auto& [name, keys] : inputs())
    for (unsigned k : {1U, 20U, 63U, 200U})
      for (std::uint64_t seed = 0; seed < 16; ++seed)
        EXPECT_EQ(verdict<Bug::none>(keys, k, seed), Verdict::right) << name << " k=" << k << " seed=" << seed;
}

TEST(Planted, ADroppedBarrierIsFound) {
  const auto result = found<Bug::dropped_barrier>();
  EXPECT_EQ(result.at("many"), static_cast<int>(std::size(kSeeds)));
}

TEST(Planted, ADivergentBarrierIsAFaultUnderEveryOrder) {
  for (const std::uint64_t seed : kSeeds)
    EXPECT_EQ(verdict<Bug::divergent_barrier>(inputs().at("sparse"), 20, seed), Verdict::fault);
  EXPECT_EQ(verdict<Bug::divergent_barrier>(inputs().at("many"), 20, 1), Verdict::right)
      << "every thread takes the branch there: that is why inputs must differ in size";
}

TEST(Planted, ADroppedTieQuotaIsFoundByTiesAlone) {
  const auto result = found<Bug::dropped_tie_quota>();
  EXPECT_EQ(result.at("equal"), static_cast<int>(std::size(kSeeds)));
  EXPECT_EQ(result.at("few values"), static_cast<int>(std::size(kSeeds)));
  EXPECT_EQ(result.at("many"), 0);
  EXPECT_EQ(result.at("low"), 0);
}

TEST(Planted, AnOverflowWithoutContinuationIsFoundByManySurvivorsAlone) {
  const auto result = found<Bug::lost_overflow>();
  EXPECT_EQ(result.at("many"), static_cast<int>(std::size(kSeeds)));
  EXPECT_EQ(result.at("sparse"), 0);
  EXPECT_EQ(result.at("low"), 0);
}

TEST(Planted, AVoteThatNamesALaneThatLeftIsAFault) {
  for (const std::uint64_t seed : kSeeds)
    EXPECT_EQ(verdict<Bug::missing_lane>(inputs().at("many"), 20, seed), Verdict::fault);
}

TEST(Planted, ACopyReadBeforeItsWaitIsFound) {
  const auto result = found<Bug::unwaited_copy>();
  for (const char* name : {"sparse", "many", "few values", "low"})
    EXPECT_EQ(result.at(name), static_cast<int>(std::size(kSeeds))) << name;
}

}  // namespace
}  // namespace topkit::test
