// The grid itself: a draw of options that never meets some pair, or an algorithm that declines everything, proves
// nothing.
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "support/trial.hpp"

namespace topkit::test {
namespace {

std::vector<int> options_of(const Request& r) {
  return {r.largest,
          static_cast<int>(r.nan),
          static_cast<int>(r.order),
          static_cast<int>(r.index_type),
          r.values,
          r.indices,
          r.lengths,
          r.starts,
          r.row_k,
          static_cast<int>(r.ids),
          r.fill,
          r.padded_output,
          static_cast<int>(r.edge),
          static_cast<int>(r.row_type),
          static_cast<int>(r.shape)};
}

TEST(Coverage, every_pair_of_option_values_meets_within_one_type) {
  std::set<std::array<int, 4>> met;
  std::vector<std::set<int>> values(15);
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {  // a type has more in small_sizes_test
    const std::vector<int> options = options_of(drawn(DType::f32, 2, 100, 10, seed));
    for (int a = 0; a < 15; ++a) {
      values[static_cast<std::size_t>(a)].insert(options[static_cast<std::size_t>(a)]);
      for (int b = 0; b < a; ++b)
        met.insert({a, options[static_cast<std::size_t>(a)], b, options[static_cast<std::size_t>(b)]});
    }
  }
  std::size_t missing = 0;
  for (int a = 0; a < 15; ++a)
    for (int b = 0; b < a; ++b)
      for (const int i : values[static_cast<std::size_t>(a)])
        for (const int j : values[static_cast<std::size_t>(b)]) missing += met.count({a, i, b, j}) == 0 ? 1 : 0;
  // No output at all (1), and ids where there are no indices (2), are wrong calls.
  EXPECT_EQ(missing, 3U);
}

TEST(Coverage, every_algorithm_solves_problems_on_every_instruction_set) {
  std::map<std::string, int> solved;
  for (const Engine& engine : cpu_engines()) solved[engine.algorithm + "/" + engine.isa] = 0;
  for (const auto& [cols, k] : {std::pair{300, 1}, {300, 8}, {1024, 32}, {20000, 50}, {20000, 2000}, {20000, 15000}}) {
    Trial trial({.rows = 2, .cols = cols, .k = k});
    for (const Engine& engine : cpu_engines()) {
      ASSERT_TRUE(trial.matches_oracle(engine, true));
      if (!trial.declined()) ++solved[engine.algorithm + "/" + engine.isa];
    }
  }
  for (const auto& [engine, count] : solved) EXPECT_GT(count, 0) << engine << " declined every problem";
  EXPECT_GE(solved.size(), 2U);
}

}  // namespace
}  // namespace topkit::test
