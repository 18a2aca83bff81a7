#include "cli/validate/question.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "cli/validate/contestant.hpp"
#include "distributions.hpp"

namespace topkit::cli::validate {
namespace {

using testing::HasSubstr;

// x = 3 1 3 2, k = 3 of i32, and an answer to it that a test may spoil.
struct Answer {
  Check check{.dtype = DType::i32, .rows = 1, .cols = 40, .k = 3, .distribution = "few_distinct"};
  std::vector<std::int32_t> values = std::vector<std::int32_t>(3);
  std::vector<std::int64_t> indices = std::vector<std::int64_t>(3);

  // The right one, by a search of its own.
  void solve(const Question& question) {
    std::vector<std::int32_t> x(40);
    std::memcpy(x.data(), question.x().data(), 160);
    std::set<std::size_t> taken;
    for (std::size_t j = 0; j < 3; ++j) {
      std::size_t best = 40;
      for (std::size_t i = 0; i < 40; ++i)
        if (!taken.contains(i) && (best == 40 || x[i] > x[best])) best = i;
      taken.insert(best);
      values[j] = x[best], indices[j] = static_cast<std::int64_t>(best);
    }
  }
  std::string verdict(const Question& question) const {
    return question.complaint(reinterpret_cast<const std::byte*>(values.data()),
                              reinterpret_cast<const std::byte*>(indices.data()));
  }
};

TEST(ValidateQuestion, accepts_the_answer_and_nothing_else) {
  Answer answer;
  const Question question(answer.check);
  answer.solve(question);
  EXPECT_EQ(answer.verdict(question), "");
  Answer swapped = answer;
  std::swap(swapped.indices[0], swapped.indices[1]);
  std::swap(swapped.values[0], swapped.values[1]);
  EXPECT_THAT(swapped.verdict(question), HasSubstr("a stable sort has"));
  Answer value = answer;
  value.values[2] ^= 1;
  EXPECT_THAT(value.verdict(question), HasSubstr("row 0, place 2: its value is not the bits of x"));
  Answer outside = answer;
  outside.indices[1] = 40;
  EXPECT_EQ(outside.verdict(question), "row 0, place 1: index 40");
  Answer repeated = answer;
  repeated.indices[1] = repeated.indices[0], repeated.values[1] = repeated.values[0];
  EXPECT_NE(repeated.verdict(question), "");
}

TEST(ValidateQuestion, leaves_the_order_open_where_the_check_does_and_still_wants_the_set) {
  Answer answer;
  answer.solve(Question(answer.check));
  answer.check.order = Order::any;
  const Question question(answer.check);
  std::swap(answer.indices[0], answer.indices[2]);
  std::swap(answer.values[0], answer.values[2]);
  EXPECT_EQ(answer.verdict(question), "");
  answer.indices[0] = answer.indices[1], answer.values[0] = answer.values[1];
  EXPECT_NE(answer.verdict(question), "");
}

TEST(ValidateQuestion, has_every_type_and_input_and_options_that_differ) {
  const std::vector<Check> all = checks(1, 1);
  std::set<DType> types;
  std::set<std::string_view> inputs;
  std::set<int> options;
  for (const Check& c : all) {
    types.insert(c.dtype);
    inputs.insert(c.distribution);
    options.insert((c.largest ? 1 : 0) + (c.nan == Nan::last ? 2 : 0) + 4 * static_cast<int>(c.order) +
                   (c.ragged ? 16 : 0) + (c.index_type == IndexType::i32 ? 32 : 0));
    EXPECT_LE(c.k, c.cols);
  }
  EXPECT_EQ(types.size(), static_cast<std::size_t>(kDTypes));
  EXPECT_EQ(inputs.size(), bench::distributions().size());
  EXPECT_EQ(options.size(), 48U);
  EXPECT_LT(checks(1, 0.1).size(), all.size() / 5);
}

// In a list this small everybody is right; that somebody who is not is found is what the tests above say.
TEST(ValidateContestants, of_the_cpu_give_the_answer) {
  const std::unique_ptr<Side> side = cpu_side();
  const std::vector<Contestant> all = contestants(kDLCPU);
  EXPECT_GE(all.size(), 6U);
  EXPECT_EQ(all[0].name(), "the plan's choice");
  int right = 0;
  for (const Check& check : checks(7, 0.004)) {
    const Question question(check);
    side->put(question);
    for (const Contestant& who : all) {
      const Reply reply = side->ask(who, 1);
      EXPECT_NE(reply.outcome, Outcome::wrong) << who.name() << " " << to_string(check) << ": " << reply.complaint;
      right += reply.outcome == Outcome::right ? 1 : 0;
    }
  }
  EXPECT_GT(right, 20);
  const Question two({.cols = 9, .k = 2});
  side->put(two);
  EXPECT_EQ(side->ask({.algorithm = "argmax", .isa = "scalar"}, 1).outcome, Outcome::declined);
  EXPECT_EQ(side->ask({.algorithm = "none"}, 1).outcome, Outcome::wrong);
}

}  // namespace
}  // namespace topkit::cli::validate
