// A grid of trials whose every call is declined proves nothing.
#include <map>
#include <string>
#include <tuple>

#include "engines.hpp"

namespace topkit::test::coverage_test {
namespace {

TEST(CudaCoverage, every_algorithm_solves_problems) {
  std::map<std::string, int> solved;
  for (const auto& [dtype, cols, k, order] : {std::tuple{DType::f32, 100, 4, Order::value},
                                              {DType::f32, 1000, 32, Order::value},
                                              {DType::f32, 3000, 60, Order::value},
                                              {DType::f32, 20000, 50, Order::value},
                                              {DType::f32, 20000, 9000, Order::value},
                                              {DType::f32, 5000, 900, Order::index},
                                              {DType::f64, 20000, 50, Order::value}}) {
    Trial trial({.dtype = dtype, .rows = 2, .cols = cols, .k = k, .order = order});
    for (Engine engine : cuda_engines()) {
      engine.ordinal = kWhole;
      ASSERT_TRUE(trial.matches_oracle(engine, true));
      solved[engine.algorithm] += trial.declined() ? 0 : 1;
    }
  }
  for (const auto& [algorithm, count] : solved) EXPECT_GT(count, 0) << algorithm << " declined every problem";
  EXPECT_EQ(solved.size(), 11U);
}

}  // namespace
}  // namespace topkit::test::coverage_test
