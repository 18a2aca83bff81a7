// Large parts of long rows: in order of value by buckets, in any order in one pass.
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

TEST_P(Split, parts_of_a_long_row_are_given_in_any_order) {
  for (const std::int64_t k : {100, 35000, 69990, 70001})
    check_parts({.dtype = dtype(), .rows = 1, .cols = 70001, .k = k, .order = Order::any});
  check_parts(
      {.dtype = dtype(), .rows = 1, .cols = 70001, .k = 9999, .largest = false, .nan = Nan::last, .order = Order::any});
}

}  // namespace
}  // namespace topkit::test
