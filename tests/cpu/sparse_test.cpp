// Long rows with few winners: a sample's bound, one pass that lists chunks, and what follows when the sample misled.
#include "distributions.hpp"
#include "support/all_types.hpp"
#include "support/trial.hpp"

namespace topkit::test {
namespace {

class Sparse : public ForEveryType {};
INSTANTIATE_TEST_SUITE_P(AllTypes, Sparse, every_type(), type_name);

void check(Request request) {
  for (const bench::Distribution& distribution : bench::distributions()) {
    request.distribution = distribution.name;
    ASSERT_TRUE(all_engines_match(request));
  }
}

TEST_P(Sparse, rows_of_every_distribution_are_selected_from) {
  check({.dtype = dtype(), .rows = 2, .cols = 17003, .k = 7});
  check({.dtype = dtype(), .rows = 1, .cols = 17003, .k = 5, .nan = Nan::last, .order = Order::index});
}

TEST_P(Sparse, the_smallest_are_selected_too) {
  check({.dtype = dtype(), .rows = 1, .cols = 17003, .k = 7, .largest = false});
  check({.dtype = dtype(), .rows = 1, .cols = 17003, .k = 7, .largest = false, .nan = Nan::last});
}

TEST_P(Sparse, a_row_of_several_sections_is_listed_in_order) {
  for (const char* distribution :
       {"normal", "ascending", "few_distinct", "narrow", "all_equal", "winners_in_one_lane", "nan_hotspots"})
    for (const std::int64_t k : {2, 40, 100}) {
      Request request{.dtype = dtype(), .rows = 1, .cols = 65536 * 3 + 1234, .k = k};
      request.distribution = distribution;
      ASSERT_TRUE(all_engines_match(request));
    }
}

TEST_P(Sparse, rows_whose_sample_misleads_are_selected_from) {
  for (const char* distribution :
       {"winners_in_one_tile", "strided_spikes", "strided_dips", "late_next_key", "cluster_among_nan"})
    for (const std::int64_t cols : {8192, 40000}) {
      Request request{.dtype = dtype(), .rows = 3, .cols = cols, .k = 12};
      request.distribution = distribution;
      ASSERT_TRUE(all_engines_match(request));
    }
}

}  // namespace
}  // namespace topkit::test
