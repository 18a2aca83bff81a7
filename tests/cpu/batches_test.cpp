// Many rows in one call: what an engine learns from one row must not show in the next.
#include "support/all_types.hpp"
#include "support/trial.hpp"

namespace topkit::test {
namespace {

class Batches : public ForEveryType {};
INSTANTIATE_TEST_SUITE_P(AllTypes, Batches, every_type(), type_name);

TEST_P(Batches, of_rows_unlike_the_row_before) {
  for (const char* distribution : {"normal", "levels", "lone_nan_rows", "nan_hotspots", "few_distinct", "rank_one"}) {
    for (const auto& [cols, k] : {std::pair{100, 3}, {256, 8}, {1000, 32}}) {
      for (const bool largest : {true, false}) {
        Request request{.dtype = dtype(), .rows = 64, .cols = cols, .k = k, .largest = largest};
        request.nan = largest ? Nan::last : Nan::largest;
        request.distribution = distribution;
        ASSERT_TRUE(all_engines_match(request));
      }
    }
  }
}

TEST_P(Batches, of_rows_with_k_and_length_of_their_own) {
  for (const auto& [cols, k] : {std::pair{256, 8}, {1000, 32}}) {
    Request request{.dtype = dtype(), .rows = 150, .cols = cols, .k = k, .lengths = true, .row_k = true};
    request.distribution = "levels";
    ASSERT_TRUE(all_engines_match(request));
  }
}

}  // namespace
}  // namespace topkit::test
