#include "lengths.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "command.hpp"
#include "status.hpp"

namespace topkit::bench {
namespace {

Case case_of(const std::string& lengths, std::int64_t rows, std::int64_t cols) {
  Case c;
  c.rows = rows;
  c.cols = cols;
  c.k = 1;
  c.lengths = lengths;
  return c;
}

double mean(const std::vector<std::int32_t>& lengths) {
  return std::accumulate(lengths.begin(), lengths.end(), 0.0) / static_cast<double>(lengths.size());
}

TEST(BenchLengths, are_in_the_row_and_as_many_as_rows) {
  for (const char* name : {"full", "uniform", "short", "one_long", "bimodal"}) {
    ASSERT_TRUE(is_lengths(name));
    for (const std::int64_t cols : {1, 15, 4096}) {
      const std::vector<std::int32_t> lengths = lengths_of(case_of(name, 1000, cols));
      ASSERT_EQ(lengths.size(), 1000U);
      EXPECT_GE(*std::min_element(lengths.begin(), lengths.end()), 1);
      EXPECT_LE(*std::max_element(lengths.begin(), lengths.end()), cols);
    }
  }
  EXPECT_TRUE(lengths_of(case_of("", 10, 10)).empty());
  EXPECT_FALSE(is_lengths(""));
}

TEST(BenchLengths, are_what_their_names_say) {
  EXPECT_NEAR(mean(lengths_of(case_of("uniform", 4096, 4096))), 2048, 100);
  EXPECT_NEAR(mean(lengths_of(case_of("bimodal", 4096, 4096))), 2176, 100);
  EXPECT_EQ(mean(lengths_of(case_of("short", 100, 4096))), 256);
  EXPECT_EQ(mean(lengths_of(case_of("full", 100, 4096))), 4096);
  const std::vector<std::int32_t> one = lengths_of(case_of("one_long", 100, 4096));
  EXPECT_EQ(std::count(one.begin(), one.end(), 4096), 1);
  EXPECT_EQ(std::count(one.begin(), one.end(), 256), 99);
}

TEST(BenchLengths, say_what_the_floor_reads) {
  EXPECT_EQ(bytes_that_take_part(case_of("", 3, 1000)), 12000);
  EXPECT_EQ(bytes_that_take_part(case_of("full", 3, 1000)), 12000);
  EXPECT_EQ(bytes_that_take_part(case_of("short", 3, 1000)), 752) << "3 x 62 floats, to whole vectors";
}

TEST(BenchLengths, make_cases_of_their_own_names) {
  const Command command{.rows = 8, .cols = 100, .k = 5, .lengths = {"none", "full", "short"}, .device = "cuda"};
  const std::vector<Case> cases = with_lengths(command, chosen_cases(command));
  ASSERT_EQ(cases.size(), 3U);
  EXPECT_EQ(cases[0].name, "cuda-f32-8x100-5");
  EXPECT_EQ(cases[1].name, "cuda-f32-8x100-5-full");
  EXPECT_EQ(cases[2].name, "cuda-f32-8x100-5-short");
  EXPECT_THROW(with_lengths({.lengths = {"full"}, .device = "cpu"}, cases), Failure);
  EXPECT_THROW(with_lengths({.lengths = {"long"}, .device = "cuda"}, cases), Failure);
}

}  // namespace
}  // namespace topkit::bench
