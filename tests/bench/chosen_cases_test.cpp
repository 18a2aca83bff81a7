#include <gtest/gtest.h>

#include <set>

#include "command.hpp"

namespace topkit::bench {
namespace {

TEST(ChosenCases, of_a_suite_are_those_of_the_device_with_that_suite) {
  std::size_t sum = 0, with_targets = 0;
  for (const char* suite : {"llm", "small", "attention", "search"}) {
    const std::vector<Case> cases = chosen_cases({.suite = suite, .device = "cuda"});
    sum += cases.size();
    for (const Case& c : cases) {
      EXPECT_EQ(c.suite, suite);
      EXPECT_EQ(c.device, DeviceKind::cuda);
      with_targets += c.target_hot_us && c.target_cold_us ? 1 : 0;
    }
  }
  EXPECT_EQ(with_targets, 65U);
  EXPECT_EQ(chosen_cases({.suite = "all", .device = "cuda"}).size(), sum);
  EXPECT_EQ(chosen_cases({.device = "cuda"}).size(), sum);
}

TEST(ChosenCases, in_another_order_on_cuda_are_the_same_sizes_without_targets) {
  const std::vector<Case> cases = chosen_cases({.suite = "small", .order = "any", .device = "cuda"});
  EXPECT_EQ(cases.size(), chosen_cases({.suite = "small", .device = "cuda"}).size());
  for (const Case& c : cases) {
    EXPECT_EQ(c.order, Order::any);
    EXPECT_TRUE(c.name.ends_with("-any"));
    EXPECT_FALSE(c.target_hot_us || c.target_cold_us);
  }
}

TEST(ChosenCases, of_the_quick_run_are_small_on_the_cpu_and_all_on_cuda) {
  for (const Case& c : chosen_cases({.quick = true})) EXPECT_LE(c.input_bytes(), 4 << 20);
  EXPECT_EQ(chosen_cases({.device = "cuda", .quick = true}).size(), chosen_cases({.device = "cuda"}).size());
}

}  // namespace
}  // namespace topkit::bench
