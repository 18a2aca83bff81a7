// Large parts of long rows: in order of value by buckets, in any order in one pass.
#include <array>

#include "distributions.hpp"
#include "support/all_types.hpp"
#include "support/trial.hpp"

namespace topkit::test {
namespace {

class Split : public ForEveryType {};
INSTANTIATE_TEST_SUITE_P(AllTypes, Split, every_type(), type_name);

const Engine kSplitEngine{.algorithm = "split", .isa = ""};

void check_parts(Request request) {
  for (const bench::Distribution& distribution : bench::distributions()) {
    request.distribution = distribution.name;
    ASSERT_TRUE(Trial(request).matches_oracle(kSplitEngine)) << distribution.name;
  }
}

TEST_P(Split, half_of_a_long_row_is_put_in_order) {
  check_parts({.dtype = dtype(), .rows = 1, .cols = 70001, .k = 35000});
  check_parts({.dtype = dtype(), .rows = 1, .cols = 70001, .k = 20000, .largest = false, .nan = Nan::last});
}

// A distribution has one of four k in one type and another in the next: the oracle sorts each row whole.
TEST_P(Split, parts_of_a_long_row_are_given_in_any_order) {
  constexpr std::array<std::int64_t, 4> kCounts{100, 35000, 69990, 70001};
  auto turn = static_cast<std::size_t>(dtype());
  for (const bench::Distribution& distribution : bench::distributions()) {
    const Request request{.dtype = dtype(),
                          .rows = 1,
                          .cols = 70001,
                          .k = kCounts[turn++ % kCounts.size()],
                          .order = Order::any,
                          .distribution = distribution.name};
    ASSERT_TRUE(Trial(request).matches_oracle(kSplitEngine)) << distribution.name << " k " << request.k;
  }
  check_parts(
      {.dtype = dtype(), .rows = 1, .cols = 70001, .k = 9999, .largest = false, .nan = Nan::last, .order = Order::any});
}

}  // namespace
}  // namespace topkit::test
