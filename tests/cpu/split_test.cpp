// Large parts of long rows: in order of value by buckets, in any order in one pass.
#include <vector>

#include "distributions.hpp"
#include "support/all_types.hpp"
#include "support/trial.hpp"

namespace topkit::test {
namespace {

class Split : public ForEveryType {};
INSTANTIATE_TEST_SUITE_P(AllTypes, Split, every_type(), type_name);

const Engine kSplitEngine{.algorithm = "split", .isa = ""};

// Every distribution by one of the requests, which take turns from type to type: the oracle sorts each row whole.
void check_in_turn(const std::vector<Request>& requests) {
  auto turn = static_cast<std::size_t>(requests.front().dtype);
  for (const bench::Distribution& distribution : bench::distributions()) {
    Request request = requests[turn++ % requests.size()];
    request.distribution = distribution.name;
    ASSERT_TRUE(Trial(request).matches_oracle(kSplitEngine)) << distribution.name;
  }
}

TEST_P(Split, half_of_a_long_row_is_put_in_order) {
  check_in_turn({{.dtype = dtype(), .rows = 1, .cols = 70001, .k = 35000},
                 {.dtype = dtype(), .rows = 1, .cols = 70001, .k = 20000, .largest = false, .nan = Nan::last}});
}

TEST_P(Split, parts_of_a_long_row_are_given_in_any_order) {
  check_in_turn({{.dtype = dtype(), .rows = 1, .cols = 70001, .k = 100, .order = Order::any},
                 {.dtype = dtype(), .rows = 1, .cols = 70001, .k = 35000, .order = Order::any},
                 {.dtype = dtype(), .rows = 1, .cols = 70001, .k = 69990, .order = Order::any},
                 {.dtype = dtype(), .rows = 1, .cols = 70001, .k = 70001, .order = Order::any},
                 {.dtype = dtype(),
                  .rows = 1,
                  .cols = 70001,
                  .k = 9999,
                  .largest = false,
                  .nan = Nan::last,
                  .order = Order::any}});
}

}  // namespace
}  // namespace topkit::test
