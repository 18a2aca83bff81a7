// Every engine on every named distribution: the inputs that break one method of selection or another.
#include "distributions.hpp"

#include "support/all_types.hpp"
#include "support/trial.hpp"

namespace topkit::test {
namespace {

class Distributions : public ForEveryType {};
INSTANTIATE_TEST_SUITE_P(AllTypes, Distributions, every_type(), type_name);

struct Size {
  std::int64_t rows, cols, k;
};

void check(DType dtype, Size size, Order order) {
  for (const bench::Distribution& distribution : bench::distributions()) {
    for (const bool largest : {true, false}) {
      for (const Nan nan : {Nan::largest, Nan::last}) {
        Request request{.dtype = dtype, .rows = size.rows, .cols = size.cols, .k = size.k};
        request.largest = largest, request.nan = nan, request.order = order;
        request.distribution = distribution.name;
        if (nan == Nan::last && info(dtype).kind != NumberKind::floating) continue;
        ASSERT_TRUE(all_engines_match(request));
      }
    }
  }
}

TEST_P(Distributions, of_rows_in_registers) { check(dtype(), {4, 200, 8}, Order::value); }
TEST_P(Distributions, of_rows_in_the_first_cache) { check(dtype(), {3, 1024, 32}, Order::value); }
TEST_P(Distributions, of_rows_in_the_first_cache_in_any_order) { check(dtype(), {3, 1021, 60}, Order::any); }
TEST_P(Distributions, of_long_rows) { check(dtype(), {1, 12345, 100}, Order::value); }
TEST_P(Distributions, of_long_rows_with_many_winners) { check(dtype(), {1, 9000, 1500}, Order::index); }

// Longer than one block of any engine, so that what one block leaves behind bounds the next.
TEST_P(Distributions, of_rows_of_many_blocks) {
  for (const char* distribution : {"adjacent", "ascending", "few_distinct", "narrow", "late_next_key"}) {
    Request request{.dtype = dtype(), .rows = 1, .cols = 200000, .k = 3000};
    request.distribution = distribution;
    ASSERT_TRUE(all_engines_match(request));
  }
}

TEST_P(Distributions, of_winners_that_a_sample_sees_too_often) {
  for (const std::int64_t k : {20, 32, 40}) {
    Request request{.dtype = dtype(), .rows = 40, .cols = 9000, .k = k, .nan = Nan::last};
    request.distribution = "cluster_among_nan";
    ASSERT_TRUE(all_engines_match(request));
  }
}

}  // namespace
}  // namespace topkit::test
