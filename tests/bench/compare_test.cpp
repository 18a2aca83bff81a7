#include "compare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "status.hpp"

namespace topkit::bench {
namespace {

// Twenty cases whose times have a noise of 1 %, as a second run of the same program has.
ResultsFile run(std::uint64_t seed, double mad_share = 0.005) {
  ResultsFile file{.path = "run", .header = nullptr, .records = {}, .cut_off = "", .whole_bytes = 0};
  for (int i = 0; i < 20; ++i) {
    const double noise =
        1 + 0.01 * (static_cast<double>((seed * 7919 + static_cast<std::uint64_t>(i) * 104729) % 201) / 100 - 1);
    const double us = (i + 1) * 5 * noise;
    file.records.push_back({.line = i,
                            .object = {{"case", "case" + std::to_string(i)},
                                       {"distribution", "normal"},
                                       {"peer", "topkit"},
                                       {"algorithm", "radix"},
                                       {"machine", "m"},
                                       {"hot_us", us},
                                       {"cold_us", us * 1.5},
                                       {"mad_us", us * mad_share},
                                       {"verified", true}}});
  }
  return file;
}

void slow_down(Record& record, double factor) {
  for (const char* field : {"hot_us", "cold_us"}) record.object[field] = record.object[field].get<double>() * factor;
}

int count(const Verdicts& verdicts, Verdict wanted) {
  int count = 0;
  for (const Comparison& c : verdicts.all) count += c.verdict == wanted ? 1 : 0;
  return count;
}

TEST(Compare, passes_a_repeat) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Verdicts verdicts = compare(run(seed), run(seed + 1), 0.08);
    EXPECT_FALSE(verdicts.regressed()) << seed;
    EXPECT_EQ(verdicts.all.size(), 40U);
  }
}

TEST(Compare, finds_one_case_that_is_ten_percent_slower) {
  for (int slow = 0; slow < 20; ++slow) {
    ResultsFile after = run(3);
    slow_down(after.records[static_cast<std::size_t>(slow)], 1.10);
    const Verdicts verdicts = compare(run(3), after, 0.08);
    EXPECT_TRUE(verdicts.regressed());
    EXPECT_EQ(count(verdicts, Verdict::slower), 2);
    EXPECT_EQ(verdicts.all[0].what.substr(0, verdicts.all[0].what.find(' ')), "case" + std::to_string(slow));
    EXPECT_EQ(verdicts.all[0].verdict, Verdict::slower);
  }
}

TEST(Compare, finds_a_list_that_is_slower_as_a_whole_by_less_than_one_case_may_be) {
  ResultsFile after = run(4);
  for (Record& record : after.records) slow_down(record, 1.06);
  EXPECT_TRUE(compare(run(5), after, 0.08).regressed());
}

TEST(Compare, calls_noise_what_is_within_five_deviations_of_it) {
  ResultsFile after = run(3, 0.02);
  slow_down(after.records[0], 1.10);
  EXPECT_FALSE(compare(run(3, 0.02), after, 0.08).regressed());
}

TEST(Compare, counts_what_is_faster_and_what_is_no_longer_exact) {
  ResultsFile after = run(3);
  slow_down(after.records[1], 0.5);
  Verdicts verdicts = compare(run(3), after, 0.08);
  EXPECT_EQ(count(verdicts, Verdict::faster), 2);
  EXPECT_FALSE(verdicts.regressed());
  after.records[2].object["verified"] = false;
  verdicts = compare(run(3), after, 0.08);
  EXPECT_EQ(count(verdicts, Verdict::inexact), 2);
  EXPECT_TRUE(verdicts.regressed());
}

TEST(Compare, names_what_only_one_file_has_and_other_machines) {
  ResultsFile before = run(1), after = run(1);
  before.records.pop_back();
  after.records.erase(after.records.begin());
  for (Record& record : after.records) record.object["machine"] = "another";
  const Verdicts verdicts = compare(before, after, 0.08);
  EXPECT_THAT(verdicts.only_before, testing::ElementsAre(testing::HasSubstr("case0 ")));
  EXPECT_THAT(verdicts.only_after, testing::ElementsAre(testing::HasSubstr("case19 ")));
  EXPECT_FALSE(verdicts.same_machine);
  EXPECT_THAT(to_text(verdicts, 0.08), testing::HasSubstr("different machines"));
}

TEST(Compare, refuses_files_without_a_case_in_common) {
  ResultsFile after = run(1);
  for (Record& record : after.records) record.object["peer"] = "floor";
  EXPECT_THROW(compare(run(1), after, 0.08), Failure);
}

}  // namespace
}  // namespace topkit::bench
